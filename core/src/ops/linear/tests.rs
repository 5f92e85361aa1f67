//! The fast kernels equal the naive ones to the bit, whatever the extents.

extern crate std;

use super::{
    BiasGradient, LinearForward, LinearInputGradient, LinearSampleGradient, WeightGradient,
    group_values, reference, scalar,
};
use crate::lanes::{Counted, Lanes, Tally};
use crate::ops::activation::{Activation, reference as naive};
use crate::ops::tensor::Tensor;
use crate::testing::*;
use crate::{GROUP, Linear, Sgd, Shape};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const ACTIVATIONS: [Activation; 3] = [Activation::Identity, Activation::Relu, Activation::Relu6];

struct Check {
    inputs: usize,
    outputs: usize,
    bias: bool,
    seed: u32,
}

impl AtWidth for Check {
    fn run<L: Lanes>(&self, zero: L) {
        self.forward(zero);
        self.input_gradient(zero);
    }
}

impl Check {
    fn weights(&self) -> Vec<f32> {
        values(self.inputs * self.outputs, self.seed + 1)
    }

    fn biases(&self) -> usize {
        self.outputs * usize::from(self.bias)
    }

    fn forward<L: Lanes>(&self, zero: L) {
        let (weights, bias) = (self.weights(), values(self.biases(), self.seed + 2));
        let inputs = tensors::<L>(self.inputs, self.seed + 3);
        for activation in ACTIVATIONS {
            let mut output = unwritten(zero, self.outputs);
            let kernel = LinearForward {
                activation,
                input: &pack(zero, &inputs),
                weights: &weights,
                bias: &bias,
                output: &mut output,
            };
            run(zero, kernel);
            for (index, input) in inputs.iter().enumerate() {
                let mut expected = vec![0.0; self.outputs];
                reference::forward(input, &weights, &bias, &mut expected);
                let before = expected.clone();
                naive::forward(activation, &before, &mut expected);
                assert_bits::<L>("output", &lane(&output, index), &expected);
                if L::LANES == 1 {
                    let mut alone = vec![f32::NAN; self.outputs];
                    scalar::forward(activation, input, &weights, &bias, &mut alone);
                    assert_bits::<f32>("one sample's output", &alone, &expected);
                    crate::cortex_m::connect_by_tiles(input, &weights, &bias, &mut alone);
                    assert_bits::<f32>("its sums by tiles", &alone, &before);
                }
            }
        }
    }

    fn input_gradient<L: Lanes>(&self, zero: L) {
        let weights = self.weights();
        let gradients = tensors::<L>(self.outputs, self.seed + 4);
        let mut d_input = unwritten(zero, self.inputs);
        let kernel = LinearInputGradient {
            weights: &weights,
            d_output: &pack(zero, &gradients),
            d_input: &mut d_input,
        };
        run(zero, kernel);
        for (index, gradient) in gradients.iter().enumerate() {
            let mut expected = vec![0.0; self.inputs];
            reference::input_gradient(&weights, gradient, &mut expected);
            assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
        }
    }
}

/// One group's gradients of rows `first..first + rows`, added to what is there.
struct Parameters {
    check: Check,
    samples: usize,
    first: usize,
    rows: usize,
}

impl AtWidth for Parameters {
    fn run<L: Lanes>(&self, proof: L) {
        let Check {
            inputs,
            outputs,
            seed,
            ..
        } = self.check;
        let values_in = values(self.samples * inputs, seed + 5);
        let gradients = values(self.samples * outputs, seed + 6);
        let mut weights = values(self.rows * inputs, seed + 7);
        let mut biases = values(self.check.biases(), seed + 8);
        let (mut expected, mut expected_biases) = (weights.clone(), biases.clone());
        let kernel = WeightGradient {
            proof,
            inputs: &values_in,
            d_outputs: &gradients,
            outputs,
            samples: self.samples,
            first: self.first,
            gradient: &mut weights,
        };
        run(proof, kernel);
        BiasGradient {
            d_outputs: &gradients,
            gradient: &mut biases,
        }
        .run();
        let (sums, bias_sums) = self.naive(&values_in, &gradients);
        add(&mut expected, &sums[self.first * inputs..]);
        add(&mut expected_biases, &bias_sums);
        assert_bits::<L>("weight gradient", &weights, &expected);
        assert_bits::<L>("bias gradient", &biases, &expected_biases);
    }
}

