//! Padding of every width on every side, by every stride: also as wide as what no kernel sees, so that what is read is
//! as large as the input and yet lies elsewhere. Each sample's codes are what it gets alone.

extern crate std;

use super::packets::compare_at_every_width;
use crate::{Conv2d, Layer, Network, Padding};
use std::vec::Vec;

/// Convolutions along one axis, of one row or of one column, over so many channels.
fn networks(channels: u32, filters: u16, groups: u16) -> Vec<(Network, u32)> {
    let mut networks = Vec::new();
    let sides = [0, 1, 2].into_iter();
    let sides = sides.flat_map(|before| [0, 1, 2].map(|behind| [before, behind]));
    for [before, behind] in sides {
        for (extent, kernel) in [(3, 2), (6, 3), (7, 4), (9, 3), (10, 4), (17, 5)] {
            for stride in 1..=4 {
                let is_row = (stride + before + kernel) % 3 > 0;
                let mut conv = Conv2d {
                    stride: [stride; 2],
                    groups,
                    ..Conv2d::new(filters, 1)
                };
                let axis = usize::from(is_row);
                conv.kernel[axis] = kernel;
                let mut input = [1, 1];
                input[axis] = extent;
                conv.padding = match is_row {
                    true => Padding {
                        top: 0,
                        left: before,
                        bottom: 0,
                        right: behind,
                    },
                    false => Padding {
                        top: before,
                        left: 0,
                        bottom: behind,
                        right: 0,
                    },
                };
                let network = Network::input(channels, input[0], input[1]);
                let seed = networks.len() as u32;
                networks.push((network.layer(Layer::Conv2d(conv)).relu(), seed));
            }
        }
    }
    networks
}

#[test]
fn padding_as_wide_as_what_no_kernel_sees_is_padding() {
    for (channels, filters, groups) in [(5, 3, 1), (1, 6, 1), (2, 4, 1), (6, 6, 2), (4, 4, 4)] {
        compare_at_every_width(|| networks(channels, filters, groups));
    }
}
