//! What C can do wrong is refused with a status, and what is written down for C is what runs.

use crate::interface::{
    ForeignClassifier, ForeignKernel, ForeignModel, kiln_check, kiln_classify, kiln_error_text,
    kiln_init, kiln_outputs, kiln_version,
};
use crate::runner;
use crate::status::Status;
use kiln_core::{Network, Program, Purpose, Scaling, SingleKernel, StoredFloat};
use std::ffi::CStr;
use std::ptr;

pub(super) const NETWORK: Network = Network::input(1, 6, 6)
    .conv2d(4, 3)
    .relu()
    .max_pool2d(2)
    .linear(3);

/// A model with the memory that it needs.
struct Parts {
    words: Vec<u32>,
    kernels: Vec<Option<&'static ForeignKernel>>,
    memory: Vec<u32>,
}

impl Parts {
    fn new() -> Self {
        let program: Program = Program::of(&NETWORK, Purpose::Inference);
        let parameters: Vec<f32> = (0..NETWORK.parameters())
            .map(|index| index as f32 / 50.0 - 0.7)
            .collect();
        let stored = StoredFloat {
            program: &program,
            scaling: &Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap(),
            parameters: &parameters,
        };
        let mut words = vec![0; stored.words().unwrap()];
        stored.write(&mut words).unwrap();
        let kernel = |name| {
            let kernel = ForeignKernel::Float(SingleKernel::named(name));
            Some(&*Box::leak(Box::new(kernel)))
        };
        Self {
            words,
            kernels: program.kernel_names().map(kernel).collect(),
            memory: vec![0; program.arena_packets()],
        }
    }

    fn model(&self) -> ForeignModel {
        ForeignModel {
            words: self.words.as_ptr(),
            word_count: self.words.len(),
            kernels: self.kernels.as_ptr(),
            kernel_count: self.kernels.len(),
            runner: &runner::FLOAT,
        }
    }

    fn init(&mut self, model: &ForeignModel, classifier: &mut ForeignClassifier) -> Status {
        let bytes = 4 * self.memory.len();
        // SAFETY: all pointers are to what their types say.
        unsafe { kiln_init(classifier, model, self.memory.as_mut_ptr(), bytes) }
    }
}

pub(super) fn fresh() -> ForeignClassifier {
    ForeignClassifier {
        model: ptr::null(),
        memory: ptr::null_mut(),
        memory_words: 0,
        first_output: 0,
        output_count: 0,
    }
}

pub(super) fn classify(classifier: &mut ForeignClassifier, image: &[u8]) -> (Status, usize) {
    let mut class = usize::MAX;
    // SAFETY: all pointers are to what their types say.
    let status = unsafe { kiln_classify(classifier, image.as_ptr(), image.len(), &mut class) };
    (status, class)
}

pub(super) fn outputs(classifier: &ForeignClassifier, count: usize) -> (Status, Vec<f32>) {
    let mut outputs = vec![f32::NAN; count];
    // SAFETY: all pointers are to what their types say.
    let status = unsafe { kiln_outputs(classifier, outputs.as_mut_ptr(), count) };
    (status, outputs)
}

#[test]
fn an_image_is_classified_as_by_the_program() {
    let mut parts = Parts::new();
    let (model, mut classifier) = (parts.model(), fresh());
    assert_eq!(parts.init(&model, &mut classifier), Status::Ok);
    assert_eq!(outputs(&classifier, 3).0, Status::NoOutputs);
    let image: Vec<u8> = (0..36).map(|index| index * 7).collect();
    let (status, class) = classify(&mut classifier, &image);
    assert_eq!(status, Status::Ok);
    let (status, found) = outputs(&classifier, 3);
    assert_eq!(status, Status::Ok);
    let program: Program = Program::of(&NETWORK, Purpose::Inference);
    let parameters: Vec<f32> = (0..NETWORK.parameters())
        .map(|index| index as f32 / 50.0 - 0.7)
        .collect();
    let mut arena = vec![0.0; program.arena_packets()];
    let scaling = Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap();
    let fill = |input: &mut [f32]| kiln_core::pack_pixels(&scaling, &[&image], input);
    let expected = program.infer(&parameters, &mut arena, fill).unwrap();
    assert_eq!(found, expected);
    assert_eq!(class, kiln_core::reference::loss::highest_class(expected));
}

