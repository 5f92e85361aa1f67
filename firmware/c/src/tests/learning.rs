//! What is learned through the interface is what the trainer learns, and what was saved comes back.

use super::misuse::{NETWORK, classify, fresh, outputs};
use crate::interface::{ForeignClassifier, ForeignKernel, ForeignModel, kiln_check, kiln_init};
use crate::learner;
use crate::learning::{kiln_load, kiln_save, kiln_train_step};
use crate::runner;
use crate::status::Status;
use kiln_core::{
    CompactMemory, CompactMode, CompactTrainer, Program, Purpose, Scaling, Sgd,
    SingleGradientKernel, SingleKernel, StoredLearner, Trainable, pack_pixels,
};
use std::ptr;

const RATE: f32 = 0.05;
const DECAY: f32 = 0.01;
const LAST: Trainable = Trainable::from_layer(4);

/// A model that learns, with its memory.
struct LearningParts {
    words: Vec<u32>,
    kernels: Vec<Option<&'static ForeignKernel>>,
    memory: Vec<u32>,
    saved: Vec<u8>,
}

fn program(trainable: Trainable) -> Program {
    Program::of(&NETWORK, Purpose::Compact(CompactMode::in_place(trainable)))
}

fn scaling() -> Scaling {
    Scaling::uniform(1, 1.0 / 255.0, 0.0).unwrap()
}

fn parameters() -> Vec<f32> {
    (0..NETWORK.parameters())
        .map(|index| (index * 7 % 50) as f32 / 50.0 - 0.5)
        .collect()
}

fn image(seed: u8) -> Vec<u8> {
    (0..36)
        .map(|index: u8| index.wrapping_mul(7).wrapping_add(seed))
        .collect()
}

impl LearningParts {
    fn new(trainable: Trainable, file_crc: u32) -> Self {
        let program = program(trainable);
        let stored = StoredLearner {
            program: &program,
            scaling: &scaling(),
            parameters: &parameters(),
            file_crc,
            trunk: &[],
        };
        let mut words = vec![0; stored.words().unwrap()];
        stored.write(&mut words).unwrap();
        let own = |kernel| &*Box::leak(Box::new(kernel));
        let forward = program.kernel_names();
        let forward =
            forward.map(|name| Some(own(ForeignKernel::Float(SingleKernel::named(name)))));
        let backward = program.gradient_kernel_names().map(|name| {
            Some(own(ForeignKernel::Gradient(SingleGradientKernel::named(
                name?,
            ))))
        });
        let winners = program.winner_bytes().div_ceil(4);
        Self {
            words,
            kernels: forward.chain(backward).collect(),
            memory: vec![7; program.trained_values() + program.arena_packets() + winners],
            saved: vec![0; storage::set_bytes(program.trained_values())],
        }
    }

    fn model(&self) -> ForeignModel {
        ForeignModel {
            words: self.words.as_ptr(),
            word_count: self.words.len(),
            kernels: self.kernels.as_ptr(),
            kernel_count: self.kernels.len(),
            runner: &learner::FLOAT,
        }
    }

    fn init(&mut self, model: &ForeignModel, classifier: &mut ForeignClassifier) -> Status {
        let bytes = 4 * self.memory.len();
        // SAFETY: all pointers are to what their types say.
        unsafe { kiln_init(classifier, model, self.memory.as_mut_ptr(), bytes) }
    }

    fn save(&mut self, classifier: &ForeignClassifier) -> Status {
        // SAFETY: all pointers are to what their types say.
        unsafe { kiln_save(classifier, self.saved.as_mut_ptr(), self.saved.len()) }
    }

    fn load(&self, classifier: &mut ForeignClassifier) -> Status {
        // SAFETY: all pointers are to what their types say.
        unsafe { kiln_load(classifier, self.saved.as_ptr(), self.saved.len()) }
    }
}

fn learn(classifier: &mut ForeignClassifier, image: &[u8], class: usize, rate: f32) -> Status {
    let (image, len) = (image.as_ptr(), image.len());
    // SAFETY: all pointers are to what their types say, or null where that may be.
    unsafe { kiln_train_step(classifier, image, len, class, rate, DECAY, ptr::null_mut()) }
}

