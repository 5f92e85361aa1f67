//! Which taps are inside, by trying each; what sees no input, and what no output sees.

extern crate std;

use super::Case;
use crate::lanes::Lanes;
use crate::ops::activation::{Activation, GradientMask};
use crate::ops::conv2d::scalar::parts;
use crate::ops::conv2d::{
    ConvForward, ConvGeometry, ConvInputGradient, ConvSampleGradient, SampleOutputGradient,
    ScalarForward, reference,
};
use crate::ops::tensor::Tensor;
use crate::testing::*;
use crate::{Conv2d, Padding, Shape};
use std::vec;
use std::vec::Vec;

/// Every small case along the rows; the columns are always one.
fn each_small_case(mut check: impl FnMut(&ConvGeometry)) -> usize {
    let mut count = 0;
    let ranges = [1..4, 1..4, 1..4, 0..5, 0..5, 1..6];
    let mut at = ranges
        .clone()
        .map(|range: std::ops::Range<u16>| range.start);
    loop {
        let [kernel, stride, dilation, top, bottom, height] = at;
        if (kernel - 1) * dilation < height + top + bottom {
            let mut conv = Conv2d::new(1, 1).kernel(kernel, 1);
            conv.stride[0] = stride;
            conv.dilation[0] = dilation;
            conv.padding = Padding {
                top,
                bottom,
                ..Padding::NONE
            };
            let input = Shape::new(1, u32::from(height), 1);
            check(&Case { conv, input }.geometry());
            count += 1;
        }
        let Some(next) = (0..at.len()).find(|index| at[*index] + 1 < ranges[*index].end) else {
            return count;
        };
        at[next] += 1;
        at[..next].fill_with({
            let mut starts = ranges.iter().map(|range| range.start);
            move || starts.next().unwrap_or_default()
        });
    }
}

/// Kernel rows of output row `y` that fall inside the input.
fn inside(g: &ConvGeometry, y: usize) -> Vec<usize> {
    let rows = 0..g.kernel[0];
    rows.filter(|ky| {
        let row = y * g.stride[0] + ky * g.dilation[0];
        row >= g.padding[0] && row < g.input[0] + g.padding[0]
    })
    .collect()
}

#[test]
fn taps_and_interior_are_those_found_by_trying_each() {
    let mut lonely = 0;
    let count = each_small_case(|g| {
        for y in 0..g.output[0] {
            let expected = inside(g, y);
            assert_eq!(
                g.valid_taps(0, y).collect::<Vec<_>>(),
                expected,
                "{g:?}, {y}"
            );
            let whole = expected.len() == g.kernel[0] && g.dilation[0] == 1;
            assert_eq!(g.interior(0).contains(&y), whole, "{g:?}, {y}");
            lonely += usize::from(expected.is_empty());
        }
        assert!(g.interior(0).end <= g.output[0], "{g:?}");
    });
    assert!(
        count > 2000 && lonely > 2000,
        "{count} cases, {lonely} outputs without input"
    );
}

/// Two rows with stride 3 and a kernel of 1: the second row is between two outputs, and the
/// outputs above and below see padding alone.
const SPARSE: Case = Case {
    conv: Conv2d {
        filters: 1,
        kernel: [1, 1],
        stride: [3, 1],
        padding: Padding {
            top: 3,
            left: 0,
            bottom: 2,
            right: 1,
        },
        dilation: [1, 1],
        groups: 1,
        bias: true,
    },
    input: Shape::new(1, 2, 1),
};

#[test]
fn an_output_without_input_is_its_bias_and_an_input_nobody_reads_has_no_gradient() {
    let g = SPARSE.geometry();
    assert_eq!(g.output, [3, 2]);
    let expected = [-0.0, -0.0, 6.0, -0.0, -0.0, -0.0];
    let mut output = vec![f32::NAN; 6];
    reference::forward(&g, &[3.0, 5.0], &[2.0], &[-0.0], &mut output);
    assert_bits::<f32>("naive output", &output, &expected);
    let mut d_input = vec![f32::NAN; 2];
    reference::input_gradient(&g, &[-2.0], &[7.0; 6], &mut d_input);
    assert_bits::<f32>("naive gradient", &d_input, &[-14.0, 0.0]);
    at_every_width(&Sparse);
}

struct Sparse;

impl AtWidth for Sparse {
    fn run<L: Lanes>(&self, zero: L) {
        let g = SPARSE.geometry();
        let mut output = unwritten(zero, 6);
        let forward = ConvForward {
            geometry: g,
            activation: Activation::Identity,
            pool: false,
            input: &[zero.splat(3.0), zero.splat(5.0)],
            weights: &[2.0],
            bias: &[-0.0],
            output: &mut output,
            winners: &mut [],
        };
        run(zero, forward);
        let expected = [-0.0, -0.0, 6.0, -0.0, -0.0, -0.0];
        assert_bits::<L>("output", &lane(&output, 0), &expected);
        let mut d_input = unwritten(zero, 2);
        let backward = ConvInputGradient {
            geometry: g,
            weights: &[-2.0],
            d_output: &[zero.splat(7.0); 6],
            d_input: &mut d_input,
            mask: GradientMask::NONE,
        };
        run(zero, backward);
        assert_bits::<L>("gradient", &lane(&d_input, 0), &[-14.0, 0.0]);
    }
}

#[test]
fn one_samples_kernels_agree_where_nothing_is_seen() {
    let g = SPARSE.geometry();
    let mut output = vec![f32::NAN; 6];
    ScalarForward {
        geometry: g,
        activation: Activation::Identity,
        pool: false,
        input: &[3.0, 5.0],
        weights: &[2.0],
        bias: &[-0.0],
        output: &mut output,
        winners: &mut [],
    }
    .run::<{ parts::ALL }>();
    let expected = [-0.0, -0.0, 6.0, -0.0, -0.0, -0.0];
    assert_bits::<f32>("output", &output, &expected);
    let (mut d_input, mut d_weight, mut d_bias) = (vec![f32::NAN; 2], [0.0], [0.0]);
    ConvSampleGradient {
        geometry: g,
        input: &[3.0, 5.0],
        d_output: SampleOutputGradient::Whole(&[7.0; 6]),
        d_input: &mut d_input,
        weights: Tensor::Accumulate {
            values: &[-2.0],
            gradient: &mut d_weight,
        },
        bias: Tensor::Accumulate {
            values: &[-0.0],
            gradient: &mut d_bias,
        },
        scratch: &mut [f32::NAN],
    }
    .run();
    assert_bits::<f32>("gradient", &d_input, &[-14.0, 0.0]);
    assert_eq!((d_weight, d_bias), ([21.0], [42.0]));
}
