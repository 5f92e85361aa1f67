//! The same bits as the trainer that keeps everything.

use super::*;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use proptest::prelude::*;
use std::format;

const PLAIN: Sgd = Sgd::new(0.05);
const DECAYING: Sgd = Sgd {
    weight_decay: 0.01,
    ..PLAIN
};
const NESTEROV: Sgd = Sgd {
    momentum: 0.9,
    nesterov: true,
    ..DECAYING
};

/// Slow enough for most networks that are drawn.
const SLOW: Sgd = Sgd {
    rate: 0.005,
    ..NESTEROV
};

/// Whether the run stays finite; what does not is ended, not trained on.
fn is_steady(run: &Run, trainable: Trainable, batch: usize, sgd: &Sgd) -> bool {
    let program = run.compact(CompactMode::in_place(trainable));
    let (parameters, losses) = run.reference(&program, batch, sgd);
    let losses = losses.iter().all(|loss| loss.is_finite());
    losses && parameters.iter().all(|value| value.is_finite())
}

/// Most networks that are drawn are trained to the end.
#[test]
fn random_networks_are_mostly_steady() {
    let steady = (0..64).filter(|seed| {
        let run = Run::new(&random_network(*seed, false), 7, *seed);
        is_steady(&run, Trainable::ALL, 1, &DECAYING) && is_steady(&run, Trainable::ALL, 5, &SLOW)
    });
    assert!(steady.count() > 48);
}

fn assert_equal(name: &str, found: &CompactTrainer<'_>, expected: &[f32]) {
    let found: Vec<f32> = found.tensors().flatten().copied().collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(expected.is_finite(), "{name}: a run that proves nothing");
        assert_eq!(
            found.to_bits(),
            expected.to_bits(),
            "{name}: parameter {index} is {found}, not {expected}"
        );
    }
}

fn in_place(name: &str, run: &Run, trainable: Trainable, sgd: &Sgd) {
    let program = run.compact(CompactMode::in_place(trainable));
    let (expected, losses) = run.reference(&program, 1, sgd);
    let mut memory = Memory::new(&program, &run.parameters);
    let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
    for (sample, loss) in losses.iter().enumerate() {
        let fill = |input: &mut [f32]| input.copy_from_slice(run.image(sample));
        let outcome = trainer.step(run.labels[sample], sgd, fill).unwrap();
        assert_eq!(outcome.loss_sum, *loss, "{name}, sample {sample}");
    }
    assert!(trainer.all_finite(), "{name}");
    assert_equal(
        &format!("{name}, {trainable:?}, {sgd:?}"),
        &trainer,
        &expected,
    );
}

fn in_batches(name: &str, run: &Run, trainable: Trainable, batch: usize, sgd: &Sgd) {
    let mode = CompactMode::mini_batch(trainable, sgd.momentum != 0.0);
    let program = run.compact(mode);
    let (expected, losses) = run.reference(&program, batch, sgd);
    let mut memory = Memory::new(&program, &run.parameters);
    let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
    for (index, loss) in losses.iter().enumerate() {
        let samples = index * batch..run.labels.len().min((index + 1) * batch);
        trainer.begin_batch(samples.len()).unwrap();
        let mut outcome = crate::Outcome::default();
        for sample in samples {
            let fill = |input: &mut [f32]| input.copy_from_slice(run.image(sample));
            outcome += trainer.accumulate(run.labels[sample], fill).unwrap();
        }
        trainer.finish_batch(sgd).unwrap();
        assert_eq!(outcome.loss_sum, *loss, "{name}, batch {index}");
    }
    assert_equal(
        &format!("{name}, {trainable:?}, {sgd:?}"),
        &trainer,
        &expected,
    );
}

#[test]
fn updates_in_place_are_those_of_batches_of_one() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 6, 5);
        for trainable in choices(&network) {
            in_place(name, &run, trainable, &PLAIN);
            in_place(name, &run, trainable, &DECAYING);
        }
    }
}

#[test]
fn batches_are_those_of_the_trainer() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 19, 6);
        for trainable in choices(&network) {
            in_batches(name, &run, trainable, 16, &NESTEROV);
        }
        in_batches(name, &run, Trainable::ALL, 5, &DECAYING);
        in_batches(name, &run, Trainable::ALL, 1, &PLAIN);
    }
}

#[test]
fn inference_is_the_programs_and_disturbs_no_batch() {
    for (name, network) in trainable_networks() {
        let run = Run::new(&network, 2, 8);
        let mode = CompactMode::mini_batch(Trainable::ALL, false);
        let program = run.compact(mode);
        let mut memory = Memory::new(&program, &run.parameters);
        let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
        trainer.begin_batch(2).unwrap();
        for sample in 0..2 {
            let fill = |input: &mut [f32]| input.copy_from_slice(run.image(sample));
            trainer.accumulate(run.labels[sample], fill).unwrap();
            let inference = super::program(&network, Purpose::Inference);
            let mut arena = vec![f32::NAN; inference.arena_packets()];
            let fill = |input: &mut [f32]| input.copy_from_slice(run.image(0));
            let logits = inference.infer(&run.parameters, &mut arena, fill).unwrap();
            let found = trainer.infer(|input| input.copy_from_slice(run.image(0)));
            assert_eq!(found, logits, "{name}");
        }
        trainer.finish_batch(&PLAIN).unwrap();
        let (expected, _) = run.reference(&program, 2, &PLAIN);
        assert_equal(name, &trainer, &expected);
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_networks_train_alike(seed in any::<u32>()) {
        let network = random_network(seed, false);
        let run = Run::new(&network, 7, seed);
        let choices = choices(&network);
        let some = choices[seed as usize % choices.len()];
        for trainable in [Trainable::ALL, some] {
            if is_steady(&run, trainable, 1, &DECAYING) {
                in_place("random", &run, trainable, &DECAYING);
            }
            if is_steady(&run, trainable, 5, &SLOW) {
                in_batches("random", &run, trainable, 5, &SLOW);
            }
        }
    }
}
