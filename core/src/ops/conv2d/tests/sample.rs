//! The backward kernels made for one sample at a time.

extern crate std;

use super::gradients::{unpooled, winners};
use super::{Case, ConvGeometry, any_case, poolable_case, weights};
use crate::ops::conv2d::{ConvSampleGradient, SampleOutputGradient, reference, sample_scratch};
use crate::ops::tensor::Tensor;
use crate::testing::*;
use crate::{Conv2d, Sgd, Shape};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

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

properties! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn gradient_equals_the_reference(
        case in any_case(),
        known in any_known(),
        propagate in any::<bool>(),
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, known, propagate, uses, seed);
    }

    #[test]
    fn gradient_of_single_taps_equals_the_reference(
        case in pointwise_case(),
        known in any_known(),
        propagate in any::<bool>(),
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, known, propagate, uses, seed);
    }

    #[test]
    fn gradient_behind_a_pool_equals_the_reference(
        case in poolable_case(),
        propagate in any::<bool>(),
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, Known::Pooled, propagate, uses, seed);
    }
}
