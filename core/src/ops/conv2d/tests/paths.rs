//! Which way a kernel took, told by what it did: a tile of several filters reads weights where they
//! lie and begins its sums once for all its positions, a tile of one filter takes a weight up once
//! for all, a lone position takes it up again for each.

extern crate std;

use super::Case;
use crate::lanes::{Counted, Lanes, Tally};
use crate::ops::activation::{Activation, GradientMask};
use crate::ops::conv2d::facts::padded_copy;
use crate::ops::conv2d::{
    ConvForward, ConvGeometry, ConvInputGradient, ConvParameterGradient, FILTER_BLOCK, Gradient,
    PooledParameterGradient,
};
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
        activation: Activation::Identity,
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
        mask: GradientMask::NONE,
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

fn parameter_gradient<const REGISTERS: usize>(g: ConvGeometry) -> Tally {
    let zero = Counted::<REGISTERS>::zero().unwrap();
    let [rows, columns] = padded_copy(&g).unwrap_or_default();
    let kernels = FILTER_BLOCK.min(g.group_filters()) * (g.taps() + 1);
    let kernel = ConvParameterGradient {
        geometry: g,
        input: &vec![zero; g.channels * g.input_area()],
        d_output: Gradient::Whole(&vec![zero; g.filters * g.output_area()]),
        scratch: &mut vec![zero; g.channels * rows * columns + kernels],
        sums: &mut vec![0.0; g.filters * g.taps()],
        samples: 1,
    };
    Tally::of(|| run(zero, kernel))
}

/// Multiply-accumulates of a convolution, those in the padding left out.
fn macs(g: &ConvGeometry) -> usize {
    let along = |axis| -> usize {
        let taps = (0..g.output[axis]).map(|at| g.valid_taps(axis, at).len());
        taps.sum()
    };
    g.filters * g.group_channels() * along(0) * along(1)
}

/// How many values were brought into all lanes for each term of `sums` sums, the first ones among
/// them.
fn share(tally: &Tally, sums: usize) -> f64 {
    tally.splats as f64 / (tally.products + sums) as f64
}

/// Kernels of every kind.
fn kinds() -> [ConvGeometry; 7] {
    [
        Conv2d::new(7, 1),
        Conv2d::new(7, 3),
        Conv2d::new(7, 3).padding(1),
        Conv2d::new(7, 5).padding(2),
        Conv2d::new(7, 3).stride(2).padding(1),
        Conv2d::new(7, 1).stride(2),
        Conv2d::new(7, 3).dilation(2),
    ]
    .map(geometry)
}

#[test]
fn forward_runs_in_tiles_and_multiplies_no_more_than_it_must() {
    for g in kinds() {
        for (tally, most) in [
            (forward::<16>(g, false), 0.35),
            (forward::<32>(g, false), 0.25),
        ] {
            assert_eq!(tally.products, macs(&g));
            assert!(
                share(&tally, g.filters * g.output_area()) < most,
                "{g:?}: {tally:?}"
            );
        }
    }
    for conv in [Conv2d::new(7, 3), Conv2d::new(7, 5)] {
        let g = geometry(conv);
        for tally in [forward::<16>(g, true), forward::<32>(g, true)] {
            assert_eq!(tally.products, macs(&g));
            assert!(tally.splats * 3 < tally.products, "{conv:?}: {tally:?}");
        }
    }
}

#[test]
fn input_gradient_runs_in_tiles_and_multiplies_no_more_than_it_must() {
    for g in kinds() {
        for (tally, most) in [
            (input_gradient::<16>(g), 0.35),
            (input_gradient::<32>(g), 0.25),
        ] {
            assert_eq!(tally.products, macs(&g));
            assert!(
                share(&tally, g.channels * g.input_area()) < most,
                "{g:?}: {tally:?}"
            );
        }
    }
}

/// 16 channels of 14 x 14, each with a filter of its own.
fn depthwise(conv: Conv2d) -> ConvGeometry {
    let conv = conv.groups(16);
    let input = Shape::new(16, 14, 14);
    Case { conv, input }.geometry()
}

#[test]
fn small_depthwise_kernels_take_their_weights_up_once_for_all_places_with_the_same_taps() {
    let g = depthwise(Conv2d::new(16, 3).padding(1));
    // Inside 9 taps, along each side 6, in each corner 4, and each of these begins its sums once.
    let splats = 16 * (9 + 4 * 6 + 4 * 4 + 9);
    for tally in [forward::<16>(g, false), input_gradient::<32>(g)] {
        assert_eq!(tally.products, macs(&g));
        assert_eq!(tally.splats, splats, "{tally:?}");
    }
}

#[test]
fn larger_depthwise_kernels_take_eight_places_at_once_and_those_left_over_of_eight_channels() {
    let g = depthwise(Conv2d::new(16, 5).padding(2));
    // Of 10 x 10 places inside 4 are left over; of 10 along each of two lines at each side, with 15
    // and 20 taps, 2; and 4 x 4 in the corners, with 3 or 4 rows and columns of taps.
    let alone = 16 * (4 * 25 + 4 * 2 * (15 + 20) + 14 * 14);
    let starts = 16 * (12 + 4 * 2 + 4 + 4 * 2 * 2 + 4 * 4);
    for tally in [forward::<16>(g, false), input_gradient::<32>(g)] {
        assert_eq!(tally.products, macs(&g));
        assert_eq!(tally.splats, (macs(&g) - alone) / 8 + starts, "{tally:?}");
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

#[test]
fn gradient_of_padded_kernels_is_made_of_a_copy_where_channels_are_few() {
    let few = |conv| {
        let input = Shape::new(3, 14, 14);
        Case { conv, input }.geometry()
    };
    for g in [
        few(Conv2d::new(7, 5).padding(2)),
        few(Conv2d::new(7, 5).padding(2).stride(2)),
        few(Conv2d::new(7, 2).padding(1)),
    ] {
        let all = g.filters * g.taps() * g.output_area();
        assert!(macs(&g) < all);
        assert_eq!(parameter_gradient::<16>(g).products, all);
        assert_eq!(parameter_gradient::<32>(g).products, all);
    }
    // Kernels of 3 x 3 know their padding, and many channels make tiles of one tap.
    for g in [
        few(Conv2d::new(7, 3).padding(1)),
        geometry(Conv2d::new(7, 5).padding(2)),
        geometry(Conv2d::new(7, 3).padding(1)),
    ] {
        assert_eq!(parameter_gradient::<16>(g).products, macs(&g));
        assert_eq!(parameter_gradient::<32>(g).products, macs(&g));
    }
}
