//! The forward pass, with what is fused behind it.

extern crate std;

use super::{any_geometry, poolable_geometry, weights};
use crate::lanes::Lanes;
use crate::ops::activation::{Activation, reference as activation};
use crate::ops::conv2d::{Forward, Geometry, reference};
use crate::ops::pool;
use crate::testing::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

pub(super) struct Check {
    pub geometry: Geometry,
    pub relu: bool,
    pub pool: bool,
    pub seed: u32,
}

impl AtWidth for Check {
    fn run<L: Lanes>(&self, zero: L) {
        let g = self.geometry;
        let weights = values(weights(&g), self.seed + 1);
        let bias = values(g.filters, self.seed + 2);
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
            let forward = Forward {
                geometry: g,
                relu: self.relu,
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
        let g = &self.geometry;
        let mut output = vec![0.0; g.filters * g.output_area()];
        reference::forward(g, input, weights, bias, &mut output);
        if self.relu {
            let input = output.clone();
            activation::forward(Activation::Relu, &input, &mut output);
        }
        if !self.pool {
            return (output, vec![]);
        }
        let pool = pool::Geometry {
            channels: g.filters,
            input: g.output,
            output: g.output.map(|extent| extent / 2),
            window: [2, 2],
            stride: [2, 2],
            before: [0, 0],
            after: [0, 0],
            counts_padding: true,
        };
        let mut pooled = vec![0.0; g.filters * pool.output[0] * pool.output[1]];
        let mut winners = vec![0; pooled.len()];
        pool::reference::max_forward(&pool, &output, &mut pooled, &mut winners);
        for (winner, value) in winners.iter_mut().zip(&pooled) {
            if self.relu && *value <= 0.0 {
                *winner = u8::MAX;
            }
        }
        (pooled, winners)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn plain_equals_the_reference(geometry in any_geometry(), relu: bool, seed in 0..1000_u32) {
        at_every_width(&Check { geometry, relu, pool: false, seed });
    }

    #[test]
    fn pooled_equals_the_reference(
        geometry in poolable_geometry(),
        relu: bool,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Check { geometry, relu, pool: true, seed });
    }
}
