//! Models of the repository in the crate's types, on this machine: they give what core gives.

use kiln::core::{
    CompactMemory, CompactMode, CompactTrainer, Int8ModelFile, ModelFile, ModelParts, Network,
    NetworkCut, Program, Purpose, SamplesFile, Scaling, Trainable, pack_pixels,
};
use kiln::{
    CameraFrame, DeviceError, KeepError, PixelFormat, RuntimeClassifier, RuntimeError,
    RuntimeInt8Classifier, Sgd,
};
use std::sync::LazyLock;
use storage::simulation::SimulatedFlash;

kiln::model!("../assets/digits.kiln", train = last(1));
kiln::model!(
    "../assets/digits-int8.kiln",
    train = last(2),
    momentum,
    ram = 640K
);

mod whole {
    kiln::model!("../assets/digits.kiln" as digits, train = all, batch);
}

const SAMPLES: &[u8] = include_bytes!("../../assets/digits.samples");

/// A file where a model opens in place.
#[repr(align(16))]
struct Aligned<T: ?Sized>(T);

static FLOAT: &Aligned<[u8]> = &Aligned(*include_bytes!("../../assets/digits.kiln"));
static INT8: &Aligned<[u8]> = &Aligned(*include_bytes!("../../assets/digits-int8.kiln"));

/// Pages of 4 KiB, words of 4 bytes.
type Flash<'a> = SimulatedFlash<&'a mut [u8], [u32; 0], 4, 4096>;

fn flash(memory: &mut [u8]) -> Flash<'_> {
    Flash::new(memory, [])
}

