//! The fast kernels equal the naive ones to the bit, however a batch is cut into packets; and
//! these are what float64 says.

extern crate std;

mod exact;

use super::reference::Statistics;
use super::*;
use crate::lanes::Lanes;
use crate::ops::activation::{self, Activation};
use crate::testing::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const GROUP: usize = 16;
const EPSILON: f32 = 1e-3;

/// A batch, sample by sample, and all that belongs to it.
struct NormalizedBatch {
    channels: usize,
    map: usize,
    input: Vec<f32>,
    d_output: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What a step makes of a batch.
#[derive(Default)]
struct NormalizedStep {
    count: usize,
    mean: Vec<f32>,
    squares: Vec<f32>,
    inverse: Vec<f32>,
    output: Vec<f32>,
    /// The weights', then the biases'.
    sums: Vec<f32>,
    d_input: Vec<f32>,
}

impl NormalizedBatch {
    fn new(samples: usize, channels: usize, map: usize, seed: u32) -> Self {
        let len = samples * channels * map;
        Self {
            channels,
            map,
            input: values(len, seed),
            d_output: values(len, seed + 1),
            weight: values(channels, seed + 2),
            bias: values(channels, seed + 3),
        }
    }

    fn sample_len(&self) -> usize {
        self.channels * self.map
    }

    /// Calls `add` with what each group is to leave, zeros, and combines these in order.
    fn moments(&self, mut add: impl FnMut(&[f32], [&mut [f32]; 2]) -> usize) -> NormalizedStep {
        let (mut mean, mut squares) = (vec![0.0; self.channels], vec![0.0; self.channels]);
        let mut total = Moments {
            count: 0,
            mean: &mut mean[..],
            squares: &mut squares[..],
        };
        for group in self.input.chunks(GROUP * self.sample_len()) {
            let mut own = [vec![0.0; self.channels], vec![0.0; self.channels]];
            let [mean, squares] = &mut own;
            let count = add(group, [mean, squares]);
            combine(
                &mut total,
                &Moments {
                    count,
                    mean,
                    squares,
                },
            );
        }
        let mut step = NormalizedStep {
            count: total.count,
            inverse: vec![0.0; self.channels],
            sums: vec![0.0; channel_values(self.channels)],
            ..NormalizedStep::default()
        };
        (step.mean, step.squares) = (mean, squares);
        let moments = Moments {
            count: step.count,
            mean: &step.mean[..],
            squares: &step.squares[..],
        };
        inverse(&moments, EPSILON, &mut step.inverse);
        step
    }

    /// The naive kernels' step.
    fn naive(&self, activation: Activation) -> NormalizedStep {
        let mut step = self.moments(|group, [mean, squares]| {
            reference::group_moments(group, self.map, mean, squares)
        });
        let by = Statistics {
            map: self.map,
            mean: &step.mean,
            inverse: &step.inverse,
        };
        let (input, d_output) = (&self.input, &self.d_output);
        step.output = vec![0.0; input.len()];
        step.d_input = step.output.clone();
        let samples = || input.chunks(self.sample_len());
        let outputs = step.output.chunks_mut(self.sample_len());
        for (input, output) in samples().zip(outputs) {
            reference::forward(activation, &by, input, [&self.weight, &self.bias], output);
        }
        let mut masked = vec![0.0; d_output.len()];
        activation::reference::gradient(activation, &step.output, d_output, &mut masked);
        let d_output = &masked;
        let group = GROUP * self.sample_len();
        for (input, d_output) in input.chunks(group).zip(d_output.chunks(group)) {
            let mut own = vec![0.0; step.sums.len()];
            let (d_weight, d_bias) = own.split_at_mut(self.channels);
            let gradients = d_output.chunks(self.sample_len());
            for (input, d_output) in input.chunks(self.sample_len()).zip(gradients) {
                reference::parameter_gradient(&by, input, d_output, [d_weight, d_bias]);
            }
            add(&mut step.sums, &own);
        }
        let sums = step.sums.split_at(self.channels);
        let gradients = d_output.chunks(self.sample_len());
        let d_inputs = step.d_input.chunks_mut(self.sample_len());
        for ((input, d_output), d_input) in samples().zip(gradients).zip(d_inputs) {
            reference::input_gradient(
                &by,
                step.count,
                &self.weight,
                [sums.0, sums.1],
                input,
                d_output,
                d_input,
            );
        }
        step
    }

