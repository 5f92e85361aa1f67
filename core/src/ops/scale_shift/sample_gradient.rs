//! Backward pass of one sample at a time.

use crate::ops::tensor::Tensor;

/// Gradients of scales, shifts and input.
pub(crate) struct ScaleShiftSampleGradient<'a> {
    /// channels x map. Not read, and may be anything, where the scales are frozen.
    pub input: &'a [f32],
    /// channels x map. The output's; becomes the input's where that is wanted.
    pub gradient: &'a mut [f32],
    /// Whether the gradient of the input is wanted.
    pub propagate: bool,
    /// Values of a channel.
    pub map: usize,
    pub scale: Tensor<'a>,
    pub shift: Tensor<'a>,
}

impl ScaleShiftSampleGradient<'_> {
    pub fn run(mut self) {
        for (channel, d) in self.gradient.chunks_exact_mut(self.map).enumerate() {
            // Kept from before the update, which may come at once.
            let scale = self.scale.values()[channel];
            if !self.scale.is_frozen() {
                let input = &self.input[channel * self.map..][..self.map];
                let mut sum = 0.0;
                for (x, d) in input.iter().zip(&*d) {
                    sum += x * d;
                }
                self.scale.take(channel, &[sum]);
            }
            if !self.shift.is_frozen() {
                let mut sum = 0.0;
                for d in &*d {
                    sum += d;
                }
                self.shift.take(channel, &[sum]);
            }
            if self.propagate {
                for d in d {
                    *d *= scale;
                }
            }
        }
    }
}
