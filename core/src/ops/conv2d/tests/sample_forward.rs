//! The forward kernels made for one sample at a time: portable, and by any parts of the tiles.

extern crate std;

use super::forward::Check;
use super::{Case, any_activation, any_case, poolable_activation, poolable_case, weights};
use crate::cortex_m::{FanShape, channel_passes, column_threes, fans_of, kept_filters};
use crate::ops::activation::Activation;
use crate::ops::conv2d::ScalarForward;
use crate::ops::conv2d::scalar::parts;
use crate::testing::*;
use crate::{Conv2d, Padding, Shape};
use proptest::prelude::*;
use std::vec;

/// Output and winners equal those of layer after layer.
fn check_forward(check: &Check) {
    let g = check.case.geometry();
    let own_weights = values(weights(&g), check.seed + 1);
    let bias = values(check.case.biases(), check.seed + 2);
    let input = values(g.channels * g.input_area(), check.seed + 3);
    let (expected, expected_winners) = check.naive(&input, &own_weights, &bias);
    for with_winners in [false, check.pool] {
        // Portably, by the parts of the tiles that it needs, and by all of them.
        let needed = parts::of(&g, check.pool);
        for parts in [None, Some(needed), Some(parts::ALL)] {
            let mut output = vec![f32::NAN; expected.len()];
            let mut winners = vec![99; if with_winners { output.len() } else { 0 }];
            let mut kernel = ScalarForward {
                geometry: g,
                activation: check.activation,
                pool: check.pool,
                input: &input,
                weights: &own_weights,
                bias: &bias,
                output: &mut output,
                winners: &mut winners,
            };
            match parts {
                None => kernel.convolve_portably(),
                Some(parts) => convolve_by_parts(&mut kernel, parts),
            }
            kernel.finish();
            assert_bits::<f32>("output", &output, &expected);
            if with_winners {
                assert_eq!(winners, expected_winners);
            }
        }
    }
}

const FANS_AND_POOL: u8 = parts::FANS | parts::POOL;
const FEW: u8 = parts::FEW | parts::FANS;
const FEW_AND_POOL: u8 = FEW | parts::POOL;
const KEPT_AND_POOL: u8 = parts::KEPT | parts::POOL;
const PASSES_AND_FANS: u8 = parts::PASSES | parts::FANS;
const COLUMNS_AND_POOL: u8 = parts::COLUMNS | parts::POOL;
const COLUMNS_AND_FANS: u8 = parts::COLUMNS | parts::FANS;

fn convolve_by_parts(kernel: &mut ScalarForward<'_>, parts: u8) {
    match parts {
        0 => kernel.convolve_by_tiles::<0>(),
        parts::POOL => kernel.convolve_by_tiles::<{ parts::POOL }>(),
        parts::FANS => kernel.convolve_by_tiles::<{ parts::FANS }>(),
        FANS_AND_POOL => kernel.convolve_by_tiles::<FANS_AND_POOL>(),
        FEW => kernel.convolve_by_tiles::<FEW>(),
        FEW_AND_POOL => kernel.convolve_by_tiles::<FEW_AND_POOL>(),
        parts::KEPT => kernel.convolve_by_tiles::<{ parts::KEPT }>(),
        KEPT_AND_POOL => kernel.convolve_by_tiles::<KEPT_AND_POOL>(),
        parts::PASSES => kernel.convolve_by_tiles::<{ parts::PASSES }>(),
        parts::ONLY_PASSES => kernel.convolve_by_tiles::<{ parts::ONLY_PASSES }>(),
        PASSES_AND_FANS => kernel.convolve_by_tiles::<PASSES_AND_FANS>(),
        parts::COLUMNS => kernel.convolve_by_tiles::<{ parts::COLUMNS }>(),
        COLUMNS_AND_FANS => kernel.convolve_by_tiles::<COLUMNS_AND_FANS>(),
        _ => kernel.convolve_by_tiles::<{ parts::ALL }>(),
    }
}

