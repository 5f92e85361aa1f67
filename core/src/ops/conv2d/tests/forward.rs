//! The forward pass, with what is fused behind it.

extern crate std;

use super::{Case, any_activation, any_case, poolable_activation, poolable_case, weights};
use crate::lanes::Lanes;
use crate::ops::activation::{Activation, reference as activation};
use crate::ops::conv2d::{ConvForward, reference};
use crate::ops::pool;
use crate::testing::*;
use crate::{Pool2d, Shape};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

pub(super) struct Check {
    pub case: Case,
    pub activation: Activation,
    pub pool: bool,
    pub seed: u32,
}

impl AtWidth for Check {
    fn run<L: Lanes>(&self, zero: L) {
        let g = self.case.geometry();
        let weights = values(weights(&g), self.seed + 1);
        let bias = values(self.case.biases(), self.seed + 2);
        let inputs = tensors::<L>(g.channels * g.input_area(), self.seed + 3);
        let area = if self.pool {
            (g.output[0] / 2) * (g.output[1] / 2)
        } else {
            g.output_area()
        };
        for with_winners in [false, self.pool] {
            let mut output = unwritten(zero, g.filters * area);
            let mut winners = vec![
                99;
                if with_winners {
                    output.len() * L::LANES
                } else {
                    0
                }
            ];
            let forward = ConvForward {
                geometry: g,
                activation: self.activation,
                pool: self.pool,
                input: &pack(zero, &inputs),
                weights: &weights,
                bias: &bias,
                output: &mut output,
                winners: &mut winners,
            };
            run(zero, forward);
            for (index, input) in inputs.iter().enumerate() {
                let (expected, expected_winners) = self.naive(input, &weights, &bias);
                assert_bits::<L>("output", &lane(&output, index), &expected);
                if with_winners {
                    assert_eq!(lane_bytes::<L>(&winners, index), expected_winners);
                }
            }
        }
    }
}

impl Check {
    /// Layer after layer; a window that the ReLU made all 0 has no winner.
    pub(super) fn naive(
        &self,
        input: &[f32],
        weights: &[f32],
        bias: &[f32],
    ) -> (Vec<f32>, Vec<u8>) {
        let g = &self.case.geometry();
        let mut output = vec![0.0; g.filters * g.output_area()];
        reference::forward(g, input, weights, bias, &mut output);
        let before = output.clone();
        activation::forward(self.activation, &before, &mut output);
        if !self.pool {
            return (output, vec![]);
        }
        let shape = self.case.output();
        let halved = Shape::new(shape.channels, shape.height / 2, shape.width / 2);
        let pool = pool::PoolGeometry::new(&Pool2d::new(2), shape, halved);
        let mut pooled = vec![0.0; g.filters * pool.output[0] * pool.output[1]];
        let mut winners = vec![0; pooled.len()];
        pool::reference::max_forward(&pool, &output, &mut pooled, &mut winners);
        for (winner, value) in winners.iter_mut().zip(&pooled) {
            if self.activation == Activation::Relu && *value <= 0.0 {
                *winner = u8::MAX;
            }
        }
        (pooled, winners)
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn plain_equals_the_reference(
        case in any_case(),
        activation in any_activation(),
        seed in 0..1000_u32,
    ) {
        at_every_width(&Check { case, activation, pool: false, seed });
    }

    #[test]
    fn pooled_equals_the_reference(
        case in poolable_case(),
        activation in poolable_activation(),
        seed in 0..1000_u32,
    ) {
        at_every_width(&Check { case, activation, pool: true, seed });
    }
}
