//! Every element a plan asks for is used: memory filled with a mark that no arithmetic makes has
//! none of it left after a full group of samples.

extern crate std;

use super::networks;
use crate::lanes::Lanes;
use crate::testing::{AtWidth, at_every_width, pack, tensors, values};
use crate::{GROUP, GroupMemory, Network, Plan, pack_values};
use std::vec;
use std::vec::Vec;

/// A NaN with a payload of its own.
const MARK: f32 = f32::from_bits(0x7FC0_BEEF);
/// More than any place in the windows used here, and not the byte of no winner.
const MARK_BYTE: u8 = 0xEE;

fn marked<L: Lanes>(zero: L, len: usize) -> Vec<L> {
    let mut packets = vec![zero; len];
    L::values_mut(&mut packets).fill(MARK);
    packets
}

fn assert_written<L: Lanes>(name: &str, what: &str, memory: &[L]) {
    let left = L::values(memory)
        .iter()
        .position(|v| v.to_bits() == MARK.to_bits());
    if let Some(value) = left {
        panic!(
            "{name}: packet {} of the {what} is not used",
            value / L::LANES
        );
    }
}

struct Inference;

impl AtWidth for Inference {
    fn run<L: Lanes>(&self, zero: L) {
        for (name, network) in networks() {
            let plan = Plan::of(&network);
            let input = pack(zero, &tensors::<L>(plan.input_shape().elements(), 1));
            let mut memory = marked(zero, plan.inference_packets());
            let parameters = values(plan.parameters(), 2);
            let logits = plan.infer(&parameters, &input, &mut memory).unwrap();
            assert_eq!(logits.len(), plan.classes());
            assert_written(name, "inference memory", &memory);
        }
    }
}

#[test]
fn inference_uses_all_of_its_memory() {
    at_every_width(&Inference);
}

struct Training;

impl AtWidth for Training {
    fn run<L: Lanes>(&self, zero: L) {
        for (name, network) in networks() {
            let plan = Plan::of(&network);
            let mut packets = marked(zero, plan.training_packets());
            let mut winners = vec![MARK_BYTE; plan.winner_bytes() * L::LANES];
            train(&network, &mut packets, &mut winners);
            // With few registers, kernels make one filter's gradient where they could make two.
            let used = if L::REGISTERS >= 32 {
                packets.len()
            } else {
                plan.training_bounds().1
            };
            assert_written(name, "training memory", &packets[..used]);
            let left = winners.iter().position(|byte| *byte == MARK_BYTE);
            assert_eq!(left, None, "{name}: a winner's byte is not used");
        }
    }
}

/// A group of as many samples as fit; gives what it left for the sum of gradients.
fn train<L: Lanes>(network: &Network, packets: &mut [L], winners: &mut [u8]) -> Vec<f32> {
    let plan = Plan::of(network);
    let elements = plan.input_shape().elements();
    let images = values(GROUP * elements, 3);
    let mut left = vec![MARK; plan.group_values()];
    let mut memory = GroupMemory {
        packets,
        winners,
        values: &mut left,
    };
    plan.backward_group(
        &values(plan.parameters(), 4),
        &[0; GROUP],
        1.0,
        &mut memory,
        |samples, input| pack_values(&images[samples.start * elements..], input),
    )
    .unwrap();
    left
}

#[test]
fn training_uses_all_of_its_memory() {
    at_every_width(&Training);
}

/// The group's values are set to 0 first, so a mark cannot show what is used; that a NaN in any
/// of them reaches some gradient can.
#[test]
fn every_value_of_a_group_reaches_the_gradient() {
    for (name, network) in networks().into_iter().skip(2) {
        let plan = Plan::of(&network);
        let mut packets = vec![0.0; plan.training_packets()];
        let mut winners = vec![0; plan.winner_bytes()];
        let mut left = train(&network, &mut packets, &mut winners);
        assert!(left.iter().all(|value| value.is_finite()), "{name}");
        let mut gradient = vec![0.0; plan.parameters()];
        for index in 0..left.len() {
            let value = std::mem::replace(&mut left[index], f32::NAN);
            gradient.fill(0.0);
            add(&plan, &left, &mut gradient);
            left[index] = value;
            assert!(
                gradient.iter().any(|g| g.is_nan()),
                "{name}: value {index} is not used"
            );
        }
        gradient.fill(MARK);
        add(&plan, &left, &mut gradient);
        assert!(gradient.iter().all(|g| g.is_nan()), "{name}");
    }
}

fn add(plan: &Plan, values: &[f32], gradient: &mut [f32]) {
    let mut rest = gradient;
    for span in plan.spans() {
        let (own, behind) = rest.split_at_mut(span.len);
        plan.add_gradient(&span, values, GROUP, 0.0, own).unwrap();
        rest = behind;
    }
}