/// A group's few filters, and rows that are wide enough for lines, if not further apart.
fn few_case() -> impl Strategy<Value = Case> {
    let filters = (1..4_u16, 1..4_u16, 1..4_u16);
    let kernel = (1..6_u16, 1..8_u16, 0..3_u16, 0..3_u16);
    let extents = (1..7_u32, 4..14_u32, 1..3_u16);
    (filters, kernel, extents).prop_map(|(filters, kernel, extents)| {
        let (groups, own, channels) = filters;
        let (rows, columns, above, beside) = kernel;
        let conv = Conv2d::new(groups * own, 1).kernel(rows, columns);
        Case {
            conv: conv
                .padded(Padding::each(above, beside))
                .stride(extents.2)
                .groups(groups),
            input: Shape::new(
                (groups * channels).into(),
                u32::from(rows) + extents.0,
                u32::from(columns) + extents.1,
            ),
        }
    })
}

/// Layers without padding, which need few parts.
fn whole_case() -> impl Strategy<Value = Case> {
    let extents = (
        1..4_u16,
        1..4_u16,
        1..4_u16,
        1..4_u16,
        1..3_u16,
        0..9_u32,
        0..9_u32,
    );
    extents.prop_map(
        |(channels, blocks, rows, columns, stride, height, width)| Case {
            conv: Conv2d::new(4 * blocks, 1)
                .kernel(rows, columns)
                .stride(stride),
            input: Shape::new(
                channels.into(),
                u32::from(rows) + 1 + stride as u32 + height,
                u32::from(columns) + 1 + stride as u32 + width,
            ),
        },
    )
}

#[test]
fn a_convolution_needs_no_parts_that_it_has_no_use_for() {
    let parts = |input, conv: Conv2d, pool| {
        let case = Case { conv, input };
        parts::of(&case.geometry(), pool)
    };
    let map = Shape::new(8, 13, 13);
    let plain = Conv2d::new(16, 3);
    assert_eq!(parts(map, plain, true), parts::POOL);
    assert_eq!(parts(map, plain.kernel(2, 2), false), 0);
    assert_eq!(parts(map, plain.kernel(2, 2).stride(3), false), 0);
    // 11 x 11 outputs leave one over of tiles of four.
    assert_eq!(parts(map, plain, false), parts::FANS);
    assert_eq!(parts(map, plain.padding(1), true), FANS_AND_POOL);
    assert_eq!(parts(map, Conv2d::new(19, 2), false), 0);
    assert_eq!(parts(map, Conv2d::new(18, 5), false), FEW);
    assert_eq!(parts(map, Conv2d::new(18, 2), false), parts::PASSES);
    assert_eq!(
        parts(map, Conv2d::new(18, 3).padding(1), false),
        PASSES_AND_FANS
    );
    assert_eq!(parts(map, Conv2d::new(3, 2), false), parts::ONLY_PASSES);
    // Nine regions of few products.
    assert_eq!(
        parts(Shape::new(5, 4, 6), Conv2d::new(7, 2).padding(1), false),
        parts::ONLY_PASSES
    );
    // Hardly any outputs, all of one row, and a pool.
    assert_eq!(parts(map, Conv2d::new(3, 2).stride(6), false), FEW);
    assert_eq!(parts(map, Conv2d::new(3, 1), false), FEW);
    assert_eq!(parts(map, Conv2d::new(3, 3), true), FEW_AND_POOL);
    assert_eq!(parts(map, Conv2d::new(8, 1), true), COLUMNS_AND_POOL);
    assert_eq!(parts(map, Conv2d::new(8, 3).groups(4), true), FEW_AND_POOL);
    assert_eq!(parts(map, Conv2d::new(8, 5).groups(8), false), FEW);
    assert_eq!(
        parts(map, Conv2d::new(8, 4).groups(8).padding(1), false),
        parts::KEPT
    );
    assert_eq!(
        parts(map, Conv2d::new(24, 3).groups(8), true),
        KEPT_AND_POOL
    );
}

/// Holds a convolution of 8 x 9 x 12 values to the reference.
fn check_one(conv: Conv2d, pool: bool) {
    let input = Shape::new(8, 9, 12);
    check_forward(&Check {
        case: Case { conv, input },
        activation: Activation::Relu,
        pool,
        seed: 7,
    });
}

