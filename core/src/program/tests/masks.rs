//! Which masks are taken along by what makes the gradient.

extern crate std;

use super::{GROUPS, program};
use crate::{CompactMode, Conv2d, Layer, Network, Purpose, Trainable};
use std::vec::Vec;

fn taken_along(network: &Network, purpose: Purpose) -> Vec<bool> {
    let program = program(network, purpose);
    let steps = 0..program.steps().len();
    steps
        .map(|index| program.is_masked_as_made(index))
        .collect()
}

#[test]
fn convolutions_and_pools_of_whole_maps_mask_what_they_alone_read() {
    let padded = Layer::Conv2d(Conv2d::new(5, 3).padding(1));
    let network = Network::input(2, 8, 8).layer(padded).relu().layer(padded);
    let network = network.relu6().max_pool2d(2).conv2d(4, 3).relu();
    let network = network.global_avg_pool2d().linear(6).relu().linear(3);
    // The first convolution by the second, whose ReLU6 the pool behind it leaves alone; the third by
    // its pool. Linear layers leave theirs to whoever gave the value.
    let expected = [true, false, false, true, false, false, false];
    assert_eq!(taken_along(&network, GROUPS), expected);
    let compact = Purpose::Compact(CompactMode::in_place(Trainable::ALL));
    assert_eq!(taken_along(&network, compact), [false; 7]);
}

#[test]
fn nobody_masks_a_gradient_that_is_a_sum_of_several() {
    let padded = Layer::Conv2d(Conv2d::new(2, 3).padding(1));
    let stem = Network::input(2, 6, 6).layer(padded).relu();
    let block = stem.clone().layer(padded).relu().layer(padded);
    let network = block.add(stem.last()).relu().global_avg_pool2d().linear(3);
    // The stem is read twice; within the block a convolution alone reads the ReLU; the sum's own ReLU is
    // taken along by the pool.
    let expected = [false, true, false, true, false, false];
    assert_eq!(taken_along(&network, GROUPS), expected);
}
