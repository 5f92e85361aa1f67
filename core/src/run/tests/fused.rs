//! The fused arithmetic: the same at every width that has it, in the contract's own order, and not
//! the separate one.

extern crate std;

use super::Memory;
use crate::lanes::Lanes;
use crate::program::tests::{GROUPS, graphs, networks, normalised, program};
use crate::testing::{
    AtWidth, assert_bits, at_every_fused_width, first_parameters, lane, pack, samples, tensors,
    values,
};
use crate::{Network, Purpose, Sgd, Trainer, first_statistics};
use std::cell::RefCell;
use std::vec;
use std::vec::Vec;

/// More than a group, so that two groups' sums meet.
const SAMPLES: usize = 19;

/// Parameters and running statistics after some steps from the same start.
fn train<L: Lanes>(network: &Network, zero: L) -> Vec<f32> {
    let program = program(network, GROUPS);
    let mut memory = Memory::new(&program, 2, zero, f32::NAN);
    let mut parameters = first_parameters(network, 4);
    let mut statistics = vec![0.0; program.statistics()];
    first_statistics(network, &mut statistics).unwrap();
    let mut trainer = Trainer {
        program: &program,
        parameters: &mut parameters,
        gradient: &mut vec![0.0; program.parameters()],
        velocity: &mut [],
        moments: &mut vec![0.0; program.moment_values()],
        statistics: &mut statistics,
        groups: &mut memory.groups(),
        seed: 1,
        steps: 0,
    };
    for seed in 0..2 {
        let (images, labels) = samples(network, SAMPLES, seed);
        trainer.step(&images, &labels, &Sgd::new(0.01)).unwrap();
    }
    parameters.extend(statistics);
    parameters
}

/// Trains each network at every width and keeps what the first one came to.
struct Trainings(Vec<(&'static str, Network, RefCell<Vec<f32>>)>);

impl AtWidth for Trainings {
    fn run<L: Lanes>(&self, zero: L) {
        for (name, network, expected) in &self.0 {
            let found = train(network, zero);
            if expected.borrow().is_empty() {
                assert_ne!(found, train(network, 0.0_f32), "{name} is not fused");
                expected.replace(found);
            } else {
                assert_bits::<L>(name, &found, &expected.borrow());
            }
        }
    }
}

#[test]
fn fused_trainings_are_the_same_at_every_width() {
    let small =
        |(_, network): &(_, Network)| network.parameters() > 0 && network.cost().macs < 50_000;
    let all = networks().into_iter().chain(graphs()).chain(normalised());
    let all = all.filter(small);
    at_every_fused_width(&Trainings(
        all.map(|(name, network)| (name, network, RefCell::default()))
            .collect(),
    ));
}

struct Forward;

impl AtWidth for Forward {
    fn run<L: Lanes>(&self, zero: L) {
        let (channels, extent, filters) = (5, [7, 9], 6);
        let network = Network::input(5, 7, 9).conv2d(6, 3);
        let tensors = tensors::<L>(channels * extent[0] * extent[1], 11);
        let parameters = values(network.parameters(), 12);
        let found = infer(&network, zero, &parameters, &tensors);
        for (at, tensor) in tensors.iter().enumerate() {
            let expected = convolved(tensor, channels, extent, &parameters, filters);
            assert_bits::<L>("convolution", &lane(&found, at), &expected);
        }
    }
}

fn infer<L: Lanes>(network: &Network, zero: L, parameters: &[f32], tensors: &[Vec<f32>]) -> Vec<L> {
    let program = program(network, Purpose::Inference);
    let input = pack(zero, tensors);
    let mut arena = vec![zero; program.arena_packets()];
    let fill = |to: &mut [L]| to.copy_from_slice(&input);
    program
        .infer(parameters, &mut arena, fill)
        .unwrap()
        .to_vec()
}

/// A 3 x 3 convolution as the contract has it, but that each product and its sum are rounded once.
fn convolved(
    input: &[f32],
    channels: usize,
    [rows, columns]: [usize; 2],
    parameters: &[f32],
    filters: usize,
) -> Vec<f32> {
    let (weights, biases) = parameters.split_at(filters * channels * 9);
    let mut output = vec![];
    for f in 0..filters {
        for place in 0..(rows - 2) * (columns - 2) {
            let (y, x) = (place / (columns - 2), place % (columns - 2));
            let mut sum = biases[f];
            for tap in 0..channels * 9 {
                let (channel, ky, kx) = (tap / 9, tap % 9 / 3, tap % 3);
                let value = input[(channel * rows + y + ky) * columns + x + kx];
                sum = libm::fmaf(weights[f * channels * 9 + tap], value, sum);
            }
            output.push(sum);
        }
    }
    output
}

#[test]
fn a_fused_convolution_adds_its_taps_in_the_contracts_order() {
    at_every_fused_width(&Forward);
}
