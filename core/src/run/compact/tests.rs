//! Compact training gives the bits of the trainer that keeps everything, in the memory its plan
//! says.

extern crate std;

mod bits;
mod layout;
mod refused;

use super::*;
use crate::plan::tests::{MNIST, RGB, networks};
use crate::testing::values;
use crate::{GroupMemory, Network, Plan, Sgd, Trainer};
use std::vec;
use std::vec::Vec;

/// A run of training on values and labels that a seed gives.
struct Run {
    plan: Plan,
    images: Vec<f32>,
    labels: Vec<u16>,
    parameters: Vec<f32>,
}

impl Run {
    fn new(network: &Network, samples: usize, seed: u32) -> Self {
        let plan = Plan::of(network);
        let elements = plan.input_shape().elements();
        let images = values(samples * elements, seed).iter().map(small).collect();
        let labels = (0..samples).map(|sample| ((sample * 7 + 3) % plan.classes()) as u16);
        let mut state = seed;
        let mut parameters = vec![0.0; plan.parameters()];
        crate::he_uniform(network, &mut parameters, || {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            state.rotate_left(13)
        })
        .unwrap();
        // Zeros of both signs among the weights: an update must keep the sign of those it leaves.
        for (index, value) in parameters.iter_mut().enumerate() {
            match index % 11 {
                3 => *value = -0.0,
                7 => *value = 0.0,
                _ => {}
            }
        }
        Self {
            labels: labels.collect(),
            plan,
            images,
            parameters,
        }
    }

    fn image(&self, sample: usize) -> &[f32] {
        let elements = self.plan.input_shape().elements();
        &self.images[sample * elements..][..elements]
    }

    /// What the trainer that keeps everything makes of the parameters, in batches; after each, the
    /// frozen tensors are restored. Also the losses.
    fn reference(&self, trainable: &CompactPlan, batch: usize, sgd: &Sgd) -> (Vec<f32>, Vec<f64>) {
        let plan = &self.plan;
        let mut parameters = self.parameters.clone();
        let mut velocity = vec![0.0; plan.parameters()];
        let mut losses = vec![];
        let elements = plan.input_shape().elements();
        for (labels, images) in
            (self.labels.chunks(batch)).zip(self.images.chunks(batch * elements))
        {
            let mut trainer = Trainer {
                plan,
                parameters: &mut parameters,
                gradient: &mut vec![0.0; plan.parameters()],
                velocity: &mut velocity,
                memory: GroupMemory {
                    packets: &mut vec![0.0_f32; plan.training_packets()],
                    winners: &mut vec![0; plan.winner_bytes()],
                    values: &mut vec![0.0; plan.group_values()],
                },
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

/// Small enough that a few steps stay finite, zeros of both signs kept.
fn small(value: &f32) -> f32 {
    value.clamp(-2.0, 2.0)
}

/// Memory of a plan, filled with NaN where anything may be, with the parameters of a run.
struct Memory {
    frozen: Vec<f32>,
    trained: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    arena: Vec<f32>,
    winners: Vec<u8>,
}

impl Memory {
    fn new(plan: &CompactPlan, parameters: &[f32]) -> Self {
        let mut trained = vec![f32::NAN; plan.trained_values()];
        plan.extract(parameters, &mut trained).unwrap();
        Self {
            frozen: parameters[..plan.frozen_values()].to_vec(),
            trained,
            gradient: vec![f32::NAN; plan.gradient_values()],
            velocity: vec![0.0; plan.velocity_values()],
            arena: vec![f32::NAN; plan.arena_values()],
            winners: vec![99; plan.winner_bytes()],
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
    let networks = networks().into_iter();
    networks.filter(|(_, network)| network.parameters() > 0)
}

/// Every way of choosing that a network allows: all, from each layer on, biases alone, each layer
/// alone, its biases alone, all but it.
fn choices(plan: &Plan) -> Vec<Trainable> {
    let steps = plan.steps().iter();
    let layers: Vec<usize> = steps
        .filter(|step| step.parameters.len > 0)
        .map(|step| step.layer)
        .collect();
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
    choices
}
