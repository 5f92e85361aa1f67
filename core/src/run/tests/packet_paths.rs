//! What tests of packets of codes have in common: networks by both rules, and how many are computed in a way.

extern crate std;

use super::packets::compare_at_every_width;
use crate::lanes::CodeLanes;
use crate::testing::int8::Integers;
use crate::{Int8Rule, Network, PacketLayer, Program, Purpose};
use std::vec::Vec;

/// As [`compare_at_every_width`], by both rules.
pub(super) fn compare_by_both_rules(networks: fn() -> Vec<Network>) {
    compare_at_every_width(|| {
        let each = |rule| networks().into_iter().zip((rule..).step_by(2));
        each(0).chain(each(1)).collect()
    });
}

/// How many of the networks have a layer that packets `C` compute so.
pub(super) fn count_where<C: CodeLanes>(
    networks: Vec<Network>,
    is_so: fn(&PacketLayer) -> bool,
) -> usize {
    let has = |network: &Network| {
        let program = Program::<192>::of(network, Purpose::Int8(Int8Rule::Once));
        let integers = Integers::random(network, Int8Rule::Once, 1);
        let quantized = integers.of(network);
        let mut layers = program.packet_layers::<C>(&quantized).unwrap();
        layers.any(|layer| is_so(&layer))
    };
    networks.iter().filter(|network| has(network)).count()
}
