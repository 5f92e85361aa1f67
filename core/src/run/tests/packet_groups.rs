//! Convolutions in groups by packets of samples: each sample's codes are what it gets alone.

extern crate std;

use super::packet_paths::{compare_by_both_rules, count_where};
use crate::lanes::CodeLanes;
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{Conv2d, Layer, Network, PacketLayer, Padding};
use std::vec;
use std::vec::Vec;

/// A convolution of groups: channels, rows and columns; filters, kernel and groups.
fn grouped(input: [u32; 3], filters: u16, kernel: [u16; 2], groups: u16) -> (Network, Conv2d) {
    let conv = Conv2d {
        kernel,
        ..Conv2d::new(filters, 1).groups(groups)
    };
    (Network::input(input[0], input[1], input[2]), conv)
}

/// Groups whose channels are no whole quads: of two to seven channels and more, with fewer filters than a quad and more,
/// that begin anywhere in one; kernels along either axis, strides, dilation, padding of all of a window, pools.
fn networks_of_groups() -> Vec<Network> {
    let padding = |top, left, bottom, right| Padding {
        top,
        left,
        bottom,
        right,
    };
    let mut convs = vec![
        grouped([9, 7, 9], 12, [3, 3], 3),
        grouped([9, 7, 5], 18, [3, 3], 3),
        grouped([6, 11, 6], 6, [3, 3], 3),
        grouped([8, 9, 9], 12, [3, 3], 4),
        grouped([8, 5, 30], 4, [2, 5], 4),
        grouped([10, 6, 7], 20, [3, 3], 2),
        grouped([12, 6, 8], 18, [1, 5], 2),
        grouped([14, 7, 7], 14, [3, 3], 2),
        grouped([18, 5, 6], 10, [3, 4], 2),
        grouped([6, 12, 1], 8, [5, 1], 2),
        grouped([12, 14, 5], 24, [3, 1], 12),
        grouped([5, 13, 4], 5, [7, 1], 5),
        grouped([6, 1, 40], 12, [1, 7], 2),
        grouped([6, 9, 9], 9, [2, 2], 3),
        grouped([7, 12, 12], 7, [3, 3], 7),
        grouped([26, 3, 70], 10, [3, 3], 2),
    ];
    let last = convs.len() - 1;
    convs[3].1.padding = padding(1, 1, 1, 1);
    convs[4].1.stride = [2, 1];
    convs[5].1.padding = padding(2, 3, 1, 0);
    convs[7].1.stride = [2, 3];
    convs[8].1.padding = padding(2, 3, 2, 3);
    convs[9].1.padding = padding(4, 0, 4, 0);
    convs[10].1.stride = [2, 2];
    convs[11].1.padding = padding(6, 0, 3, 0);
    convs[12].1.stride = [1, 4];
    convs[13].1.dilation = [2, 3];
    convs[14].1.dilation = [1, 2];
    convs[last].1.padding = padding(1, 1, 1, 1);
    // Of few filters, and of so many that wide packets are worth copies.
    let many = convs.clone().into_iter().map(|(network, mut conv)| {
        conv.filters *= 3;
        (network, conv)
    });
    let convs: Vec<_> = convs.clone().into_iter().chain(many).collect();
    let network = |(network, conv): (Network, Conv2d)| network.layer(Layer::Conv2d(conv)).relu();
    let pooled = [0, 3, 5, 6, 13, 17, 22].map(|index| network(convs[index].clone()).max_pool2d(2));
    convs.into_iter().map(network).chain(pooled).collect()
}

#[test]
fn groups_with_quads_of_their_own_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_groups);
}

/// That such a convolution is computed so.
struct Taken;

impl OnCodes for Taken {
    fn run<C: CodeLanes>(&self, _: C) {
        let networks = networks_of_groups();
        let count = networks.len();
        let taken = count_where::<C>(networks, PacketLayer::has_own_groups);
        // Copies cost more than zeros where products are fast, or few.
        let least = if C::PRODUCTS > 8 { count / 4 * 3 } else { 6 };
        assert!(taken >= least, "{:?}: {taken} of {count}", C::WIDTH);
    }
}

#[test]
fn groups_that_are_no_whole_quads_have_their_own() {
    in_every_code_packet(&Taken);
}
