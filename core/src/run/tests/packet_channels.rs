//! Maps of few channels inside a network, and layers of few outputs, by packets of samples: each sample's codes are what
//! it gets alone.

extern crate std;

use super::packet_paths::{compare_by_both_rules, count_where};
use crate::lanes::CodeLanes;
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{Conv2d, Layer, Network, PacketLayer, Padding};
use std::vec::Vec;

fn padded(filters: u16, kernel: [u16; 2], [top, left, bottom, right]: [u16; 4]) -> Conv2d {
    Conv2d {
        kernel,
        padding: Padding {
            top,
            left,
            bottom,
            right,
        },
        ..Conv2d::new(filters, 1)
    }
}

/// Maps of one channel to ten, seen by kernels along either axis and by both, by steps and with padding of every side;
/// pooled, and added to what lies there.
fn networks_of_few_channels() -> Vec<Network> {
    let convs = [
        padded(20, [3, 3], [1, 1, 1, 1]),
        padded(10, [5, 3], [0, 0, 0, 0]),
        padded(24, [2, 5], [1, 3, 0, 2]),
        padded(33, [4, 4], [3, 0, 2, 1]),
        padded(17, [1, 6], [0, 2, 0, 3]),
        padded(18, [7, 1], [3, 0, 3, 0]),
    ];
    let mut networks = Vec::new();
    for channels in [1, 2, 3, 5, 6, 9, 10] {
        let stem = Network::input(4, 9, 12).layer(Layer::Conv2d(Conv2d::new(channels, 1)));
        for (at, conv) in convs.iter().enumerate() {
            let mut conv = *conv;
            conv.stride = [[1, 1], [2, 1], [1, 3]][(at + channels as usize) % 3];
            conv.dilation[1] += u16::from(at == 2);
            let network = stem.clone().relu().layer(Layer::Conv2d(conv)).relu();
            networks.push(network.clone());
            if at % 2 == 0 {
                networks.push(network.max_pool2d(2));
            }
        }
        let same = Layer::Conv2d(padded(channels, [3, 3], [1, 1, 1, 1]));
        let skip = stem.last();
        networks.push(stem.relu().layer(same).add(skip).relu());
    }
    networks
}

/// Outputs of one position to seven, so that those of several packets of samples are computed side by side: dense ones of
/// several blocks of filters, with steps and without, added to what lies there, and of groups that share quads.
fn networks_of_few_outputs() -> Vec<Network> {
    let mut networks = Vec::new();
    for [height, width] in [
        [1, 2],
        [1, 3],
        [5, 1],
        [2, 3],
        [3, 2],
        [1, 5],
        [7, 1],
        [2, 2],
    ] {
        let stem = Network::input(6, height, width).layer(Layer::Conv2d(Conv2d::new(7, 1)));
        let same = Layer::Conv2d(padded(7, [3, 3], [1, 1, 1, 1]));
        networks.push(stem.clone().relu().layer(same));
        networks.push(stem.clone().relu().layer(same).add(stem.last()).relu());
        for groups in [1, 2, 4] {
            let conv = Conv2d {
                groups,
                stride: [1 + groups % 2, 1],
                ..padded(12, [2, 2], [1, 0, 0, 1])
            };
            networks.push(Network::input(8, height, width).layer(Layer::Conv2d(conv)));
        }
    }
    networks
}

#[test]
fn few_channels_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_few_channels);
}

#[test]
fn few_outputs_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_few_outputs);
}

/// That quads are of neighbouring positions where channels leave much of them empty.
struct Taken;

impl OnCodes for Taken {
    fn run<C: CodeLanes>(&self, _: C) {
        let networks = networks_of_few_channels();
        let count = networks.len();
        let taken = count_where::<C>(networks, PacketLayer::is_rearranged);
        // Where products are fast, copies take longer than most of these have products.
        let least = if C::PRODUCTS > 8 {
            count / 3
        } else {
            count / 6
        };
        assert!(taken >= least, "{:?}: {taken} of {count}", C::WIDTH);
    }
}

#[test]
fn few_channels_share_quads_with_neighbours() {
    in_every_code_packet(&Taken);
}