    /// Packets of a tensor's samples from `first` on, and how many of the lanes are in use; the
    /// other lanes hold what no sum survives.
    fn packet<L: Lanes>(&self, zero: L, tensor: &[f32]) -> (Vec<L>, usize) {
        let mut tensors: Vec<_> = tensor.chunks(self.sample_len()).map(Vec::from).collect();
        let samples = tensors.len();
        tensors.resize(L::LANES, vec![f32::NAN; self.sample_len()]);
        (pack(zero, &tensors), samples)
    }

    /// The fast kernels' step.
    fn fast<L: Lanes>(&self, zero: L, activation: Activation) -> NormalizedStep {
        let len = L::LANES * self.sample_len();
        let map = self.map;
        let mut step = self.moments(|group, [mean, squares]| {
            let packets: Vec<_> = group
                .chunks(len)
                .map(|part| self.packet(zero, part))
                .collect();
            for (input, samples) in &packets {
                run(
                    zero,
                    GroupSum {
                        input,
                        map,
                        samples: *samples,
                        sums: mean,
                    },
                );
            }
            let count = group.len() / self.channels;
            group_mean(count, mean);
            for (input, samples) in &packets {
                let (samples, squares) = (*samples, &mut *squares);
                run(
                    zero,
                    GroupSquares {
                        input,
                        map,
                        samples,
                        mean,
                        squares,
                    },
                );
            }
            count
        });
        let group = GROUP * self.sample_len();
        for (input, d_output) in self.input.chunks(group).zip(self.d_output.chunks(group)) {
            let mut own = vec![0.0; step.sums.len()];
            for (input, d_output) in input.chunks(len).zip(d_output.chunks(len)) {
                let (input, samples) = self.packet(zero, input);
                let kernel = BatchNormParameterGradient {
                    input: &input,
                    d_output: &self.packet(zero, d_output).0,
                    map,
                    samples,
                    mean: &step.mean,
                    inverse: &step.inverse,
                    tensors: [&self.weight, &self.bias],
                    activation,
                    sums: &mut own,
                };
                run(zero, kernel);
            }
            add(&mut step.sums, &own);
        }
        for (input, d_output) in self.input.chunks(len).zip(self.d_output.chunks(len)) {
            self.elementwise(zero, activation, [input, d_output], &mut step);
        }
        step
    }

    /// Output and input gradient of a packet of samples.
    fn elementwise<L: Lanes>(
        &self,
        zero: L,
        activation: Activation,
        [input, d_output]: [&[f32]; 2],
        step: &mut NormalizedStep,
    ) {
        let (input, samples) = self.packet(zero, input);
        let (mut gradient, _) = self.packet(zero, d_output);
        let mut output = unwritten(zero, input.len());
        let forward = Normalize {
            input: &input,
            output: &mut output,
            map: self.map,
            mean: &step.mean,
            inverse: &step.inverse,
            weight: &self.weight,
            bias: &self.bias,
            activation,
        };
        run(zero, forward);
        let backward = BatchNormInputGradient {
            input: &input,
            gradient: &mut gradient,
            map: self.map,
            count: step.count,
            mean: &step.mean,
            inverse: &step.inverse,
            tensors: [&self.weight, &self.bias],
            activation,
            sums: &step.sums,
        };
        run(zero, backward);
        for index in 0..samples {
            step.output.extend(lane(&output, index));
            step.d_input.extend(lane(&gradient, index));
        }
    }
}

fn add(totals: &mut [f32], group: &[f32]) {
    for (total, own) in totals.iter_mut().zip(group) {
        *total += own;
    }
}

impl AtWidth for NormalizedBatch {
    fn run<L: Lanes>(&self, zero: L) {
        for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
            let (found, expected) = (self.fast(zero, activation), self.naive(activation));
            assert_eq!(found.count, self.input.len() / self.channels);
            assert_eq!(found.count, expected.count);
            assert_bits::<L>("mean", &found.mean, &expected.mean);
            assert_bits::<L>("squares", &found.squares, &expected.squares);
            assert_bits::<L>("inverse", &found.inverse, &expected.inverse);
            assert_bits::<L>("output", &found.output, &expected.output);
            assert_bits::<L>("parameters", &found.sums, &expected.sums);
            assert_bits::<L>("input gradient", &found.d_input, &expected.d_input);
            // A NaN of an unused lane would be equal to another.
            assert!(found.d_input.iter().all(|value| value.is_finite()));
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batch_normalisation_equals_the_reference(
        samples in 1..40_usize,
        channels in 1..10_usize,
        map in 1..12_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&NormalizedBatch::new(samples, channels, map, seed));
    }
}
