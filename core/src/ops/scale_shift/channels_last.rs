//! A scale and a shift for each channel of one sample, with the channels side by side in packets.

use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::Activation;

/// Forward pass of one sample, in place.
#[derive(Debug)]
pub struct ScaleShiftChannelsLast<'a> {
    /// positions x padded channels
    pub values: &'a mut [f32],
    /// padded channels
    pub scale: &'a [f32],
    /// padded channels
    pub shift: &'a [f32],
    pub activation: Activation,
}

/// A scale and shift in packets of `L`.
pub(crate) struct ScaleShiftInPackets<'a, L> {
    pub proof: L,
    pub scale_shift: ScaleShiftChannelsLast<'a>,
}

impl<L: Lanes> Kernel for ScaleShiftInPackets<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { proof, scale_shift } = self;
        let (scales, shifts) = (scale_shift.scale, scale_shift.shift);
        for values in scale_shift.values.chunks_exact_mut(scales.len()) {
            let numbers = scales.chunks_exact(L::LANES);
            let numbers = numbers.zip(shifts.chunks_exact(L::LANES));
            for (value, (scale, shift)) in values.chunks_exact_mut(L::LANES).zip(numbers) {
                let scaled = proof.load(value).mul(proof.load(scale));
                let shifted = scaled.add(proof.load(shift));
                scale_shift.activation.apply(shifted).store(value);
            }
        }
    }
}
