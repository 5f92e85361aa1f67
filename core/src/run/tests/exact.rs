//! Every element a program asks for is used: memory filled with a mark that no arithmetic makes
//! has none of it left after a full group of samples.

extern crate std;

use super::Memory;
use crate::lanes::Lanes;
use crate::program::tests::{GROUPS, graphs, networks, normalised, program};
use crate::testing::{AtWidth, at_every_width, first_parameters, pack, samples, tensors, values};
use crate::{GROUP, Network, Operation, Program, Purpose, Sgd, Trainer, first_statistics};
use std::vec;
use std::vec::Vec;

/// A NaN with a payload of its own.
const MARK: f32 = f32::from_bits(0x7FC0_BEEF);

fn unused<L: Lanes>(memory: &[L]) -> Vec<usize> {
    let values = L::values(memory).chunks_exact(L::LANES).enumerate();
    let marked = |lanes: &[f32]| lanes.iter().any(|v| v.to_bits() == MARK.to_bits());
    let left = values.filter(|(_, lanes)| marked(lanes));
    left.map(|(packet, _)| packet).collect()
}

struct Inference;

impl AtWidth for Inference {
    fn run<L: Lanes>(&self, zero: L) {
        for (name, network) in networks().into_iter().chain(graphs()) {
            let program = program(&network, Purpose::Inference);
            let input = pack(zero, &tensors::<L>(program.input_shape().elements(), 1));
            let mut arena = vec![zero; program.arena_packets()];
            L::values_mut(&mut arena).fill(MARK);
            let parameters = values(program.parameters(), 2);
            let fill = |to: &mut [L]| to.copy_from_slice(&input);
            let logits = program.infer(&parameters, &mut arena, fill).unwrap();
            assert_eq!(logits.len(), program.classes());
            assert_eq!(unused(&arena), [], "{name}");
        }
    }
}

#[test]
fn inference_uses_all_of_its_arena() {
    at_every_width(&Inference);
}

struct Training;

impl AtWidth for Training {
    fn run<L: Lanes>(&self, zero: L) {
        let all = networks().into_iter().chain(graphs()).chain(normalised());
        for (name, network) in all {
            let program = program(&network, GROUPS);
            let mut memory = Memory::new(&program, 1, zero, MARK);
            train(&network, &program, &mut memory);
            for packet in memory.packets[0].chunks_exact(program.arena_packets()) {
                let mut left = unused(packet);
                // With few registers, kernels make one filter's gradient where they could make
                // two.
                if L::REGISTERS < 32 {
                    left.retain(|packet| !in_pooled_scratch(&program, *packet));
                }
                assert_eq!(left, [], "{name}");
            }
            let left = memory.winners[0].iter().position(|byte| *byte == 0xEE);
            assert_eq!(left, None, "{name}: a winner's byte is not used");
        }
    }
}

/// Whether a packet is in the scratch of a convolution with a pool.
fn in_pooled_scratch(program: &Program, packet: usize) -> bool {
    let mut steps = program.steps().iter();
    steps.any(|step| {
        matches!(step.operation, Operation::Conv2d { pool: true, .. })
            && step.scratch.region.range().contains(&packet)
    })
}

/// One step on a group of as many samples as fit.
fn train<L: Lanes>(network: &Network, program: &Program, memory: &mut Memory<L>) {
    let (images, labels) = samples(network, GROUP, 3);
    let mut statistics = vec![0.0; program.statistics()];
    first_statistics(network, &mut statistics).unwrap();
    let mut moments = vec![MARK; program.moment_values()];
    let mut trainer = Trainer {
        program,
        parameters: &mut first_parameters(network, 4),
        gradient: &mut vec![MARK; program.parameters()],
        velocity: &mut [],
        moments: &mut moments,
        statistics: &mut statistics,
        groups: &mut memory.groups(),
        seed: 1,
        steps: 0,
    };
    trainer.step(&images, &labels, &Sgd::new(0.1)).unwrap();
    let left = moments.iter().position(|v| v.to_bits() == MARK.to_bits());
    assert_eq!(left, None, "{network}: a moment is not used");
}

#[test]
fn training_uses_all_of_its_memory() {
    at_every_width(&Training);
}

/// The group's sums are set to 0 first, so a mark cannot show what is used; that a NaN in any
/// of them reaches some gradient can.
#[test]
fn every_value_of_a_group_reaches_the_gradient() {
    let chains = networks().into_iter().skip(2);
    for (name, network) in chains.chain(graphs()) {
        let program = program(&network, GROUPS);
        let mut memory = Memory::new(&program, 1, 0.0_f32, MARK);
        train(&network, &program, &mut memory);
        let mut left = memory.values.remove(0);
        assert!(left.iter().all(|value| value.is_finite()), "{name}");
        let mut gradient = vec![0.0; program.parameters()];
        for index in 0..left.len() {
            let value = std::mem::replace(&mut left[index], f32::NAN);
            gradient.fill(0.0);
            add(&program, &left, &mut gradient);
            left[index] = value;
            assert!(
                gradient.iter().any(|g| g.is_nan()),
                "{name}: value {index} is not used"
            );
        }
        gradient.fill(MARK);
        add(&program, &left, &mut gradient);
        assert!(gradient.iter().all(|g| g.is_nan()), "{name}");
    }
}

fn add(program: &Program, values: &[f32], gradient: &mut [f32]) {
    let mut rest = gradient;
    for span in program.spans() {
        let (own, behind) = rest.split_at_mut(span.len);
        program
            .add_gradient(&span, values, GROUP, 0.0, own)
            .unwrap();
        rest = behind;
    }
}
