//! `x * scale + shift` with a scale and a shift for each channel.

mod channels_last;
pub mod reference;
mod sample_gradient;

pub use channels_last::ScaleShiftChannelsLast;
pub(crate) use channels_last::ScaleShiftInPackets;
pub(crate) use sample_gradient::ScaleShiftSampleGradient;

use super::activation::{Activate, Activation};
use super::channel_sums::add_channel_sums;
use crate::lanes::{Kernel, Lanes};

/// Values of the gradient of scales and shifts.
pub(crate) const fn parameter_values(channels: usize) -> usize {
    2 * channels
}

/// ScaleShiftForward pass, in place.
pub(crate) struct ScaleShift<'a, L> {
    /// channels x map
    pub values: &'a mut [L],
    /// Values of a channel.
    pub map: usize,
    /// channels
    pub scale: &'a [f32],
    /// channels
    pub shift: &'a [f32],
    pub activation: Activation,
}

impl<L: Lanes> Kernel for ScaleShift<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.activation {
            activation if L::LANES == 1 => {
                let values = self.apply(Activation::Identity);
                Activate { activation, values }.run();
            }
            Activation::Identity => {
                self.apply(Activation::Identity);
            }
            Activation::Relu => {
                self.apply(Activation::Relu);
            }
            Activation::Relu6 => {
                self.apply(Activation::Relu6);
            }
        }
    }
}

impl<'a, L: Lanes> ScaleShift<'a, L> {
    #[inline(always)]
    fn apply(self, activation: Activation) -> &'a mut [L] {
        let channels = self.values.chunks_exact_mut(self.map);
        for (values, (scale, shift)) in channels.zip(self.scale.iter().zip(self.shift)) {
            let (scale, shift) = (values[0].splat(*scale), values[0].splat(*shift));
            for value in values {
                *value = activation.apply(value.mul(scale).add(shift));
            }
        }
        self.values
    }
}

/// Gradient of the input, in place of the output's.
pub(crate) struct ScaleShiftInputGradient<'a, L> {
    /// channels x map
    pub gradient: &'a mut [L],
    /// Values of a channel.
    pub map: usize,
    /// channels
    pub scale: &'a [f32],
}

impl<L: Lanes> Kernel for ScaleShiftInputGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.gradient.chunks_exact_mut(self.map);
        for (gradient, scale) in channels.zip(self.scale) {
            let scale = gradient[0].splat(*scale);
            for value in gradient {
                *value = value.mul(scale);
            }
        }
    }
}

/// Adds the gradient of scales and shifts of a packet of samples.
pub(crate) struct ScaleShiftParameterGradient<'a, L> {
    /// channels x map
    pub input: &'a [L],
    /// channels x map
    pub d_output: &'a [L],
    /// Values of a channel.
    pub map: usize,
    /// Lanes in use.
    pub samples: usize,
    /// The scales', then the shifts': [`parameter_values`]
    pub sums: &'a mut [f32],
}

impl<L: Lanes> Kernel for ScaleShiftParameterGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (scales, shifts) = self.sums.split_at_mut(self.sums.len() / 2);
        add_channel_sums(
            [self.input, self.d_output],
            self.map,
            self.samples,
            #[inline(always)]
            |_| (),
            #[inline(always)]
            |(), [x, d]| [x.mul(d), d],
            [scales, shifts],
        );
    }
}

#[cfg(test)]
mod tests;
