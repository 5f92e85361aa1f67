//! The gradients of the input and of the parameters.

extern crate std;

use super::{Case, any_case, poolable_case, weights};
use crate::lanes::Lanes;
use crate::ops::activation::{Activation, GradientMask};
use crate::ops::conv2d::{
    ConvGeometry, ConvInputGradient, ConvParameterGradient, Gradient, PooledParameterGradient,
    Spread, group_values, reference, splits_windows, training_scratch,
};
use crate::testing::*;
use crate::{Conv2d, Shape};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

struct Input {
    geometry: ConvGeometry,
    seed: u32,
}

impl AtWidth for Input {
    fn run<L: Lanes>(&self, zero: L) {
        let g = self.geometry;
        let weights = values(weights(&g), self.seed + 1);
        let gradients = tensors::<L>(g.filters * g.output_area(), self.seed + 2);
        let inputs = tensors::<L>(g.channels * g.input_area(), self.seed + 3);
        let outputs = pack(zero, &inputs);
        let relu = GradientMask {
            activation: Activation::Relu,
            outputs: &outputs,
        };
        for mask in [GradientMask::NONE, relu] {
            let mut d_input = unwritten(zero, g.channels * g.input_area());
            let kernel = ConvInputGradient {
                geometry: g,
                weights: &weights,
                d_output: &pack(zero, &gradients),
                d_input: &mut d_input,
                mask,
            };
            run(zero, kernel);
            for (index, gradient) in gradients.iter().enumerate() {
                let mut expected = vec![0.0; d_input.len()];
                reference::input_gradient(&g, &weights, gradient, &mut expected);
                if mask.activation == Activation::Relu {
                    mask_by_relu(&inputs[index], &mut expected);
                }
                assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
            }
        }
    }
}

/// Gradients of parameters: from the whole output, and from behind a pool of it.
struct Parameters {
    case: Case,
    pooled: bool,
    /// Lanes left empty.
    missing: usize,
    seed: u32,
}

impl AtWidth for Parameters {
    fn run<L: Lanes>(&self, zero: L) {
        let g = self.geometry();
        let samples = L::LANES - self.missing % L::LANES;
        let inputs = self.tensors::<L>(g.channels * g.input_area(), 1);
        let input = pack(zero, &inputs);
        let (gradient, winners, maps) = self.gradients(zero);
        let expected = self.naive(samples, &inputs, &maps);
        if self.pooled && splits_windows(&self.case.conv) {
            let mut sums = self.sums();
            let kernel = PooledParameterGradient {
                geometry: g,
                input: &input,
                gradient: &gradient,
                winners: &winners,
                scratch: &mut self.scratch(zero, self.case.conv),
                sums: &mut sums,
                samples,
            };
            run(zero, kernel);
            assert_bits::<L>("parameter gradient of a pool", &sums, &expected);
        }
        let d_output = if self.pooled {
            Gradient::Pooled(&gradient, &winners)
        } else {
            Gradient::Whole(&gradient)
        };
        // The general kernel works in what convolutions have that never split windows.
        let unsplit = self.case.conv.padding(1);
        let mut sums = self.sums();
        let kernel = ConvParameterGradient {
            geometry: g,
            input: &input,
            d_output,
            scratch: &mut self.scratch(zero, unsplit),
            sums: &mut sums,
            samples,
        };
        run(zero, kernel);
        assert_bits::<L>("parameter gradient", &sums, &expected);
    }
}

impl Parameters {
    /// As much as a planner gives `conv` between the case's shapes.
    fn scratch<L: Lanes>(&self, zero: L, conv: Conv2d) -> Vec<L> {
        let (input, inner) = (self.case.input, self.case.output());
        let extent = self.geometry().output;
        let len = training_scratch(&conv, input, inner, extent, self.pooled, false);
        unwritten(zero, len)
    }

    fn geometry(&self) -> ConvGeometry {
        if self.pooled {
            self.case.pooled()
        } else {
            self.case.geometry()
        }
    }

    /// What the group's sums hold before this packet: no -0, which no sum from 0 on can be, and which
    /// a tap that sees nothing but padding would leave where the reference adds 0.
    fn sums(&self) -> Vec<f32> {
        let Case { conv, input } = &self.case;
        let mut sums = values(group_values(conv, *input), self.seed + 3);
        sums.iter_mut().for_each(|sum| *sum += 0.0);
        sums
    }