fn images() -> Vec<(u16, &'static [u8])> {
    let samples = SamplesFile::open(SAMPLES).unwrap();
    samples.samples().step_by(7).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// What core gives for an image.
fn logits(model: &ModelFile<'_>, image: &[u8]) -> Vec<f32> {
    let program: Program = Program::of(model.network(), Purpose::Inference);
    let mut arena = vec![0.0_f32; program.arena_packets()];
    let fill = |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
    let logits = program.infer(model.parameters(), &mut arena, fill);
    logits.unwrap().to_vec()
}

#[test]
fn a_classifier_gives_the_logits_and_probabilities_of_the_model() {
    let model = ModelFile::open(&FLOAT.0).unwrap();
    let mut classifier = digits::Classifier::new();
    assert_eq!(classifier.verify(), Ok(()));
    for (label, image) in images() {
        let answer = classifier.classify(image).unwrap();
        let expected = logits(&model, image);
        assert_eq!(bits(answer.logits()), bits(&expected));
        let best = (0..10)
            .rev()
            .max_by(|a, b| expected[*a].total_cmp(&expected[*b]));
        assert_eq!(Some(answer.class), best);
        assert_eq!(
            answer.name(),
            model.class_names().nth(answer.class).unwrap()
        );
        let mut shares = expected;
        kiln::core::reference::loss::softmax(&mut shares);
        let found: Vec<f32> = (0..10).map(|class| answer.probability_of(class)).collect();
        assert_eq!(bits(&found), bits(&shares), "of a {label}");
        assert_eq!(answer.probability_of(10), 0.0);
        // As floats the same image has the same bits.
        let floats: Vec<f32> = image.iter().map(|pixel| f32::from(*pixel)).collect();
        let answer = classifier.classify_values(&floats).unwrap();
        assert_eq!(bits(answer.logits()), bits(&logits(&model, image)));
    }
    let short = classifier.classify(&[0; 783]);
    let (needed, given) = (784, 783);
    assert_eq!(short.err(), Some(DeviceError::Input { needed, given }));
}

#[test]
fn a_classifier_of_integers_gives_the_codes_of_the_model() {
    let model = Int8ModelFile::open(&INT8.0).unwrap();
    let quantized = model.quantized();
    let program: Program = Program::of(model.network(), Purpose::Int8(quantized.rule()));
    let mut arena = vec![0; program.arena_packets()];
    let mut classifier = digits_int8::Classifier::new();
    assert_eq!(classifier.verify(), Ok(()));
    for (_, image) in images() {
        let floats: Vec<f32> = image.iter().map(|pixel| f32::from(*pixel)).collect();
        let fill = |codes: &mut [i8]| {
            for (code, value) in codes.iter_mut().zip(&floats) {
                let number = model.scaling().apply_value(0, *value).unwrap();
                *code = quantized.values()[0].code(number);
            }
        };
        let expected = program.infer_int8(&quantized, &mut arena, fill).unwrap();
        let answer = classifier.classify(image).unwrap();
        assert_eq!(answer.codes(), expected);
        let sum: f32 = (0..10).map(|class| answer.probability_of(class)).sum();
        assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        assert_eq!(
            classifier.classify_values(&floats).unwrap().codes(),
            expected
        );
    }
}

#[test]
fn a_model_of_integers_is_opened_in_flash_with_room_for_its_weights_or_without() {
    let mut known = digits_int8::Classifier::new();
    let working = digits_int8::Classifier::BYTES / 4;
    for (words, is_arranged) in [(working, false), (40_000, true)] {
        let mut arena = vec![0; words];
        let mut classifier = RuntimeInt8Classifier::<8>::new(&mut arena);
        let (_, image) = images()[0];
        assert_eq!(classifier.classify(image).err(), Some(DeviceError::NoModel));
        classifier.open(&INT8.0).unwrap();
        assert_eq!(classifier.is_arranged(), is_arranged);
        assert_eq!(classifier.inputs(), 784);
        for (_, image) in images() {
            let expected = known.classify(image).unwrap().codes().to_vec();
            assert_eq!(classifier.classify(image).unwrap().codes(), expected);
            let floats: Vec<f32> = image.iter().map(|pixel| f32::from(*pixel)).collect();
            let answer = classifier.classify_values(&floats).unwrap();
            assert_eq!(answer.codes(), expected);
            let class = answer.class;
            assert_eq!(
                classifier.name(class),
                Some(digits_int8::CLASS_NAMES[class])
            );
        }
        // What is refused leaves no model behind.
        const LENGTH: usize = include_bytes!("../../assets/digits-int8.kiln").len();
        static DAMAGED: LazyLock<Aligned<[u8; LENGTH]>> = LazyLock::new(|| {
            let mut damaged = Aligned(*include_bytes!("../../assets/digits-int8.kiln"));
            damaged.0[5000] ^= 1;
            damaged
        });
        let damaged = &*DAMAGED;
        assert!(matches!(
            classifier.open(&damaged.0),
            Err(RuntimeError::Model(_))
        ));
        assert!(matches!(
            classifier.open(&FLOAT.0),
            Err(RuntimeError::Model(_))
        ));
        assert_eq!(classifier.classify(image).err(), Some(DeviceError::NoModel));
    }
    let mut arena = vec![0; working - 1];
    let refused = RuntimeInt8Classifier::<8>::new(&mut arena).open(&INT8.0);
    let (needed, room) = (working, working - 1);
    assert_eq!(refused, Err(RuntimeError::Arena { needed, room }));
}

#[test]
fn a_cameras_picture_is_classified() {
    let (_, image) = images()[0];
    let frame = CameraFrame::new(image, 28, 28, PixelFormat::Grey).unwrap();
    let mut pixels = [0; digits::INPUTS];
    frame.write(digits::INPUT_SHAPE, &mut pixels).unwrap();
    assert_eq!(pixels, image);
    // Four pixels for each, of the same colour.
    let large: Vec<u8> = (0..56 * 56)
        .flat_map(|at| [image[at / 56 / 2 * 28 + at % 56 / 2]; 3])
        .collect();
    let frame = CameraFrame::new(&large, 56, 56, PixelFormat::Rgb888).unwrap();
    frame.write(digits_int8::INPUT_SHAPE, &mut pixels).unwrap();
    let class = digits::Classifier::new().classify(image).unwrap().class;
    let answer = digits_int8::Classifier::new()
        .classify(&pixels)
        .unwrap()
        .class;
    assert_eq!(answer, class);
}

/// What core learns of the images, by the training that the module was made for, and the last logits.
fn learned(network: &Network, mode: CompactMode, model: &ModelFile<'_>) -> (Vec<f32>, Vec<f32>) {
    let program: Program = Program::of(network, Purpose::Compact(mode));
    let mut trained = vec![0.0; program.trained_values()];
    program.extract(model.parameters(), &mut trained).unwrap();
    let memory = CompactMemory {
        frozen: &model.parameters()[..program.frozen_values()],
        trained: &mut trained,
        gradient: &mut vec![0.0; program.gradient_values()],
        velocity: &mut vec![0.0; program.velocity_values()],
        arena: &mut vec![0.0; program.arena_packets()],
        winners: &mut vec![0; program.winner_bytes()],
    };
    let mut trainer = CompactTrainer::new(&program, memory).unwrap();
    let fill = |image| move |input: &mut [f32]| pack_pixels(model.scaling(), &[image], input);
    let images = images();
    if program.gradient_values() == 0 {
        for (label, image) in &images {
            trainer.step(*label, &Sgd::new(0.05), fill(*image)).unwrap();
        }
    } else {
        for batch in images.chunks(6) {
            trainer.begin_batch(batch.len()).unwrap();
            for (label, image) in batch {
                trainer.accumulate(*label, fill(*image)).unwrap();
            }
            trainer.finish_batch(&Sgd::new(0.05)).unwrap();
        }
    }
    let last = trainer.infer(fill(images[0].1)).to_vec();
    (trainer.trained().to_vec(), last)
}

#[test]
fn trainers_learn_what_core_learns_and_forget_it() {
    let model = ModelFile::open(&FLOAT.0).unwrap();
    let sgd = Sgd::new(0.05);
    let last = CompactMode::in_place(Trainable::from_layer(model.network().layers().len()));
    let mut own = Box::new(digits::Trainer::new());
    let start = own.trained_mut().unwrap().to_vec();
    for (label, image) in images() {
        own.learn(image, label, &sgd).unwrap();
    }
    let (trained, logits) = learned(model.network(), last, &model);
    assert_eq!(bits(own.trained_mut().unwrap()), bits(&trained));
    assert_eq!(
        bits(own.classify(images()[0].1).unwrap().logits()),
        bits(&logits)
    );
    own.reset().unwrap();
    assert_eq!(bits(own.trained_mut().unwrap()), bits(&start));

    let all = CompactMode::mini_batch(Trainable::ALL, false);
    let mut own = Box::new(whole::digits::Trainer::new());
    for batch in images().chunks(6) {
        own.learn_batch(batch.iter().copied(), &sgd).unwrap();
    }
    let (trained, _) = learned(model.network(), all, &model);
    assert_eq!(bits(own.trained_mut().unwrap()), bits(&trained));
    let none: [(u16, &[u8]); 0] = [];
    let refused = own.learn_batch(none.into_iter(), &sgd);
    assert_eq!(
        refused.err(),
        Some(DeviceError::Batch { most: 16, given: 0 })
    );
}

#[test]
fn what_cannot_be_learned_changes_nothing() {
    let mut own = Box::new(digits::Trainer::new());
    let start = bits(own.trained_mut().unwrap());
    let (_, image) = images()[0];
    let label = own.learn(image, 10, &Sgd::new(0.1));
    assert!(matches!(label, Err(DeviceError::Buffer(_))), "{label:?}");
    let rate = own.learn(image, 1, &Sgd::new(0.0));
    assert_eq!(rate.err(), Some(DeviceError::Optimizer("learning rate")));
    let values = own.learn_values(&[f32::INFINITY; 784], 1, &Sgd::new(0.1));
    assert_eq!(values.err(), Some(DeviceError::NotFinite));
    assert!(own.learn(&image[1..], 1, &Sgd::new(0.1)).is_err());
    assert_eq!(bits(own.trained_mut().unwrap()), start);
}

#[test]
fn the_last_layers_of_integers_learn_behind_their_trunk() {
    let model = Int8ModelFile::open(&INT8.0).unwrap();
    let quantized = model.quantized();
    let layers = model.network().layers().len();
    let learns = |layer: &usize| model.network().layer_cost(*layer).parameters > 0;
    let last = (1..layers).rfind(learns).unwrap();
    let cut = NetworkCut::before(model.network(), last + 1).unwrap();
    assert_eq!(cut.head.layers().len(), 1);
    let mut own = Box::new(digits_int8::Trainer::new());
    let mut seen = vec![];
    let sgd = Sgd {
        momentum: 0.5,
        ..Sgd::new(0.01)
    };
    for _ in 0..3 {
        let outcome = own
            .learn_batch(images().into_iter().take(16), &sgd)
            .unwrap();
        seen.push(outcome.loss_sum);
    }
    assert!(seen[2] < seen[0], "{seen:?}");
    // Two layers learn, from what the integers stand for.
    let mut fresh = Box::new(digits_int8::Trainer::new());
    let trained = fresh.trained_mut().unwrap();
    let last = cut.head.parameters();
    assert!(trained.len() > last);
    let mut expected = vec![0.0; last];
    cut.head_of(&quantized).dequantize(&mut expected).unwrap();
    assert_eq!(bits(&trained[trained.len() - last..]), bits(&expected));
}

#[test]
fn what_was_learned_is_saved_and_loaded_and_no_other_s_is() {
    let mut memory = vec![0xFF; 128 * 4096];
    let mut own = Box::new(digits::Trainer::new());
    assert_eq!(own.load(flash(&mut memory)).err(), Some(KeepError::Nothing));
    for (label, image) in images() {
        own.learn(image, label, &Sgd::new(0.05)).unwrap();
    }
    let trained = bits(own.trained_mut().unwrap());
    let number = own.save(flash(&mut memory)).unwrap();
    let mut other = Box::new(digits::Trainer::new());
    assert_ne!(bits(other.trained_mut().unwrap()), trained);
    assert_eq!(other.load(flash(&mut memory)), Ok(number));
    assert_eq!(bits(other.trained_mut().unwrap()), trained);
    let mut another = Box::new(digits_int8::Trainer::new());
    let refused = another.load(flash(&mut memory));
    assert!(matches!(refused, Err(KeepError::Load(_))), "{refused:?}");
    other.trained_mut().unwrap()[0] = f32::NAN;
    assert_eq!(other.save(flash(&mut memory)), Err(KeepError::NotFinite));
    let small = other.load(flash(&mut memory[..4096]));
    assert!(matches!(small, Err(KeepError::Layout(_))), "{small:?}");
}

#[test]
fn a_model_is_opened_while_the_firmware_runs() {
    let model = ModelFile::open(&FLOAT.0).unwrap();
    let mut arena = [0.0; 4096];
    let mut own = RuntimeClassifier::<8>::new(&mut arena);
    let (_, image) = images()[0];
    assert_eq!(own.classify(image).err(), Some(DeviceError::NoModel));
    assert_eq!(own.inputs(), 0);
    own.open(&FLOAT.0).unwrap();
    assert_eq!(own.inputs(), 784);
    for (_, image) in images() {
        let found = own.classify(image).unwrap();
        let class = found.class;
        assert_eq!(bits(found.logits()), bits(&logits(&model, image)));
        assert_eq!(own.name(class), model.class_names().nth(class));
    }
    let newer = [&FLOAT.0[..4], &[9], &FLOAT.0[5..]].concat();
    let refused = own.open(&newer).unwrap_err().to_string();
    let words =
        "the model file has format 9, which this firmware does not read; update the firmware first";
    assert_eq!(refused, words);
    assert_eq!(own.classify(image).err(), Some(DeviceError::NoModel));
    let mut arena = [0.0; 4096];
    let needed = RuntimeClassifier::<8>::new(&mut arena[..100]).open(&FLOAT.0);
    assert!(
        matches!(needed, Err(RuntimeError::Arena { room: 100, .. })),
        "{needed:?}"
    );
    let steps = RuntimeClassifier::<2>::new(&mut arena).open(&FLOAT.0);
    assert!(matches!(steps, Err(RuntimeError::Program(_))), "{steps:?}");
}

#[test]
fn one_scaling_may_serve_many_channels() {
    let network = Network::input(20, 2, 1).linear(2);
    let parameters: Vec<f32> = (0..network.parameters()).map(|i| i as f32 / 50.0).collect();
    let scaling = Scaling::uniform(20, 0.5, -1.0).unwrap();
    let parts = ModelParts {
        network: &network,
        task: kiln::core::ModelTask::Classification,
        scaling: &scaling,
        class_names: &["no", "yes"],
        notes: "",
        parameters: &parameters,
    };
    let mut memory = vec![0_u32; parts.encoded_len().unwrap().div_ceil(4)];
    let mut bytes = vec![0; parts.encoded_len().unwrap()];
    parts.write(&mut bytes).unwrap();
    for (word, bytes) in memory.iter_mut().zip(bytes.chunks(4)) {
        let mut own = [0; 4];
        own[..bytes.len()].copy_from_slice(bytes);
        *word = u32::from_le_bytes(own);
    }
    let aligned = kiln::core::bytes_of_codes(kiln::core::codes_in_words(&mut memory));
    let aligned = &aligned[..bytes.len()];
    let model = ModelFile::open(aligned).unwrap();
    let image: Vec<u8> = (0..40).collect();
    let mut arena = [0.0; 256];
    let mut own = RuntimeClassifier::<1>::new(&mut arena);
    own.open(aligned).unwrap();
    assert_eq!(
        bits(own.classify(&image).unwrap().logits()),
        bits(&logits(&model, &image))
    );
}