/// The logits of the first image once the trainer has learned three.
fn expected(trainable: Trainable) -> Vec<f32> {
    let program = program(trainable);
    let mut trained = vec![0.0; program.trained_values()];
    program.extract(&parameters(), &mut trained).unwrap();
    let memory = CompactMemory {
        frozen: &parameters()[..program.frozen_values()],
        trained: &mut trained,
        gradient: &mut [],
        velocity: &mut [],
        arena: &mut vec![0.0; program.arena_packets()],
        winners: &mut vec![0; program.winner_bytes()],
    };
    let mut trainer = CompactTrainer::new(&program, memory).unwrap();
    let sgd = Sgd {
        weight_decay: DECAY,
        ..Sgd::new(RATE)
    };
    let fill = |seed, input: &mut [f32]| pack_pixels(&scaling(), &[&image(seed)], input);
    for seed in 0..3 {
        let step = trainer.step(seed.into(), &sgd, |input| fill(seed, input));
        assert!(step.unwrap().loss_sum > 0.0);
    }
    trainer.infer(|input| fill(0, input)).to_vec()
}

#[test]
fn what_is_learned_is_what_the_trainer_learns_and_comes_back() {
    for trainable in [LAST, Trainable::ALL] {
        let mut own = LearningParts::new(trainable, 5);
        let (model, mut classifier) = (own.model(), fresh());
        // SAFETY: a model.
        assert_eq!(unsafe { kiln_check(&model) }, Status::Ok);
        assert_eq!(own.init(&model, &mut classifier), Status::Ok);
        classify(&mut classifier, &image(0));
        let (_, before) = outputs(&classifier, 3);
        for seed in 0..3 {
            let status = learn(&mut classifier, &image(seed), seed.into(), RATE);
            assert_eq!(status, Status::Ok);
            assert_eq!(outputs(&classifier, 3).0, Status::NoOutputs);
        }
        classify(&mut classifier, &image(0));
        assert_eq!(outputs(&classifier, 3).1, expected(trainable));
        assert_eq!(own.save(&classifier), Status::Ok);
        assert_eq!(own.init(&model, &mut classifier), Status::Ok);
        classify(&mut classifier, &image(0));
        assert_eq!(outputs(&classifier, 3).1, before);
        assert_eq!(own.load(&mut classifier), Status::Ok);
        classify(&mut classifier, &image(0));
        assert_eq!(outputs(&classifier, 3).1, expected(trainable));
    }
}

#[test]
fn what_cannot_be_learned_is_refused_and_changes_nothing() {
    let mut own = LearningParts::new(LAST, 5);
    let (model, mut classifier) = (own.model(), fresh());
    assert_eq!(learn(&mut classifier, &image(0), 0, RATE), Status::NotReady);
    assert_eq!(own.init(&model, &mut classifier), Status::Ok);
    let before = own.memory.clone();
    let mut learn = |image: &[u8], class, rate| learn(&mut classifier, image, class, rate);
    assert_eq!(learn(&image(0)[1..], 0, RATE), Status::ImageLength);
    assert_eq!(learn(&image(0), 3, RATE), Status::ClassIndex);
    assert_eq!(learn(&image(0), usize::MAX, RATE), Status::ClassIndex);
    for rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert_eq!(learn(&image(0), 0, rate), Status::Rate);
    }
    let trained = program(LAST).trained_values();
    assert_eq!(own.memory[..trained], before[..trained]);
    let mut model = own.model();
    model.runner = &runner::FLOAT;
    assert_eq!(own.init(&model, &mut fresh()), Status::Kernels);
}

#[test]
fn what_was_saved_of_another_or_is_damaged_is_refused() {
    let mut own = LearningParts::new(LAST, 5);
    let (model, mut classifier) = (own.model(), fresh());
    assert_eq!(own.load(&mut classifier), Status::NotReady);
    assert_eq!(own.init(&model, &mut classifier), Status::Ok);
    assert_eq!(own.load(&mut classifier), Status::SavedDamaged);
    assert_eq!(own.save(&classifier), Status::Ok);
    let whole = own.saved.clone();
    own.saved[40] ^= 1;
    assert_eq!(own.load(&mut classifier), Status::SavedDamaged);
    own.saved = whole[..whole.len() - 1].to_vec();
    assert_eq!(own.load(&mut classifier), Status::SavedLength);
    assert_eq!(own.save(&classifier), Status::SavedLength);
    let mut other = LearningParts::new(LAST, 6);
    let (model, mut classifier) = (other.model(), fresh());
    assert_eq!(other.init(&model, &mut classifier), Status::Ok);
    other.saved = whole;
    assert_eq!(other.load(&mut classifier), Status::SavedOfAnother);
}
