//! Compact training gives the bits of the trainer that keeps everything, in the memory its program
//! says.

extern crate std;

mod bits;
mod layout;
mod linked;
mod refused;

use super::*;
use crate::program::tests::{GROUPS, MNIST, RGB, graphs, networks, program};
use crate::testing::{first_parameters, samples};
use crate::{CompactMode, GroupMemory, Network, Program, Purpose, Sgd, Trainable, Trainer};
use std::vec;
use std::vec::Vec;

/// A run of training on values and labels that a seed gives.
struct Run {
    network: Network,
    /// Of the trainer that keeps everything.
    program: Program,
    images: Vec<f32>,
    labels: Vec<u16>,
    parameters: Vec<f32>,
}

impl Run {
    fn new(network: &Network, count: usize, seed: u32) -> Self {
        let (images, labels) = samples(network, count, seed);
        Self {
            network: network.clone(),
            program: program(network, GROUPS),
            images,
            labels,
            parameters: first_parameters(network, seed),
        }
    }

    /// The program of compact training.
    fn compact(&self, mode: CompactMode) -> Program {
        program(&self.network, Purpose::Compact(mode))
    }

    fn image(&self, sample: usize) -> &[f32] {
        let elements = self.program.input_shape().elements();
        &self.images[sample * elements..][..elements]
    }

    /// What the trainer that keeps everything makes of the parameters, in batches; after each, the
    /// frozen tensors are restored. Also the losses.
    fn reference(&self, trainable: &Program, batch: usize, sgd: &Sgd) -> (Vec<f32>, Vec<f64>) {
        let program = &self.program;
        let mut parameters = self.parameters.clone();
        let mut velocity = vec![0.0; program.parameters()];
        let mut losses = vec![];
        let elements = program.input_shape().elements();
        for (labels, images) in
            (self.labels.chunks(batch)).zip(self.images.chunks(batch * elements))
        {
            let mut trainer = Trainer {
                program,
                parameters: &mut parameters,
                gradient: &mut vec![0.0; program.parameters()],
                velocity: &mut velocity,
                moments: &mut [],
                statistics: &mut [],
                groups: &mut [GroupMemory {
                    packets: &mut vec![0.0_f32; program.arena_packets()],
                    winners: &mut vec![0; program.winner_bytes()],
                    values: &mut vec![0.0; program.group_values()],
                }],
                seed: 1,
                steps: 0,
            };
            losses.push(trainer.step(images, labels, sgd).unwrap().loss_sum);
            let mut trained = vec![0.0; trainable.trained_values()];
            trainable.extract(&parameters, &mut trained).unwrap();
            parameters.copy_from_slice(&self.parameters);
            trainable.insert(&trained, &mut parameters).unwrap();
        }
        (parameters, losses)
    }
}

/// Memory of a program, filled with NaN where anything may be, with the parameters of a run.
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

/// The networks that have something to train.
fn trainable_networks() -> impl Iterator<Item = (&'static str, Network)> {
    let networks = networks().into_iter().chain(graphs());
    networks.filter(|(_, network)| network.parameters() > 0)
}

/// Every way of choosing that a network allows: all, from each layer on, biases alone, each layer
/// alone, its biases alone, all but it.
fn choices(network: &Network) -> Vec<Trainable> {
    let layers = 0..network.layers().len();
    let layers = layers.filter(|index| network.layer_cost(*index).parameters > 0);
    let layers: Vec<usize> = layers.map(|index| index + 1).collect();
    let mut choices = vec![];
    for layer in &layers {
        let from = Trainable::from_layer(*layer);
        choices.extend([from, from.biases_only(), from.biases_only().layer(*layer)]);
        choices.extend([
            Trainable::NONE.layer(*layer),
            Trainable::NONE.biases(*layer),
        ]);
        if layers.len() > 1 {
            choices.push(Trainable::ALL.freeze(*layer));
        }
    }
    choices.extend([Trainable::ALL, Trainable::ALL.biases_only()]);
    let compact = |trainable| Purpose::Compact(CompactMode::in_place(trainable));
    // Without biases there is no training them alone.
    choices.retain(|choice| Program::<192>::try_of(network, compact(*choice)).is_ok());
    choices
}