    /// The sums behind it, sample after sample.
    fn naive(&self, samples: usize, inputs: &[Vec<f32>], maps: &[Vec<f32>]) -> Vec<f32> {
        let g = self.geometry();
        let mut sums = self.sums();
        for (input, map) in inputs.iter().zip(maps).take(samples) {
            let mut own = vec![0.0; sums.len()];
            let (d_weights, d_bias) = own.split_at_mut(weights(&g));
            reference::parameter_gradient(&g, input, map, d_weights, d_bias);
            for (sum, value) in sums.iter_mut().zip(&own) {
                *sum += value;
            }
        }
        sums
    }

    /// One tensor for each lane; the missing samples' lanes hold NaN, which must not spread.
    fn tensors<L: Lanes>(&self, len: usize, seed: u32) -> Vec<Vec<f32>> {
        let mut tensors = tensors::<L>(len, self.seed + seed);
        for tensor in tensors.iter_mut().rev().take(self.missing % L::LANES) {
            tensor.fill(f32::NAN);
        }
        tensors
    }

    /// The gradient and the winners that the kernel is given, and each lane's gradient in full.
    fn gradients<L: Lanes>(&self, zero: L) -> (Vec<L>, Vec<u8>, Vec<Vec<f32>>) {
        let g = self.geometry();
        let len = g.filters * g.output_area();
        if !self.pooled {
            let maps = self.tensors::<L>(len, 2);
            return (pack(zero, &maps), vec![], maps);
        }
        let pooled = self.tensors::<L>(len / 4, 2);
        let winners = winners::<L>(len / 4, self.seed);
        let maps = pooled.iter().enumerate().map(|(index, values)| {
            let winners = lane_bytes::<L>(&winners, index);
            unpooled(&g, values, &winners)
        });
        let maps = maps.collect();
        (pack(zero, &pooled), winners, maps)
    }
}

/// Winners of windows: one of four places, or none.
pub(super) fn winners<L: Lanes>(len: usize, seed: u32) -> Vec<u8> {
    let places = [0, 1, 2, 3, u8::MAX];
    let values = values(len * L::LANES, seed + 7);
    let places = values
        .iter()
        .map(|value| places[value.to_bits() as usize % 5]);
    places.collect()
}

/// Each value at the winner of its window, 0 elsewhere.
pub(super) fn unpooled(g: &ConvGeometry, values: &[f32], winners: &[u8]) -> Vec<f32> {
    let [rows, columns] = g.pooled_output();
    let mut maps = vec![0.0; g.filters * g.output_area()];
    for (at, (value, winner)) in values.iter().zip(winners).enumerate() {
        let (filter, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
        if *winner < 4 {
            let y = filter * g.output[0] + 2 * row + usize::from(winner / 2);
            maps[y * g.output[1] + 2 * column + usize::from(winner % 2)] = *value;
        }
    }
    maps
}

struct Spreading(ConvGeometry, u32);

impl AtWidth for Spreading {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        let len = g.filters * g.output_area();
        let gradients = tensors::<L>(len / 4, seed);
        let winners = winners::<L>(len / 4, seed);
        let mut maps = unwritten(zero, len);
        let kernel = Spread {
            geometry: g,
            gradient: &pack(zero, &gradients),
            winners: &winners,
            maps: &mut maps,
        };
        run(zero, kernel);
        for (index, gradient) in gradients.iter().enumerate() {
            let expected = unpooled(&g, gradient, &lane_bytes::<L>(&winners, index));
            assert_bits::<L>("spread gradient", &lane(&maps, index), &expected);
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn input_gradient_equals_the_reference(case in any_case(), seed in 0..1000_u32) {
        at_every_width(&Input { geometry: case.geometry(), seed });
    }

    #[test]
    fn input_gradient_behind_a_pool_equals_the_reference(
        case in poolable_case(),
        seed in 0..1000_u32,
    ) {
        at_every_width(&Input { geometry: case.pooled(), seed });
    }

    #[test]
    fn parameter_gradient_equals_the_reference(
        case in any_case(),
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Parameters { case, pooled: false, missing, seed });
    }

    #[test]
    fn parameter_gradient_behind_a_pool_equals_the_reference(
        case in poolable_case(),
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Parameters { case, pooled: true, missing, seed });
        at_every_width(&Spreading(case.pooled(), seed));
    }

    /// Of the cases above, few have none of a pool's gradient in the padding.
    #[test]
    fn parameter_gradient_by_split_windows_equals_the_reference(
        case in poolable_case(),
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        let Conv2d { filters, groups, bias, .. } = case.conv;
        let conv = Conv2d { bias, ..Conv2d::new(filters, 3).groups(groups) };
        let input = Shape::new(case.input.channels, case.input.height + 4, case.input.width + 4);
        let case = Case { conv, input };
        at_every_width(&Parameters { case, pooled: true, missing, seed });
    }
}
