//! The kernels made for one sample at a time.

extern crate std;

use super::forward::Check;
use super::gradients::{unpooled, winners};
use super::{Case, any_activation, any_case, poolable_activation, poolable_case, weights};
use crate::Sgd;
use crate::ops::conv2d::{ConvSampleGradient, Gradient, ScalarForward, reference, sample_scratch};
use crate::ops::tensor::Tensor;
use crate::testing::*;
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
        for by_tiles in [false, true] {
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
            if by_tiles {
                kernel.convolve_by_tiles();
            } else {
                kernel.convolve_portably();
            }
            kernel.finish();
            assert_bits::<f32>("output", &output, &expected);
            if with_winners {
                assert_eq!(winners, expected_winners);
            }
        }
    }
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

/// All three gradients, applied, equal those of the naive loops.
fn check_gradient(case: &Case, pooled: bool, propagate: bool, uses: [Use; 2], seed: u32) {
    let g = if pooled {
        case.pooled()
    } else {
        case.geometry()
    };
    let input = values(g.channels * g.input_area(), seed);
    let mut own_weights = Parameters::new(weights(&g), seed + 1);
    let mut bias = Parameters::new(case.biases(), seed + 3);
    let len = g.filters * g.output_area();
    let gradient = values(if pooled { len / 4 } else { len }, seed + 5);
    let winners = winners::<f32>(gradient.len(), seed);
    let map = if pooled {
        unpooled(&g, &gradient, &winners)
    } else {
        gradient.clone()
    };

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
        sample_scratch(&case.conv, case.input)
    };
    ConvSampleGradient {
        geometry: g,
        input: if frozen { &[] } else { &input },
        d_output: if pooled {
            Gradient::Pooled(&gradient, &winners)
        } else {
            Gradient::Whole(&gradient)
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
        propagate: bool,
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, false, propagate, uses, seed);
    }

    #[test]
    fn gradient_behind_a_pool_equals_the_reference(
        case in poolable_case(),
        propagate: bool,
        uses in [any_use(), any_use()],
        seed in 0..1000_u32,
    ) {
        check_gradient(&case, true, propagate, uses, seed);
    }
}
