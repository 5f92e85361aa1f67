//! The kernels made for one sample at a time.

extern crate std;

use super::forward::Check;
use super::gradients::{unpooled, winners};
use super::{
    Case, ConvGeometry, any_activation, any_case, poolable_activation, poolable_case, weights,
};
use crate::ops::conv2d::scalar::parts;
use crate::ops::conv2d::{
    ConvSampleGradient, SampleOutputGradient, ScalarForward, reference, sample_scratch,
};
use crate::ops::tensor::Tensor;
use crate::testing::*;
use crate::{Conv2d, Sgd, Shape};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

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

const WINDOWED: u8 = parts::SINGLES | parts::POOL;
const LINED: u8 = parts::SINGLES | parts::LINES;

fn convolve_by_parts(kernel: &mut ScalarForward<'_>, parts: u8) {
    match parts {
        0 => kernel.convolve_by_tiles::<0>(),
        parts::POOL => kernel.convolve_by_tiles::<{ parts::POOL }>(),
        parts::SINGLES => kernel.convolve_by_tiles::<{ parts::SINGLES }>(),
        WINDOWED => kernel.convolve_by_tiles::<WINDOWED>(),
        LINED => kernel.convolve_by_tiles::<LINED>(),
        _ => kernel.convolve_by_tiles::<{ parts::ALL }>(),
    }
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
    assert_eq!(parts(map, plain.kernel(1, 1), false), 0);
    assert_eq!(parts(map, Conv2d::new(16, 4), false), 0);
    // 11 x 11 outputs leave 33 over of tiles of four.
    assert_eq!(parts(map, plain, false), parts::SINGLES);
    assert_eq!(parts(map, plain.padding(1), true), WINDOWED);
    assert_eq!(parts(map, Conv2d::new(17, 4), false), LINED);
    assert_eq!(
        parts(map, Conv2d::new(17, 4).stride(3), false),
        parts::SINGLES
    );
    assert_eq!(parts(map, Conv2d::new(8, 3).groups(4), false), LINED);
    assert_eq!(parts(map, Conv2d::new(8, 5).groups(8), false), LINED);
    assert_eq!(
        parts(map, Conv2d::new(8, 4).groups(8), false),
        parts::SINGLES
    );
}

/// What becomes of a gradient.
#[derive(Clone, Copy, Debug)]
enum Use {
    Nothing,
    Descend,
    Accumulate,
}

const SGD: Sgd = Sgd {
    weight_decay: 0.01,
    ..Sgd::new(0.1)
};

/// Parameters and the gradient so far, before or after a sample.
#[derive(Clone)]
struct Parameters {
    values: Vec<f32>,
    gradient: Vec<f32>,
}

impl Parameters {
    fn new(len: usize, seed: u32) -> Self {
        Self {
            values: values(len, seed),
            gradient: values(len, seed + 1),
        }
    }

    fn tensor(&mut self, used: Use) -> Tensor<'_> {
        match used {
            Use::Nothing => Tensor::Frozen(&self.values),
            Use::Descend => Tensor::Descend {
                values: &mut self.values,
                sgd: &SGD,
            },
            Use::Accumulate => Tensor::Accumulate {
                values: &self.values,
                gradient: &mut self.gradient,
            },
        }
    }

    /// The same by the whole gradient.
    fn take(&mut self, used: Use, gradient: &[f32]) {
        match used {
            Use::Nothing => {}
            Use::Descend => SGD
                .update(&mut self.values, gradient, &mut [], 0.0_f32)
                .unwrap(),
            Use::Accumulate => {
                let sums = self.gradient.iter_mut().zip(gradient);
                sums.for_each(|(sum, g)| *sum += g);
            }
        }
    }

    fn assert_equal(&self, what: &str, expected: &Self) {
        assert_bits::<f32>(what, &self.values, &expected.values);
        assert_bits::<f32>(what, &self.gradient, &expected.gradient);
    }
}

/// What is known of the gradient of the output.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// All of it.
    Whole,
    /// One value of each 2 x 2 window.
    Pooled,
    /// One value of each map, and where it is; or that it is everywhere.
    Mapped { masked: bool },
}

/// Gradient of the output, or what is kept of it, and the bytes beside that.
fn output_gradient(g: &ConvGeometry, known: Known, seed: u32) -> (Vec<f32>, Vec<u8>) {
    let len = g.filters * g.output_area();
    match known {
        Known::Whole => (values(len, seed), vec![]),
        Known::Pooled => (values(len / 4, seed), winners::<f32>(len / 4, seed)),
        Known::Mapped { masked } => {
            let draws = values(if masked { len.div_ceil(8) } else { 0 }, seed + 1);
            let bits = draws.iter().map(|draw| (draw.to_bits() >> 11) as u8);
            (values(g.filters, seed), bits.collect())
        }
    }
}

