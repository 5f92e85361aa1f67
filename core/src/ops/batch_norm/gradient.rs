//! Backward pass. `n` is the normalised value, `(x - mean) * inverse`, computed again.

use crate::lanes::{Kernel, Lanes};
use crate::ops::channel_sums::add_channel_sums;

/// Adds the sums of `d * n` and of `d` of a packet of samples to its group's, which began at zero.
pub struct BatchNormParameterGradient<'a, L> {
    /// channels x map: the input of the forward pass
    pub input: &'a [L],
    /// channels x map
    pub d_output: &'a [L],
    /// Values of a channel.
    pub map: usize,
    /// Lanes in use.
    pub samples: usize,
    /// channels: the batch's
    pub mean: &'a [f32],
    /// channels: the reciprocals of the batch's standard deviations
    pub inverse: &'a [f32],
    /// The weights', then the biases'.
    pub sums: &'a mut [f32],
}

impl<L: Lanes> Kernel for BatchNormParameterGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let proof = self.input[0];
        let (weights, biases) = self.sums.split_at_mut(self.sums.len() / 2);
        add_channel_sums(
            [self.input, self.d_output],
            self.map,
            self.samples,
            #[inline(always)]
            |channel| {
                [
                    proof.splat(self.mean[channel]),
                    proof.splat(self.inverse[channel]),
                ]
            },
            #[inline(always)]
            |[mean, inverse], [x, d]| [d.mul(x.sub(mean).mul(inverse)), d],
            [weights, biases],
        );
    }
}

/// Gradient of the input, in place of the output's:
/// `(weight * inverse) * ((d - d_bias * (1 / count)) - n * (d_weight * (1 / count)))`.
pub(crate) struct BatchNormInputGradient<'a, L> {
    /// channels x map: the input of the forward pass
    pub input: &'a [L],
    /// channels x map
    pub gradient: &'a mut [L],
    /// Values of a channel.
    pub map: usize,
    /// Values of a channel in the whole batch: samples times positions.
    pub count: usize,
    /// channels: the batch's
    pub mean: &'a [f32],
    /// channels: the reciprocals of the batch's standard deviations
    pub inverse: &'a [f32],
    /// channels
    pub weight: &'a [f32],
    /// The whole batch's gradient: the weights', then the biases'.
    pub sums: &'a [f32],
}

impl<L: Lanes> Kernel for BatchNormInputGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let proof = self.input[0];
        let share = 1.0 / self.count as f32;
        let (d_weight, d_bias) = self.sums.split_at(self.sums.len() / 2);
        let inputs = self.input.chunks_exact(self.map);
        let gradients = self.gradient.chunks_exact_mut(self.map);
        for (channel, (input, gradient)) in inputs.zip(gradients).enumerate() {
            let mean = proof.splat(self.mean[channel]);
            let inverse = proof.splat(self.inverse[channel]);
            let factor = proof.splat(self.weight[channel] * self.inverse[channel]);
            let d_weight = proof.splat(d_weight[channel] * share);
            let d_bias = proof.splat(d_bias[channel] * share);
            for (d, x) in gradient.iter_mut().zip(input) {
                let normalized = x.sub(mean).mul(inverse);
                *d = factor.mul(d.sub(d_bias).sub(normalized.mul(d_weight)));
            }
        }
    }
}
