//! The naive batch normalisation, one sample or one group at a time. With [`combine`], [`inverse`]
//! and [`RunningStatistics`], which are the same for every width, it defines the bits.
//!
//! A sample is channels x `map` values; a group is samples one behind another, at most 16.

pub use super::moments::{Moments, RunningStatistics, combine, inverse};
use crate::ops::activation::{Activation, reference as activation};

/// What the values of a channel are normalised by.
#[derive(Clone, Copy, Debug)]
pub struct Statistics<'a> {
    /// Values of a channel of one sample.
    pub map: usize,
    /// channels: the batch's
    pub mean: &'a [f32],
    /// channels: see [`inverse`]
    pub inverse: &'a [f32],
}

/// A group's means and sums of squared distances from them; gives the number of values of
/// a channel.
///
/// Each sample's sum runs over its positions in scan order, from zero; samples are added in order,
/// from zero. The mean is the sum divided by the count.
pub fn group_moments(group: &[f32], map: usize, mean: &mut [f32], squares: &mut [f32]) -> usize {
    let samples = group.len() / (mean.len() * map);
    let count = samples * map;
    for channel in 0..mean.len() {
        let values = |sample: usize| &group[(sample * mean.len() + channel) * map..][..map];
        let mut total = 0.0;
        for sample in 0..samples {
            let mut sum = 0.0;
            for x in values(sample) {
                sum += x;
            }
            total += sum;
        }
        let average = total / count as f32;
        let mut total = 0.0;
        for sample in 0..samples {
            let mut sum = 0.0;
            for x in values(sample) {
                sum += (x - average) * (x - average);
            }
            total += sum;
        }
        mean[channel] = average;
        squares[channel] = total;
    }
    count
}

/// `(x - mean) * (weight * inverse) + bias`, then the activation; each operation is rounded.
pub fn forward(
    activation: Activation,
    by: &Statistics<'_>,
    input: &[f32],
    [weight, bias]: [&[f32]; 2],
    output: &mut [f32],
) {
    for (at, output) in output.iter_mut().enumerate() {
        let channel = at / by.map;
        let factor = weight[channel] * by.inverse[channel];
        let sum = [(input[at] - by.mean[channel]) * factor + bias[channel]];
        activation::forward(activation, &sum, core::slice::from_mut(output));
    }
}

/// Adds one sample's gradient of weights and biases to its group's: of each channel the sum of
/// `d * ((x - mean) * inverse)`, and of `d`, from zero over the positions in scan order. A group's
/// begin at zero; groups are added in order, from zero.
pub fn parameter_gradient(
    by: &Statistics<'_>,
    input: &[f32],
    d_output: &[f32],
    [d_weight, d_bias]: [&mut [f32]; 2],
) {
    for channel in 0..d_weight.len() {
        let (mut weight, mut bias) = (0.0, 0.0);
        for at in channel * by.map..(channel + 1) * by.map {
            let normalized = (input[at] - by.mean[channel]) * by.inverse[channel];
            weight += d_output[at] * normalized;
            bias += d_output[at];
        }
        d_weight[channel] += weight;
        d_bias[channel] += bias;
    }
}

/// Gradient of one sample's input, given the whole batch's gradient of weights and biases and its
/// number of values of a channel:
/// `(weight * inverse) * ((d - d_bias * (1 / count)) - n * (d_weight * (1 / count)))` with
/// `n = (x - mean) * inverse`; each operation is rounded.
pub fn input_gradient(
    by: &Statistics<'_>,
    count: usize,
    weight: &[f32],
    [d_weight, d_bias]: [&[f32]; 2],
    input: &[f32],
    d_output: &[f32],
    d_input: &mut [f32],
) {
    let share = 1.0 / count as f32;
    for (at, d_input) in d_input.iter_mut().enumerate() {
        let channel = at / by.map;
        let factor = weight[channel] * by.inverse[channel];
        let normalized = (input[at] - by.mean[channel]) * by.inverse[channel];
        let centred = d_output[at] - d_bias[channel] * share;
        *d_input = factor * (centred - normalized * (d_weight[channel] * share));
    }
}