#[test]
fn pointers_and_lengths_are_looked_at() {
    let mut parts = Parts::new();
    let (model, mut classifier) = (parts.model(), fresh());
    let (memory, bytes) = (parts.memory.as_mut_ptr(), 4 * parts.memory.len());
    let odd = memory.cast::<u8>().wrapping_add(1).cast();
    // SAFETY: pointers that are not null nor misaligned are to what their types say.
    let statuses = unsafe {
        [
            kiln_init(ptr::null_mut(), &model, memory, bytes),
            kiln_init(&mut classifier, ptr::null(), memory, bytes),
            kiln_init(&mut classifier, &model, ptr::null_mut(), bytes),
            kiln_init(&mut classifier, &model, odd, bytes),
            kiln_init(&mut classifier, &model, memory, bytes - 1),
            kiln_check(ptr::null()),
            kiln_check(&model),
        ]
    };
    let expected = [
        Status::Null,
        Status::Null,
        Status::Null,
        Status::Misaligned,
        Status::Memory,
        Status::Null,
        Status::Ok,
    ];
    assert_eq!(statuses, expected);
    assert_eq!(classify(&mut classifier, &[0; 36]).0, Status::NotReady);
    assert_eq!(outputs(&classifier, 3).0, Status::NotReady);
    assert_eq!(parts.init(&model, &mut classifier), Status::Ok);
    for len in [0, 35, 37] {
        assert_eq!(
            classify(&mut classifier, &vec![0; len]).0,
            Status::ImageLength
        );
        assert_eq!(outputs(&classifier, 3).0, Status::NoOutputs);
    }
    // SAFETY: a null image is looked at first.
    let status = unsafe { kiln_classify(&mut classifier, ptr::null(), 36, &mut 0) };
    assert_eq!(status, Status::Null);
    assert_eq!(classify(&mut classifier, &[0; 36]).0, Status::Ok);
    assert_eq!(outputs(&classifier, 4).0, Status::OutputLength);
    assert_eq!(outputs(&classifier, 3).0, Status::Ok);
}

#[test]
fn a_model_that_is_not_as_it_was_written_is_refused() {
    let refused = |change: &dyn Fn(&mut Parts, &mut ForeignModel)| {
        let (mut own, mut classifier) = (Parts::new(), fresh());
        let mut model = own.model();
        change(&mut own, &mut model);
        own.init(&model, &mut classifier)
    };
    assert_eq!(refused(&|_, _| ()), Status::Ok);
    assert_eq!(refused(&|own, _| own.words[60] ^= 4), Status::Damaged);
    assert_eq!(refused(&|own, _| own.words[0] += 1), Status::NoModel);
    assert_eq!(refused(&|own, _| own.words[1] = 2), Status::Version);
    assert_eq!(
        refused(&|_, model| model.word_count -= 1),
        Status::ModelLength
    );
    assert_eq!(
        refused(&|_, model| model.kernel_count -= 1),
        Status::Kernels
    );
    assert_eq!(refused(&|_, model| model.kernel_count = 0), Status::Kernels);
    assert_eq!(refused(&|own, _| own.kernels[0] = None), Status::Kernels);
    assert_eq!(
        refused(&|_, model| model.runner = &runner::INT8),
        Status::Kernels
    );
    assert_eq!(
        refused(&|_, model| model.runner = ptr::null()),
        Status::Null
    );
    assert_eq!(refused(&|_, model| model.words = ptr::null()), Status::Null);
}

#[test]
fn every_status_has_a_text_and_no_other_number() {
    let text = |status: i32| kiln_error_text(status);
    for status in 0..=Status::SavedOfAnother as i32 {
        // SAFETY: a text that ends, and is there for good.
        let text = unsafe { CStr::from_ptr(text(status)) };
        assert!(!text.to_str().unwrap().is_empty());
        assert_eq!(
            Status::of_number(status).map(|own| own as i32),
            Some(status)
        );
    }
    assert!(text(-1).is_null() && text(Status::SavedOfAnother as i32 + 1).is_null());
    assert_eq!(kiln_version(), crate::interface::KILN_VERSION);
}
