//! Backward pass. `n` is the normalised value, `(x - mean) * inverse`, computed again, and so is the
//! output, which tells where the activation behind lets the gradient through: all that takes less
//! time than to bring the output from memory, and to keep the masked gradient there.

use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::Activation;
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
    /// channels: the weights and the biases
    pub tensors: [&'a [f32]; 2],
    /// What the forward pass did to the normalised values; `d_output` is not masked yet.
    pub activation: Activation,
    /// The gradient of the weights, then of the biases.
    pub sums: &'a mut [f32],
}

impl<L: Lanes> Kernel for BatchNormParameterGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (weights, biases) = self.sums.split_at_mut(self.sums.len() / 2);
        let (proof, activation) = (self.input[0], self.activation);
        let statistics = [self.mean, self.inverse];
        add_channel_sums(
            [self.input, self.d_output],
            self.map,
            self.samples,
            #[inline(always)]
            |channel| NormChannel::new(proof, statistics, self.tensors, channel),
            #[inline(always)]
            |channel, [x, d]| {
                let centred = x.sub(channel.mean);
                let d = channel.let_through(activation, centred, d);
                [d.mul(centred.mul(channel.inverse)), d]
            },
            [weights, biases],
        );
    }
}

/// What the values of a channel have in common.
#[derive(Clone, Copy)]
struct NormChannel<L> {
    mean: L,
    inverse: L,
    /// `weight * inverse`
    factor: L,
    bias: L,
}

impl<L: Lanes> NormChannel<L> {
    #[inline(always)]
    fn new(
        proof: L,
        [mean, inverse]: [&[f32]; 2],
        [weight, bias]: [&[f32]; 2],
        channel: usize,
    ) -> Self {
        Self {
            mean: proof.splat(mean[channel]),
            inverse: proof.splat(inverse[channel]),
            factor: proof.splat(weight[channel] * inverse[channel]),
            bias: proof.splat(bias[channel]),
        }
    }

    /// The gradient `d` of an output, taken through the activation; `centred` is `x - mean`.
    #[inline(always)]
    fn let_through(&self, activation: Activation, centred: L, d: L) -> L {
        if activation == Activation::Identity {
            return d;
        }
        let output = activation.apply(centred.mul(self.factor).add(self.bias));
        activation.let_through(output, d)
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
    /// channels: the weights and the biases
    pub tensors: [&'a [f32]; 2],
    /// As of [`BatchNormParameterGradient`].
    pub activation: Activation,
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
            let statistics = [self.mean, self.inverse];
            let own = NormChannel::new(proof, statistics, self.tensors, channel);
            let d_weight = proof.splat(d_weight[channel] * share);
            let d_bias = proof.splat(d_bias[channel] * share);
            for (d, x) in gradient.iter_mut().zip(input) {
                let centred = x.sub(own.mean);
                let masked = own.let_through(self.activation, centred, *d);
                let normalized = centred.mul(own.inverse);
                *d = own
                    .factor
                    .mul(masked.sub(d_bias).sub(normalized.mul(d_weight)));
            }
        }
    }
}