impl Parameters {
    /// The group's sums, sample after sample.
    fn naive(&self, inputs: &[f32], gradients: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let Check {
            inputs: width,
            outputs,
            ..
        } = self.check;
        let biases = self.check.biases();
        let mut sums = (vec![0.0; width * outputs], vec![0.0; biases]);
        let mut own = sums.clone();
        for (input, gradient) in inputs.chunks(width).zip(gradients.chunks(outputs)) {
            reference::parameter_gradient(input, gradient, &mut own.0, &mut own.1);
            add(&mut sums.0, &own.0);
            add(&mut sums.1, &own.1);
        }
        sums
    }
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn passes_equal_the_reference(
        inputs in 1..90_usize,
        outputs in 1..30_usize,
        bias in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        at_every_width(&Check { inputs, outputs, bias, seed });
    }

    #[test]
    fn a_samples_gradients_equal_the_reference(
        inputs in 1..90_usize,
        outputs in 1..30_usize,
        propagate in any::<bool>(),
        decaying in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        let weight_decay = if decaying { 0.01 } else { 0.0 };
        let check = Check { inputs, outputs, bias: true, seed };
        check_sample(&check, propagate, weight_decay);
    }

    #[test]
    fn parameter_gradient_equals_the_reference(
        (inputs, outputs) in (1..150_usize, 1..20_usize),
        samples in 1..=GROUP,
        part in any::<[u8; 2]>(),
        bias in any::<bool>(),
        seed in 0..1000_u32,
    ) {
        let first = usize::from(part[0]) % outputs;
        let rows = 1 + usize::from(part[1]) % (outputs - first);
        let check = Check { inputs, outputs, bias, seed };
        at_every_width(&Parameters { check, samples, first, rows });
    }
}

/// One sample's gradients, applied at once or added up; every third gradient of an output is 0.
fn check_sample(check: &Check, propagate: bool, weight_decay: f32) {
    let Check {
        inputs,
        outputs,
        seed,
        ..
    } = *check;
    let input = values(inputs, seed + 5);
    let mut d_output = values(outputs, seed + 6);
    d_output.iter_mut().step_by(3).for_each(|d| *d = -0.0);
    let before = check.weights();
    let mut d_input = vec![0.0; if propagate { inputs } else { 0 }];
    if propagate {
        reference::input_gradient(&before, &d_output, &mut d_input);
    }
    let mut gradient = vec![0.0; before.len()];
    let mut products = gradient.clone();
    reference::parameter_gradient(&input, &d_output, &mut products, &mut vec![0.0; outputs]);
    add(&mut gradient, &products);
    let sgd = &Sgd {
        weight_decay,
        ..Sgd::new(0.1)
    };
    let mut after = before.clone();
    sgd.update(&mut after, &gradient, &mut [], 0.0_f32).unwrap();

    let run = |weights: Tensor<'_>| {
        let mut found = vec![f32::NAN; d_input.len()];
        let kernel = LinearSampleGradient {
            input: if weights.is_frozen() { &[] } else { &input },
            d_output: &d_output,
            d_input: &mut found,
            weights,
        };
        kernel.run();
        assert_bits::<f32>("input gradient", &found, &d_input);
    };
    run(Tensor::Frozen(&before));
    let mut values = before.clone();
    run(Tensor::Descend {
        values: &mut values,
        sgd,
    });
    assert_bits::<f32>("weights", &values, &after);
    let mut sums = vec![0.0; before.len()];
    run(Tensor::Accumulate {
        values: &before,
        gradient: &mut sums,
    });
    assert_bits::<f32>("weight gradient", &sums, &gradient);
}

/// Told by what it did: a tile takes a gradient up once for all its inputs.
#[test]
fn the_weight_gradient_runs_in_tiles() {
    let proof = Counted::<32>::zero().unwrap();
    let (inputs, outputs, samples) = (50, 7, GROUP);
    let kernel = WeightGradient {
        proof,
        inputs: &vec![1.0; samples * inputs],
        d_outputs: &vec![1.0; samples * outputs],
        outputs,
        samples,
        first: 0,
        gradient: &mut vec![0.0; outputs * inputs],
    };
    let tally = Tally::of(|| run(proof, kernel));
    assert_eq!(tally.products, inputs * outputs * samples);
    assert!(tally.splats * 2 < tally.products, "{tally:?}");
}

#[test]
fn a_group_leaves_what_a_weight_gradient_is_given() {
    let linear = Linear::new(7);
    assert_eq!(group_values(&linear, Shape::new(2, 3, 4)), GROUP * (24 + 7));
}
