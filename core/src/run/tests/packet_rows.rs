//! Rows of packets: windows of samples, held rows of depthwise convolutions, last blocks of few filters, and samples of
//! one column. Each sample's codes are what it gets alone.

extern crate std;

use super::packet_paths::{compare_by_both_rules, count_where};
use crate::lanes::CodeLanes;
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{Conv2d, Layer, Network, PacketLayer, Padding};
use std::vec::Vec;

/// A network of one convolution: channels, rows and columns; filters, kernel and stride.
fn network(input: [u32; 3], filters: u16, kernel: [u16; 2], stride: [u16; 2]) -> (Network, Conv2d) {
    let conv = Conv2d {
        kernel,
        stride,
        ..Conv2d::new(filters, 1)
    };
    (Network::input(input[0], input[1], input[2]), conv)
}

/// Windows of one channel and of two, that begin at every position, at every other one and at every fourth; rows shorter
/// than a window and longer than what is brought into packets at once, within padding or not, and short ones that are one.
fn networks_of_windows() -> Vec<Network> {
    let mut networks = Vec::new();
    for channels in [1, 2] {
        for (at, stride) in (1..=5).chain([8]).enumerate() {
            for (width, kernel) in [(3, 2), (13, 3), (18, 7), (41, 4), (8, 3), (9, 2), (6, 3)] {
                let (input, mut conv) =
                    network([channels, 5, width], 6, [2, kernel], [1, stride as u16]);
                let [left, right] = [[0, 0], [1, 0], [3, 2], [0, 5]][(at + width as usize) % 4];
                conv.padding = Padding {
                    top: at as u16 % 2,
                    left,
                    bottom: width as u16 % 3,
                    right,
                };
                networks.push(input.layer(Layer::Conv2d(conv)).relu());
            }
        }
    }
    networks
}

/// Depthwise convolutions of more rows than are held at once, strided, pooled and of several filters a channel; by strides
/// that divide no quad, of kernels of several, and of last blocks of one filter to three.
fn networks_of_held_rows() -> Vec<Network> {
    let of = |input, each: u16, kernel, stride| {
        let (input, mut conv): (Network, Conv2d) = network(input, 1, kernel, stride);
        let channels = input.input_shape().channels as u16;
        (conv.groups, conv.filters) = (channels, channels * each);
        input.layer(Layer::Conv2d(conv)).relu()
    };
    [
        of([5, 40, 20], 1, [3, 3], [1, 1]),
        of([3, 41, 22], 2, [5, 5], [2, 2]),
        of([4, 40, 21], 1, [2, 3], [3, 2]),
        of([6, 37, 19], 3, [4, 2], [1, 2]),
        of([5, 40, 20], 1, [3, 3], [1, 1]).max_pool2d(2),
        of([2, 30, 30], 3, [3, 5], [1, 1]).max_pool2d(2),
        of([8, 23, 26], 1, [5, 5], [1, 3]),
        of([7, 22, 40], 1, [3, 9], [2, 3]).max_pool2d(2),
        of([5, 18, 50], 1, [2, 6], [1, 5]),
        of([3, 21, 22], 1, [3, 3], [1, 1]),
        of([6, 21, 23], 1, [3, 2], [2, 2]),
        of([7, 20, 24], 1, [5, 3], [1, 2]).max_pool2d(2),
        of([3, 20, 24], 3, [3, 3], [1, 1]).max_pool2d(2),
    ]
    .into()
}

/// Convolutions over a single column: dense ones, of few channels, depthwise and in groups.
fn networks_of_columns() -> Vec<Network> {
    let of = |input, filters, groups, kernel, stride| {
        let (input, mut conv): (Network, Conv2d) =
            network(input, filters, [kernel, 1], [stride, 1]);
        conv.groups = groups;
        (conv.padding.top, conv.padding.bottom) = (kernel / 2, kernel - 1 - kernel / 2);
        input.layer(Layer::Conv2d(conv)).relu()
    };
    [
        of([8, 32, 1], 8, 8, 7, 1),
        of([5, 32, 1], 10, 5, 3, 1),
        of([6, 99, 1], 6, 6, 2, 2),
        of([1, 40, 1], 5, 1, 8, 3),
        of([2, 33, 1], 4, 1, 5, 2),
        of([6, 20, 1], 9, 3, 4, 1),
        of([7, 21, 1], 6, 1, 3, 2),
    ]
    .into()
}

/// Last blocks of one to three filters: of windows, of quads of channels, of groups, and pooled.
fn networks_of_few_filters() -> Vec<Network> {
    let mut networks = Vec::new();
    for filters in [1, 2, 3, 5, 6, 7, 9, 10] {
        for channels in [2, 6] {
            let (input, conv) = network([channels, 9, 10], filters, [3, 3], [1, 1]);
            let network = input.layer(Layer::Conv2d(conv)).relu();
            networks.push(network.clone());
            networks.push(network.max_pool2d(2));
        }
    }
    for filters in [2, 6, 10] {
        let (input, mut conv) = network([6, 9, 10], filters, [3, 3], [1, 1]);
        conv.groups = 2;
        networks.push(input.layer(Layer::Conv2d(conv)).relu());
    }
    networks
}

#[test]
fn windows_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_windows);
}

#[test]
fn held_rows_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_held_rows);
}

#[test]
fn columns_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_columns);
}

#[test]
fn last_blocks_give_each_sample_its_codes() {
    compare_by_both_rules(networks_of_few_filters);
}

/// That what lies in a column is computed as a row, what is depthwise by quads of neighbouring positions, and that short
/// rows of windows are brought into packets as one.
struct Taken;

impl OnCodes for Taken {
    fn run<C: CodeLanes>(&self, _: C) {
        let columns = networks_of_columns;
        let rows = count_where::<C>(columns(), PacketLayer::is_of_one_row);
        assert_eq!(rows, columns().len());
        let by_columns = count_where::<C>(columns(), PacketLayer::is_by_columns);
        assert_eq!(by_columns, 3);
        let held = networks_of_held_rows;
        let by_columns = count_where::<C>(held(), PacketLayer::is_by_columns);
        assert_eq!(by_columns, held().len());
        let flat = count_where::<C>(networks_of_windows(), PacketLayer::is_flat);
        assert!(flat > 4, "{flat} of {}", networks_of_windows().len());
    }
}

#[test]
fn rows_and_columns_are_computed_as_they_should_be() {
    in_every_code_packet(&Taken);
}
