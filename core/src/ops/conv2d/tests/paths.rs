//! Which way a kernel took, told by what it did: a tile takes a weight up once for all its
//! positions, a lone position takes it up again for each.

extern crate std;

use super::Case;
use crate::lanes::{Counted, Lanes, Tally};
use crate::ops::activation::Activation;
use crate::ops::conv2d::{ConvForward, ConvGeometry, ConvInputGradient, PooledParameterGradient};
use crate::testing::run;
use crate::{Conv2d, Shape};
use std::vec;

/// 5 channels of 14 x 14 and 7 filters: neither a multiple of what tiles hold.
fn geometry(conv: Conv2d) -> ConvGeometry {
    let input = Shape::new(5, 14, 14);
    Case { conv, input }.geometry()
}

fn forward<const REGISTERS: usize>(g: ConvGeometry, pool: bool) -> Tally {
    let zero = Counted::<REGISTERS>::zero().unwrap();
    let len = g.filters * g.output_area();
    let mut output = vec![zero; if pool { len / 4 } else { len }];
    let forward = ConvForward {
        geometry: g,
        activation: Activation::Relu,
        pool,
        input: &vec![zero; g.channels * g.input_area()],
        weights: &vec![1.0; g.filters * g.taps()],
        bias: &vec![0.0; g.filters],
        output: &mut output,
        winners: &mut [],
    };
    Tally::of(|| run(zero, forward))
}

fn input_gradient<const REGISTERS: usize>(g: ConvGeometry) -> Tally {
    let zero = Counted::<REGISTERS>::zero().unwrap();
    let kernel = ConvInputGradient {
        geometry: g,
        weights: &vec![1.0; g.filters * g.taps()],
        d_output: &vec![zero; g.filters * g.output_area()],
        d_input: &mut vec![zero; g.channels * g.input_area()],
    };
    Tally::of(|| run(zero, kernel))
}

fn pooled_parameter_gradient<const REGISTERS: usize>(g: ConvGeometry) -> Tally {
    let zero = Counted::<REGISTERS>::zero().unwrap();
    let windows = g.filters * g.output_area() / 4;
    let kernel = PooledParameterGradient {
        geometry: g,
        input: &vec![zero; g.channels * g.input_area()],
        gradient: &vec![zero; windows],
        winners: &vec![0; windows],
        scratch: &mut vec![zero; 2 * (g.taps() + 1 + 2 * g.output[1])],
        sums: &mut vec![0.0; g.filters * (g.taps() + 1)],
        samples: 1,
    };
    Tally::of(|| run(zero, kernel))
}

/// Multiply-accumulates of a convolution without padding.
fn macs(g: &ConvGeometry) -> usize {
    g.filters * g.output_area() * g.taps()
}

#[test]
fn forward_runs_in_tiles_and_multiplies_no_more_than_it_must() {
    for conv in [
        Conv2d::new(7, 3),
        Conv2d::new(7, 5),
        Conv2d::new(7, 3).stride(2),
    ] {
        let g = geometry(conv);
        for tally in [forward::<16>(g, false), forward::<32>(g, false)] {
            assert_eq!(tally.products, macs(&g));
            assert!(tally.splats * 3 < tally.products * 2, "{conv:?}: {tally:?}");
        }
        if g.output[0].is_multiple_of(2) {
            for tally in [forward::<16>(g, true), forward::<32>(g, true)] {
                assert_eq!(tally.products, macs(&g));
                assert!(tally.splats * 3 < tally.products, "{conv:?}: {tally:?}");
            }
        }
    }
}

#[test]
fn padding_is_skipped_not_multiplied() {
    let g = geometry(Conv2d::new(7, 3).padding(1));
    // Of 14 outputs a side, the first and the last have two taps of three inside: 40 of 42.
    let inside = g.filters * g.channels * 40 * 40;
    assert_eq!(forward::<32>(g, false).products, inside);
    assert_eq!(forward::<32>(g, true).products, inside);
    assert_eq!(input_gradient::<32>(g).products, inside);
}

#[test]
fn taps_of_a_dilated_kernel_in_the_padding_are_skipped_too() {
    let g = geometry(Conv2d::new(7, 3).dilation(2).padding(2));
    // Of 14 outputs a side, the first two and the last two have two taps of three inside: 38 of 42.
    let inside = g.filters * g.channels * 38 * 38;
    assert_eq!(forward::<32>(g, false).products, inside);
    assert_eq!(forward::<16>(g, true).products, inside);
    assert_eq!(input_gradient::<32>(g).products, inside);
}

#[test]
fn input_gradient_of_3x3_runs_in_tiles_and_of_others_does_not() {
    for padding in 0..3 {
        let g = geometry(Conv2d::new(7, 3).padding(padding));
        for tally in [input_gradient::<16>(g), input_gradient::<32>(g)] {
            assert!(
                tally.splats * 2 < tally.products,
                "padding {padding}: {tally:?}"
            );
        }
    }
    let g = geometry(Conv2d::new(7, 3).stride(2));
    let tally = input_gradient::<32>(g);
    assert_eq!(tally.products, macs(&g));
    assert!(tally.splats >= tally.products);
}

#[test]
fn columns_left_over_in_the_input_gradient_make_one_tile() {
    let g = geometry(Conv2d::new(7, 3));
    // Each of 12 rows of outputs meets three kernel rows; a row of 14 inputs is four tiles:
    // 4 + 4 + 2 + 4.
    let weights = g.filters * g.channels * 12 * 9;
    for tally in [input_gradient::<16>(g), input_gradient::<32>(g)] {
        assert_eq!(tally.products, macs(&g));
        assert!(tally.splats >= 4 * weights && tally.splats < 5 * weights);
    }
}

#[test]
fn gradient_of_a_pool_takes_half_the_products_and_chooses_once_where_registers_are_few() {
    let g = geometry(Conv2d::new(7, 3));
    let windows = g.channels * g.filters * g.output_area() / 4;
    let (few, many) = (
        pooled_parameter_gradient::<16>(g),
        pooled_parameter_gradient::<32>(g),
    );
    assert_eq!(few.products, macs(&g) / 2);
    assert_eq!(many.products, macs(&g) / 2);
    // Of the seven filters, the last has no partner and is alone at either number of registers.
    assert_eq!(few.choices, windows * 12);
    assert_eq!(many.choices, windows * 18);
}
