//! A training by its own kernels gives the bits of one that has all of them.

use super::*;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::{LinkedTraining, Outcome};
use proptest::prelude::*;

const PLAIN: Sgd = Sgd::new(0.02);
const MOMENTUM: Sgd = Sgd {
    momentum: 0.9,
    ..PLAIN
};

/// Takes the steps of a run, in place or as a batch, and gives what was learned and the losses.
fn learned<K: kernels::StepKernels>(
    mut trainer: CompactTrainer<'_, 192, K>,
    run: &Run,
    mode: CompactMode,
) -> (Vec<u32>, Vec<Result<Outcome, CompactError>>) {
    let fill = |sample: usize| move |input: &mut [f32]| input.copy_from_slice(run.image(sample));
    let samples = 0..run.labels.len();
    let outcomes = if mode == CompactMode::in_place(mode.trainable) {
        let step = |sample: usize| trainer.step(run.labels[sample], &PLAIN, fill(sample));
        samples.map(step).collect()
    } else {
        trainer.begin_batch(samples.len()).unwrap();
        let add = |sample: usize| trainer.accumulate(run.labels[sample], fill(sample));
        let outcomes: Vec<_> = samples.map(add).collect();
        // Refused where a loss was not finite, in both alike.
        let _ = trainer.finish_batch(&MOMENTUM);
        outcomes
    };
    let logits = trainer.infer(fill(0)).to_vec();
    let parameters = trainer.trained().iter().chain(&logits);
    (parameters.map(|value| value.to_bits()).collect(), outcomes)
}

fn check(run: &Run, trainable: Trainable) {
    for mode in [
        CompactMode::in_place(trainable),
        CompactMode::mini_batch(trainable, true),
    ] {
        let linked = LinkedTraining::<192>::of(&run.network, mode);
        let program = run.compact(mode);
        let [mut own, mut all] = [0, 1].map(|_| Memory::new(&program, &run.parameters));
        let found = CompactTrainer::linked(&linked, own.compact()).unwrap();
        let expected = CompactTrainer::new(&program, all.compact()).unwrap();
        let [found, expected] = [learned(found, run, mode), learned(expected, run, mode)];
        assert_eq!(found, expected, "{}, {trainable:?}", run.network);
    }
}

#[test]
fn known_networks_learn_the_same_whatever_of_them_learns() {
    for (_, network) in trainable_networks() {
        let run = Run::new(&network, 3, 5);
        for trainable in choices(&network) {
            check(&run, trainable);
        }
    }
}

#[test]
fn a_memory_of_another_length_is_refused() {
    let mode = CompactMode::in_place(Trainable::ALL);
    let linked = LinkedTraining::<192>::of(&MNIST, mode);
    let mut memory = Memory::new(linked.program(), &first_parameters(&MNIST, 1));
    memory.arena.pop();
    assert!(CompactTrainer::linked(&linked, memory.compact()).is_err());
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_networks_learn_the_same(seed in any::<u32>()) {
        let network = random_network(seed, false);
        if network.parameters() > 0 {
            check(&Run::new(&network, 3, seed), Trainable::ALL);
        }
    }
}
