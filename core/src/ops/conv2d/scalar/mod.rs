//! Forward pass of one sample at a time: what a microcontroller runs.
//!
//! The same sums in the same order as everywhere, by tiles in assembly where the processor has
//! them ([`cortex_m`](crate::cortex_m)), else by [`portable`] ones.

pub(crate) mod parts;
pub(crate) mod passes;
#[allow(dead_code, reason = "what processors without tiles run")]
mod portable;

use super::ConvGeometry;
use crate::lanes::Kernel;
use crate::ops::activation::{Activate, Activation};

/// Convolution, activation and 2 x 2 max pool of one sample.
pub(crate) struct ScalarForward<'a> {
    pub geometry: ConvGeometry,
    pub activation: Activation,
    /// Only behind no activation or a ReLU.
    pub pool: bool,
    /// channels x rows x columns
    pub input: &'a [f32],
    pub weights: &'a [f32],
    /// Empty where sums begin at +0.
    pub bias: &'a [f32],
    /// filters x rows x columns, pooled where `pool` is set
    pub output: &'a mut [f32],
    /// Where training keeps which value of each window won; empty for inference.
    pub winners: &'a mut [u8],
}

impl ScalarForward<'_> {
    /// Runs it with the `PARTS` of the kernels, those that [`parts::of`] it gives among them.
    pub fn run<const PARTS: u8>(mut self) {
        self.convolve::<PARTS>();
        self.finish();
    }

    #[cfg(all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    ))]
    fn convolve<const PARTS: u8>(&mut self) {
        self.convolve_by_tiles::<PARTS>();
    }

    #[cfg(not(all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )))]
    fn convolve<const PARTS: u8>(&mut self) {
        self.convolve_portably();
    }

    /// The ceiling of a ReLU6: afterwards, so that the stores need not ask for one and are compiled
    /// once.
    pub(super) fn finish(self) {
        if self.activation == Activation::Relu6 {
            Activate {
                activation: Activation::Relu6,
                values: self.output,
            }
            .run();
        }
    }

    /// What no sum is stored below of: 0 for a ReLU, whose ceiling comes later.
    pub(crate) fn floor(&self) -> f32 {
        if self.activation == Activation::Relu {
            0.0
        } else {
            f32::NEG_INFINITY
        }
    }
}

/// ReLU with a floor of 0, nothing with one of minus infinity; NaN stays NaN.
#[inline(always)]
pub(crate) fn rectified(value: f32, floor: f32) -> f32 {
    if value <= floor { floor } else { value }
}
