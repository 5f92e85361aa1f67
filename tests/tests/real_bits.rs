//! Training on real digits gives the same bits with every number of threads and every lane width.

use host::augmentation::{Augmentation, EpochAugmenter};
use host::data::{self, Options, Places, Samples};
use host::engine::{Engine, EngineOptions};
use kiln_core::{LaneWidth, Loss, Network, Scaling, Sgd, he_uniform};

const BATCH: usize = 50;
const STEPS: usize = 8;

/// The digits embedded in the program, whatever this machine has besides.
fn digits() -> data::Dataset {
    let nowhere = Places {
        data: None,
        cache: None,
        mirrors: None,
        patience: Default::default(),
    };
    let options = Options {
        offline: true,
        ..Options::default()
    };
    data::load_from("mnist", &options, &nowhere).unwrap()
}

fn network() -> Network {
    Network::input(1, 28, 28)
        .conv2d(8, 3)
        .relu()
        .max_pool2d(2)
        .conv2d(16, 3)
        .relu()
        .max_pool2d(2)
        .linear(128)
        .relu()
        .linear(10)
}

fn first_parameters(network: &Network) -> Vec<f32> {
    let mut parameters = vec![0.0; network.parameters()];
    let mut state = 1_u32;
    let draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    he_uniform(network, &mut parameters, draw).unwrap();
    parameters
}

/// What a run leaves, as bits: parameters, the test samples' logits, and the sum of their losses.
#[derive(PartialEq)]
struct Bits {
    parameters: Vec<u32>,
    logits: Vec<u32>,
    losses: u64,
}

/// Batches that are no multiple of a group, spread over all classes, then an evaluation.
fn run(
    [train, test]: [&Samples; 2],
    augmenter: Option<&EpochAugmenter>,
    threads: usize,
    lanes: LaneWidth,
) -> (Bits, f64) {
    let network = network();
    let options = EngineOptions {
        threads,
        lanes: Some(lanes),
        batch: BATCH,
        loss: Loss::CROSS_ENTROPY,
        seed: 1,
        ..EngineOptions::default()
    };
    let scaling = Scaling::uniform(1, 1.0 / 255.0, -0.1).unwrap();
    let start = first_parameters(&network);
    let mut engine = Engine::new(&network, &scaling, start, &options).unwrap();
    let sgd = Sgd {
        rate: 0.05,
        momentum: 0.9,
        weight_decay: 5e-4,
        nesterov: false,
    };
    let order: Vec<u32> = (0..train.len() as u32)
        .map(|index| index * 1_237 % train.len() as u32)
        .collect();
    let all: Vec<u32> = (0..test.len() as u32).collect();
    let mut logits = vec![0.0; test.len() * 10];
    for batch in order.chunks(BATCH).take(STEPS) {
        engine
            .step_augmented(train, batch, augmenter, &sgd)
            .unwrap();
    }
    let outcome = engine.evaluate(test, &all, Some(&mut logits)).unwrap();
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect();
    let left = Bits {
        parameters: bits(engine.parameters()),
        logits: bits(&logits),
        losses: outcome.loss_sum.to_bits(),
    };
    (left, outcome.correct as f64 / outcome.samples as f64)
}

#[test]
fn real_digits_give_the_same_bits_everywhere() {
    let digits = digits();
    assert!(digits.source.contains("embedded"), "{}", digits.source);
    let test = digits.test.unwrap();
    let sets = [&digits.train, &test];
    let (expected, accuracy) = run(sets, None, 1, LaneWidth::X1);
    assert!(accuracy > 0.4, "nothing was learnt: {accuracy}");
    for lanes in LaneWidth::ALL {
        if !lanes.is_available() {
            eprintln!("skipped {lanes:?}: this processor lacks it");
            continue;
        }
        for threads in [1, 2, 3] {
            let (found, _) = run(sets, None, threads, lanes);
            let what = format!("{threads} threads, {lanes:?}");
            assert!(
                found.parameters == expected.parameters,
                "parameters, {what}"
            );
            assert!(found.logits == expected.logits, "logits, {what}");
            assert!(found.losses == expected.losses, "losses, {what}");
        }
    }
}

/// A copy of every sample as the augmenter makes it.
fn augmented(samples: &Samples, augmenter: &EpochAugmenter) -> Samples {
    let images = samples.bytes().unwrap();
    let mut pixels = images.pixels().to_vec();
    let copies = pixels.chunks_exact_mut(samples.shape.size());
    for (index, to) in copies.enumerate() {
        augmenter.apply(index as u32, images.image(index), samples.shape, to);
    }
    Samples::of_bytes(pixels, samples.labels.clone(), samples.shape)
}

#[test]
fn augmenting_on_the_way_is_training_on_augmented_copies() {
    let digits = digits();
    let test = digits.test.unwrap();
    let augmentation = Augmentation {
        flip: true,
        shift: 3,
        rotate: 15.0,
        erase: 0.5,
    };
    let augmenter = augmentation.with_seed(1).unwrap().epoch(2);
    let copies = augmented(&digits.train, &augmenter);
    assert!(copies != digits.train);
    let (expected, _) = run([&copies, &test], None, 1, LaneWidth::X1);
    for lanes in LaneWidth::ALL
        .into_iter()
        .filter(|lanes| lanes.is_available())
    {
        for threads in [1, 3] {
            let (found, _) = run([&digits.train, &test], Some(&augmenter), threads, lanes);
            assert!(found == expected, "{threads} threads, {lanes:?}");
        }
    }
}