#[test]
fn outputs_and_filters_that_are_left_over_of_tiles_are_fans() {
    use FanShape::*;
    let padded = Conv2d::new(4, 3).padding(1);
    for (conv, pool, shapes) in [
        (padded, false, [One, Two]),
        (padded, true, [One, Two]),
        (Conv2d::new(1, 3).kernel(3, 7), false, [One, OneLine]),
        (Conv2d::new(2, 1), false, [TwoLines, TwoLines]),
        (Conv2d::new(5, 3).padding(1), true, [Two, OneLine]),
        (Conv2d::new(6, 5).stride(2), false, [Two, Two]),
        (
            Conv2d::new(8, 5).kernel(5, 7).groups(4),
            false,
            [Two, TwoLines],
        ),
        (
            Conv2d::new(8, 5).padding(2).groups(8),
            false,
            [OneLine, OneLine],
        ),
        (Conv2d::new(8, 5).stride(2).groups(8), false, [One, One]),
    ] {
        for shape in shapes {
            let before = fans_of(shape);
            check_one(conv, pool);
            assert!(fans_of(shape) > before, "{conv:?}: {shape:?}");
        }
    }
}

#[test]
fn weights_of_small_filters_over_one_channel_stay_in_registers() {
    for (conv, pool, lists) in [
        // 9 x 12 outputs are more than one list; each is gone through by the needed parts, and by all.
        (Conv2d::new(8, 3).padding(1).groups(8), false, 3),
        (Conv2d::new(16, 2).groups(8), false, 2),
        (Conv2d::new(8, 4).groups(8), true, 3),
    ] {
        let before = kept_filters();
        check_one(conv, pool);
        let filters = kept_filters() - before;
        assert!(
            filters >= usize::from(conv.filters) * lists,
            "{conv:?}: {filters}"
        );
    }
}

#[test]
fn few_filters_get_their_products_channel_by_channel() {
    // Of 9 x 12 values, and as many outputs side by side as there are then.
    for (conv, sides) in [
        (Conv2d::new(1, 3), [2, 4].as_slice()),
        (Conv2d::new(2, 2).groups(2), &[3, 4]),
        (Conv2d::new(3, 2).stride(2), &[2, 4]),
        (Conv2d::new(4, 3).stride(3).groups(2), &[1, 3]),
        (Conv2d::new(6, 4).padding(1), &[1, 4]),
        // More rows of weights than there are registers for.
        (Conv2d::new(2, 3).kernel(7, 2), &[3, 4]),
    ] {
        let before = [1, 2, 3, 4].map(channel_passes);
        check_one(conv, false);
        for outputs in 1..5 {
            let is_taken = channel_passes(outputs) > before[outputs - 1];
            assert_eq!(is_taken, sides.contains(&outputs), "{conv:?}: {outputs}");
        }
    }
}

#[test]
fn three_channels_of_a_kernel_of_one_column_are_taken_at_once() {
    for conv in [
        Conv2d::new(8, 1),
        Conv2d::new(5, 1).stride(2),
        Conv2d::new(4, 1).kernel(4, 1).padding(0),
    ] {
        let before = column_threes();
        check_one(conv, false);
        assert!(column_threes() > before, "{conv:?}");
    }
    let before = column_threes();
    check_one(Conv2d::new(8, 3), false);
    assert_eq!(column_threes(), before);
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn forward_of_few_filters_equals_the_reference(
        case in few_case(),
        activation in any_activation(),
        seed in 0..1000_u32,
    ) {
        check_forward(&Check { case, activation, pool: false, seed });
    }

    #[test]
    fn forward_equals_the_reference(
        case in any_case(),
        activation in any_activation(),
        seed in 0..1000_u32,
    ) {
        check_forward(&Check { case, activation, pool: false, seed });
    }

    #[test]
    fn forward_without_padding_equals_the_reference(
        case in whole_case(),
        activation in poolable_activation(),
        pool in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        check_forward(&Check { case, activation, pool, seed });
    }

    #[test]
    fn pooled_forward_equals_the_reference(
        case in poolable_case(),
        activation in poolable_activation(),
        seed in 0..1000_u32,
    ) {
        check_forward(&Check { case, activation, pool: true, seed });
    }
}
