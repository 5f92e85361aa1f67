//! BatchNormForward pass.

use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::Activation;

/// `(x - mean) * (weight * inverse) + bias`, then the activation behind it.
pub(crate) struct Normalize<'a, L> {
    /// channels x map; the backward pass reads it again
    pub input: &'a [L],
    /// channels x map
    pub output: &'a mut [L],
    /// Values of a channel.
    pub map: usize,
    /// channels: the batch's
    pub mean: &'a [f32],
    /// channels: the reciprocals of the batch's standard deviations
    pub inverse: &'a [f32],
    /// channels
    pub weight: &'a [f32],
    /// channels
    pub bias: &'a [f32],
    pub activation: Activation,
}

impl<L: Lanes> Kernel for Normalize<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.activation {
            Activation::Identity => self.apply(Activation::Identity),
            Activation::Relu => self.apply(Activation::Relu),
            Activation::Relu6 => self.apply(Activation::Relu6),
        }
    }
}

impl<L: Lanes> Normalize<'_, L> {
    #[inline(always)]
    fn apply(self, activation: Activation) {
        let proof = self.input[0];
        let inputs = self.input.chunks_exact(self.map);
        let outputs = self.output.chunks_exact_mut(self.map);
        for (channel, (input, output)) in inputs.zip(outputs).enumerate() {
            let mean = proof.splat(self.mean[channel]);
            let factor = proof.splat(self.weight[channel] * self.inverse[channel]);
            let bias = proof.splat(self.bias[channel]);
            for (output, x) in output.iter_mut().zip(input) {
                *output = activation.apply(x.sub(mean).mul(factor).add(bias));
            }
        }
    }
}
