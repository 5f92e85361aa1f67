//! Average pools by packets of samples: each sample's codes are what it gets alone.

extern crate std;

use super::packets::compare_at_every_width;
use crate::lanes::CodeLanes;
use crate::testing::int8::Integers;
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{Conv2d, Int8Rule, Layer, Network, Pool2d, Program, Purpose};
use std::vec::Vec;

/// Means of windows of every size, apart and overlapping, of odd channels, and of whole maps.
fn networks_of_means() -> Vec<Network> {
    let mut networks = Vec::new();
    for window in [[1, 2], [2, 1], [2, 2], [3, 3], [1, 5], [7, 4]] {
        for stride in [[1, 1], [2, 2], [3, 1]] {
            let channels = 3 + networks.len() as u32 % 5;
            let conv = Layer::Conv2d(Conv2d::new(channels as u16 + 2, 1));
            let network = Network::input(channels, 8, 9).layer(conv).relu();
            let pool = Pool2d {
                window,
                stride,
                ..Pool2d::new(2)
            };
            networks.push(network.layer(Layer::AvgPool2d(pool)));
        }
    }
    networks.push(Network::input(5, 6, 7).conv2d(9, 3).global_avg_pool2d());
    networks
}

#[test]
fn means_give_each_sample_its_codes() {
    compare_at_every_width(|| {
        let each = |rule| networks_of_means().into_iter().zip((rule..).step_by(2));
        each(0).chain(each(1)).collect()
    });
}

/// That some become codes by floating-point numbers, and others by integers.
struct Taken;

impl OnCodes for Taken {
    fn run<C: CodeLanes>(&self, _: C) {
        let mut taken = [0; 2];
        for (network, seed) in networks_of_means().into_iter().zip(0..) {
            let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
            let integers = Integers::random(&network, Int8Rule::Once, seed);
            let quantized = integers.of(&network);
            let layers = program.packet_layers::<C>(&quantized).unwrap();
            taken[usize::from(layers.last().unwrap().is_mean_by_floats())] += 1;
        }
        assert_eq!(
            C::HAS_FUSED_SCALES,
            taken[1] > 0,
            "{:?}: {taken:?}",
            C::WIDTH
        );
        assert!(taken[0] > 0, "{:?}: {taken:?}", C::WIDTH);
    }
}

#[test]
fn some_means_become_codes_by_floats() {
    in_every_code_packet(&Taken);
}
