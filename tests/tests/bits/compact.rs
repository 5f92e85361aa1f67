//! Training one sample at a time, in the least memory, gives the bits of the naive walk; frozen
//! tensors are as if they were restored after each step.

use super::{Samples, bits, networks};
use kiln_core::{
    CompactMemory, CompactMode, CompactTrainer, Loss, Network, Program, Purpose, Sgd, Trainable,
};
use proptest::prelude::*;
use tests::reference::Training;
use tests::values::rough;

const PLAIN: Sgd = Sgd {
    weight_decay: 0.01,
    ..Sgd::new(0.05)
};
const MOMENTUM: Sgd = Sgd {
    momentum: 0.9,
    nesterov: true,
    ..PLAIN
};

/// Memory of a program, filled with NaN where anything may be.
struct Memory {
    frozen: Vec<f32>,
    trained: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    arena: Vec<f32>,
    winners: Vec<u8>,
}

impl Memory {
    fn new(program: &Program, parameters: &[f32]) -> Self {
        let mut trained = vec![f32::NAN; program.trained_values()];
        program.extract(parameters, &mut trained).unwrap();
        Self {
            frozen: parameters[..program.frozen_values()].to_vec(),
            trained,
            gradient: vec![f32::NAN; program.gradient_values()],
            velocity: vec![0.0; program.velocity_values()],
            arena: vec![f32::NAN; program.arena_packets()],
            winners: vec![99; program.winner_bytes()],
        }
    }

    fn compact(&mut self) -> CompactMemory<'_> {
        CompactMemory {
            frozen: &self.frozen,
            trained: &mut self.trained,
            gradient: &mut self.gradient,
            velocity: &mut self.velocity,
            arena: &mut self.arena,
            winners: &mut self.winners,
        }
    }
}

/// Trains the same samples both ways, in batches of `batch`, and compares losses and parameters.
fn check(network: &Network, mode: CompactMode, [count, batch]: [usize; 2], sgd: &Sgd, seed: u64) {
    // Small, so that a few steps stay finite.
    let scaled = |value: &f32| value * 0.25;
    let parameters: Vec<f32> = rough(network.parameters(), seed)
        .iter()
        .map(scaled)
        .collect();
    let samples = Samples::of(network, count, seed + 1);
    let program = Program::of(network, Purpose::Compact(mode));
    let mut memory = Memory::new(&program, &parameters);
    let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
    let mut naive = Training::new(network, Loss::CROSS_ENTROPY, &parameters, &[]);
    let elements = network.input_shape().elements();
    let images = samples.images.chunks(batch * elements);
    for (images, labels) in images.zip(samples.labels.chunks(batch)) {
        let losses = naive.step(images, labels, sgd).losses;
        if losses.iter().any(|loss| !loss.is_finite()) {
            // Compact training ends here, and says so.
            return;
        }
        restore(&program, &mut naive.parameters, &parameters);
        let mut found = vec![];
        let samples = images.chunks_exact(elements).zip(labels);
        if mode == CompactMode::in_place(mode.trainable) {
            for (image, label) in samples {
                let step = trainer.step(*label, sgd, |input| input.copy_from_slice(image));
                found.push(step.unwrap().loss_sum);
            }
        } else {
            trainer.begin_batch(labels.len()).unwrap();
            for (image, label) in samples {
                let step = trainer.accumulate(*label, |input| input.copy_from_slice(image));
                found.push(step.unwrap().loss_sum);
            }
            trainer.finish_batch(sgd).unwrap();
        }
        let expected: Vec<f64> = losses.iter().map(|loss| f64::from(*loss)).collect();
        assert_eq!(found, expected, "losses, {mode:?}, {network}");
    }
    let found: Vec<f32> = trainer.tensors().flatten().copied().collect();
    let expected = &naive.parameters;
    assert_eq!(bits(&found), bits(expected), "{mode:?}, {network}");
}

/// Gives the tensors that are not trained their first values again.
fn restore(program: &Program, parameters: &mut [f32], first: &[f32]) {
    let mut trained = vec![0.0; program.trained_values()];
    program.extract(parameters, &mut trained).unwrap();
    parameters.copy_from_slice(first);
    program.insert(&trained, parameters).unwrap();
}

/// What is trained: all, from some node with parameters on, its biases alone, or all but it.
fn choose(network: &Network, choice: [usize; 2]) -> Trainable {
    let nodes = 1..=network.layers().len();
    let trained = |node: &usize| network.layer_cost(*node - 1).parameters > 0;
    let nodes: Vec<usize> = nodes.filter(trained).collect();
    let node = nodes[choice[1] % nodes.len()];
    match choice[0] % 5 {
        0 => Trainable::ALL.biases_only(),
        1 => Trainable::from_layer(node),
        2 => Trainable::NONE.layer(node),
        // With one node alone nothing would be left.
        3 if nodes.len() > 1 => Trainable::ALL.freeze(node),
        _ => Trainable::ALL,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn compact_training_equals_the_reference(
        network in networks::network(0),
        choice: [usize; 2],
        batch in 1..17_usize,
        seed: u32,
    ) {
        let trainable = choose(&network, choice);
        let seed = seed.into();
        check(&network, CompactMode::in_place(trainable), [4, 1], &PLAIN, seed);
        let mode = CompactMode::mini_batch(trainable, true);
        check(&network, mode, [batch + 3, batch], &MOMENTUM, seed);
    }
}
