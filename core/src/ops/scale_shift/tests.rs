//! The fast kernels equal the naive ones to the bit, and these are the slopes.

extern crate std;

mod channels_last;

use super::*;
use crate::Sgd;
use crate::ops::tensor::Tensor;
use crate::testing::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

struct Case {
    channels: usize,
    map: usize,
    /// Lanes left empty.
    missing: usize,
    seed: u32,
}

impl Case {
    fn parameters(&self) -> [Vec<f32>; 2] {
        [3, 4].map(|more| values(self.channels, self.seed + more))
    }
}

impl AtWidth for Case {
    fn run<L: Lanes>(&self, zero: L) {
        let len = self.channels * self.map;
        let samples = L::LANES - self.missing % L::LANES;
        let [scale, shift] = self.parameters();
        let inputs = tensors::<L>(len, self.seed);
        let d_outputs = tensors::<L>(len, self.seed + 1);
        let mut sums = values(parameter_values(self.channels), self.seed + 2);
        let mut expected_sums = sums.clone();
        let packed = pack(zero, &inputs);
        let mut gradient = pack(zero, &d_outputs);
        let parameters = ScaleShiftParameterGradient {
            input: &packed,
            d_output: &gradient,
            map: self.map,
            samples,
            sums: &mut sums,
        };
        run(zero, parameters);
        let backward = ScaleShiftInputGradient {
            gradient: &mut gradient,
            map: self.map,
            scale: &scale,
        };
        run(zero, backward);
        let (d_scale, d_shift) = expected_sums.split_at_mut(self.channels);
        for (input, d) in inputs.iter().zip(&d_outputs).take(samples) {
            reference::parameter_gradient(self.map, input, d, [d_scale, d_shift]);
        }
        assert_bits::<L>("parameters", &sums, &expected_sums);
        for (index, d_output) in d_outputs.iter().enumerate() {
            let mut expected = vec![0.0; len];
            reference::input_gradient(self.map, d_output, &scale, &mut expected);
            assert_bits::<L>("input gradient", &lane(&gradient, index), &expected);
        }
        for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
            let mut output = packed.clone();
            let forward = ScaleShift {
                values: &mut output,
                map: self.map,
                scale: &scale,
                shift: &shift,
                activation,
            };
            run(zero, forward);
            for (index, input) in inputs.iter().enumerate() {
                let mut expected = vec![0.0; len];
                reference::forward(activation, self.map, input, [&scale, &shift], &mut expected);
                assert_bits::<L>("output", &lane(&output, index), &expected);
            }
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scale_and_shift_equal_the_reference(
        channels in 1..10_usize,
        map in 1..12_usize,
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Case { channels, map, missing, seed });
    }

    #[test]
    fn a_sample_gives_what_the_reference_does(
        channels in 1..6_usize,
        map in 1..12_usize,
        trained in [any::<bool>(), any::<bool>()],
        propagate in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        let case = Case { channels, map, missing: 0, seed };
        descends(&case, trained, propagate);
        accumulates(&case);
    }
}

/// The input's gradient is that of the scales as they were before the step.
fn descends(case: &Case, trained: [bool; 2], propagate: bool) {
    let len = case.channels * case.map;
    let (input, d_output) = (values(len, case.seed), values(len, case.seed + 1));
    let [mut scale, mut shift] = case.parameters();
    let sgd = Sgd::new(0.25);
    let mut gradients = [vec![0.0; case.channels], vec![0.0; case.channels]];
    let [d_scale, d_shift] = &mut gradients;
    reference::parameter_gradient(case.map, &input, &d_output, [d_scale, d_shift]);
    let mut expected = case.parameters();
    for (tensor, gradient) in expected.iter_mut().zip(&gradients) {
        for (value, gradient) in tensor.iter_mut().zip(gradient) {
            // A weight decay of zero is added all the same.
            *value -= 0.25 * (gradient + 0.0 * *value);
        }
    }
    let mut expected_gradient = d_output.clone();
    if propagate {
        reference::input_gradient(case.map, &d_output, &scale, &mut expected_gradient);
    }
    let mut gradient = d_output;
    let tensor = |values, trained| match trained {
        true => Tensor::Descend { values, sgd: &sgd },
        false => Tensor::Frozen(values),
    };
    ScaleShiftSampleGradient {
        input: if trained[0] { &input } else { &[] },
        gradient: &mut gradient,
        propagate,
        map: case.map,
        scale: tensor(&mut scale, trained[0]),
        shift: tensor(&mut shift, trained[1]),
    }
    .run();
    let unchanged = case.parameters();
    for (index, found) in [scale, shift].iter().enumerate() {
        let expected = if trained[index] {
            &expected
        } else {
            &unchanged
        };
        assert_bits::<f32>("parameters", found, &expected[index]);
    }
    assert_bits::<f32>("gradient", &gradient, &expected_gradient);
}

fn accumulates(case: &Case) {
    let len = case.channels * case.map;
    let (input, mut gradient) = (values(len, case.seed), values(len, case.seed + 1));
    let [scale, shift] = case.parameters();
    let mut sums = values(2 * case.channels, case.seed + 2);
    let mut expected = sums.clone();
    let (d_scale, d_shift) = expected.split_at_mut(case.channels);
    reference::parameter_gradient(case.map, &input, &gradient, [d_scale, d_shift]);
    let (d_scale, d_shift) = sums.split_at_mut(case.channels);
    let tensor = |values, gradient| Tensor::Accumulate { values, gradient };
    ScaleShiftSampleGradient {
        input: &input,
        gradient: &mut gradient,
        propagate: false,
        map: case.map,
        scale: tensor(&scale, d_scale),
        shift: tensor(&shift, d_shift),
    }
    .run();
    assert_bits::<f32>("sums", &sums, &expected);
}

#[test]
fn gradients_are_the_slopes() {
    let (channels, map) = (2, 3);
    let point = [0.5, -1.0, 2.0, 1.5, 0.25, -0.75, 1.25, -0.5, 0.125, 2.0];
    let weights = [1.0, -2.0, 0.5, 3.0, -1.0, 0.25];
    let loss = |point: [f32; 10]| -> f32 {
        let mut output = [0.0; 6];
        let tensors = [&point[6..8], &point[8..]];
        reference::forward(Activation::Identity, map, &point[..6], tensors, &mut output);
        output.iter().zip(&weights).map(|(y, w)| y * w).sum()
    };
    let mut gradient = [0.0; 10];
    let (d_input, d_parameters) = gradient.split_at_mut(6);
    reference::input_gradient(map, &weights, &point[6..8], d_input);
    let (d_scale, d_shift) = d_parameters.split_at_mut(channels);
    reference::parameter_gradient(map, &point[..6], &weights, [d_scale, d_shift]);
    for at in 0..10 {
        let (mut above, mut below) = (point, point);
        above[at] += 0.5;
        below[at] -= 0.5;
        let slope = loss(above) - loss(below);
        assert!((slope - gradient[at]).abs() < 1e-5, "{at}: {slope}");
    }
}