/// The same, all of it.
fn spread_out(g: &ConvGeometry, known: Known, gradient: &[f32], kept: &[u8]) -> Vec<f32> {
    match known {
        Known::Whole => gradient.to_vec(),
        Known::Pooled => unpooled(g, gradient, kept),
        Known::Mapped { masked } => (0..g.filters * g.output_area())
            .map(|at| match !masked || kept[at / 8] >> (at % 8) & 1 == 1 {
                true => gradient[at / g.output_area()],
                false => 0.0,
            })
            .collect(),
    }
}

/// All three gradients, applied, equal those of the naive loops.
fn check_gradient(case: &Case, known: Known, propagate: bool, uses: [Use; 2], seed: u32) {
    let pooled = known == Known::Pooled;
    let g = if pooled {
        case.pooled()
    } else {
        case.geometry()
    };
    let input = values(g.channels * g.input_area(), seed);
    let mut own_weights = Parameters::new(weights(&g), seed + 1);
    let mut bias = Parameters::new(case.biases(), seed + 3);
    let (gradient, kept) = output_gradient(&g, known, seed + 5);
    let map = spread_out(&g, known, &gradient, &kept);

    let (mut expected_weights, mut expected_bias) = (own_weights.clone(), bias.clone());
    let mut expected = vec![0.0; if propagate { input.len() } else { 0 }];
    if propagate {
        reference::input_gradient(&g, &own_weights.values, &map, &mut expected);
    }
    let (mut d_weights, mut d_bias) = (vec![0.0; weights(&g)], vec![0.0; case.biases()]);
    reference::parameter_gradient(&g, &input, &map, &mut d_weights, &mut d_bias);
    expected_weights.take(uses[0], &d_weights);
    expected_bias.take(uses[1], &d_bias);

    let mut d_input = vec![f32::NAN; expected.len()];
    let frozen = matches!(uses[0], Use::Nothing);
    let sums = if frozen {
        0
    } else {
        sample_scratch(&case.geometry(), pooled)
    };
    ConvSampleGradient {
        geometry: g,
        input: if frozen { &[] } else { &input },
        d_output: match known {
            Known::Whole => SampleOutputGradient::Whole(&gradient),
            Known::Pooled => SampleOutputGradient::Pooled(&gradient, &kept),
            Known::Mapped { .. } => SampleOutputGradient::Mapped(&gradient, &kept),
        },
        d_input: &mut d_input,
        weights: own_weights.tensor(uses[0]),
        bias: bias.tensor(uses[1]),
        scratch: &mut vec![f32::NAN; sums],
    }
    .run();
    assert_bits::<f32>("input gradient", &d_input, &expected);
    own_weights.assert_equal("weights", &expected_weights);
    bias.assert_equal("biases", &expected_bias);
}

fn any_known() -> impl Strategy<Value = Known> {
    prop_oneof![
        Just(Known::Whole),
        Just(Known::Mapped { masked: true }),
        Just(Known::Mapped { masked: false })
    ]
}

/// A kernel of one tap over every input.
fn pointwise_case() -> impl Strategy<Value = Case> {
    let extents = (
        1..3_u16,
        1..11_u16,
        1..11_u16,
        1..7_u32,
        1..13_u32,
        any::<bool>(),
    );
    extents.prop_map(|(groups, channels, filters, height, width, bias)| Case {
        conv: Conv2d {
            bias,
            ..Conv2d::new(groups * filters, 1).groups(groups)
        },
        input: Shape::new(u32::from(groups * channels), height, width),
    })
}

fn any_use() -> impl Strategy<Value = Use> {
    prop_oneof![
        Just(Use::Nothing),
        Just(Use::Descend),
        Just(Use::Accumulate)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

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
        pool: bool,
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

    #[test]
    fn gradient_equals_the_reference(
        case in any_case(),
        known in any_known(),
        propagate: bool,
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, known, propagate, uses, seed);
    }

    #[test]
    fn gradient_of_single_taps_equals_the_reference(
        case in pointwise_case(),
        known in any_known(),
        propagate: bool,
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, known, propagate, uses, seed);
    }

    #[test]
    fn gradient_behind_a_pool_equals_the_reference(
        case in poolable_case(),
        propagate: bool,
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, Known::Pooled, propagate, uses, seed);
    }
}
