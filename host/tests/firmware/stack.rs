//! A stack that is too short: the device says so, or gives the right answer, but never a wrong one.

use super::support::{Served, bits, boards, firmware, run, serve_content, thorough};
use host::boards::{BOARDS, WORKING_BYTES};
use host::data::{ImageShape, Samples};
use host::engine::{Engine, EngineOptions};
use host::firmware::{Content, TrainingMemory};
use host::link::{LinkError, LinkSession, from_socket};
use host::weights::ModelBytes;
use kiln_core::link::{Example, Start, Training};
use kiln_core::{
    ModelParts, ModelTask, Network, Program, Purpose, SamplesParts, Scaling, Sgd, Trainable,
    he_uniform,
};
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;
use std::time::Duration;

/// Steps with short outputs: a long plan beside a short arena.
const DEPTH: usize = 30;
/// More than a step of a program takes on the device.
const STEP_BYTES: usize = 256;
const EXTENT: usize = 16;
const RATE: f32 = 0.01;
/// What the device says before it ends.
const OVERFLOWED: &str = "error: the stack overflowed its ";
const TRAINING: Training = Training {
    trainable: Trainable::ALL,
    start: Start::Model,
    batch: 1,
    sgd: Sgd::new(RATE),
};

/// A deep network, as wide at its end as the board has room for: its training leaves the stack no
/// more than what is kept for it.
fn network() -> Network {
    let deep = |outputs| {
        let start = Network::input(1, EXTENT as u32, EXTENT as u32);
        let layers = (0..DEPTH).fold(start, |network, _| network.conv2d(4, 1).relu());
        layers.linear(outputs).linear(3)
    };
    let fits = |outputs: &u16| {
        let mode = TrainingMemory::default().mode();
        let program: Program = Program::of(&deep(*outputs), Purpose::Compact(mode));
        // The programs of the training under way and of one that is asked for lie beside it.
        let programs = 2 * program.steps().len() * STEP_BYTES;
        program.compact_bytes() + programs + WORKING_BYTES <= BOARDS[0].ram
    };
    deep((1..).take_while(fits).last().unwrap())
}

/// The network's model file with drawn parameters, and a samples file without a sample.
fn files(network: &Network) -> (ModelBytes, Vec<u8>) {
    let mut source = Xoshiro128PlusPlus::seed_from_u64(1);
    let mut parameters = vec![0.0; network.parameters()];
    he_uniform(network, &mut parameters, || source.next_u32()).unwrap();
    let model = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network,
        scaling: &Scaling::new(&[1.0 / 255.0], &[0.0]).unwrap(),
        class_names: &[],
        notes: "",
        parameters: &parameters,
    });
    let parts = SamplesParts {
        shape: network.input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut samples = vec![0; parts.encoded_len().unwrap()];
    parts.write(&mut samples).unwrap();
    (model.unwrap(), samples)
}

#[test]
fn a_training_too_deep_for_the_stack_is_never_silently_wrong() {
    if !thorough() {
        return;
    }
    let (model, samples) = files(&network());
    let content = Content {
        model: model.as_slice(),
        samples: &samples,
    };
    let Some(served) = serve_content(BOARDS[0], content, TrainingMemory::default()) else {
        return;
    };
    let stream = from_socket(served.port.try_clone().unwrap()).unwrap();
    let mut session = LinkSession::new(stream, Duration::from_secs(20));
    let before = session.usage().unwrap();
    assert!((before.stack as usize) < WORKING_BYTES, "{before:?}");
    match session.configure(TRAINING) {
        Ok(_) => assert!(trained(&mut session) == expected(&model)),
        Err(LinkError::Overflowed { available }) => {
            assert!(available > before.stack, "{available} bytes");
            // It stays so: nothing more is done or believed.
            for error in [
                session.infer(&[0; EXTENT * EXTENT]).unwrap_err(),
                session.usage().unwrap_err(),
                session.store().unwrap_err(),
            ] {
                assert!(matches!(error, LinkError::Overflowed { .. }), "{error}");
            }
        }
        // It ran out of the RAM, and said so before it ended.
        Err(LinkError::Closed) => said_so(served),
        Err(error) => panic!("{error}"),
    }
}

fn said_so(served: Served) {
    let log = served.last_log();
    assert!(
        log.iter().any(|line| line.starts_with(OVERFLOWED)),
        "{log:?}"
    );
}

/// By frames of a few bytes, and by those that leap over the stack's guard.
#[test]
fn an_overflow_is_told_by_every_processor_and_ends_the_program() {
    for board in boards().iter().filter(|board| board.emulated.is_some()) {
        for program in ["overflow", "overflow_leaping"] {
            let Some(firmware) = firmware(*board, program) else {
                return;
            };
            let (log, status) = run(firmware.path(), *board);
            assert_eq!(status.code(), Some(1), "{}: {log:?}", board.name);
            assert_eq!(log.len(), 2, "{}: {log:?}", board.name);
            assert!(log[1].starts_with(OVERFLOWED), "{}: {log:?}", board.name);
        }
    }
}

fn image() -> Vec<u8> {
    (0..EXTENT * EXTENT)
        .map(|at| (at * 7 % 251) as u8)
        .collect()
}

/// The parameters' bits after a step on the device.
fn trained(session: &mut LinkSession) -> Vec<u32> {
    let example = Example {
        image: &image(),
        label: 1,
        place: 0,
        batch: 1,
        rate: RATE,
    };
    session.train(example).unwrap();
    let count = network().parameters();
    bits(&session.parameters(count).unwrap())
}

/// The same after the step on the desktop.
fn expected(model: &ModelBytes) -> Vec<u32> {
    let model = model.open().unwrap();
    let shape = ImageShape {
        channels: 1,
        height: EXTENT,
        width: EXTENT,
    };
    let samples = Samples::of_bytes(image(), vec![1], shape);
    let options = EngineOptions {
        threads: 1,
        lanes: None,
        batch: 1,
        trainable: Trainable::ALL,
        ..EngineOptions::default()
    };
    let first = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), first, &options).unwrap();
    engine.step(&samples, &[0], &Sgd::new(RATE)).unwrap();
    bits(engine.parameters())
}
