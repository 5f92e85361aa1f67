//! Kernels of codes for Cortex-M processors with the DSP extension, and what arranges weights for them.
//!
//! Values are tensors of codes, `i8`, rows x columns x channels. Codes of a few positions are widened
//! to 16 bits once and serve all filters; weights lie in the order in which they are read, a byte each
//! ([`CodeArrangement`], on any machine); sums are made by instructions that add two products, and
//! become codes in registers. What is computed is what the portable kernels compute, to the byte.

#[cfg(not(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
)))]
mod absent;
mod arrangement;
#[allow(dead_code, reason = "the target's loops ask for all of it")]
mod band;
#[allow(dead_code, reason = "the target's loops ask for all of it")]
mod layout;
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
mod loops;
mod scale;
#[cfg(test)]
mod tests;

use crate::ops::conv2d::ConvGeometry;
#[cfg(not(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
)))]
pub(crate) use absent::{AbsentKernel as SweepKernel, AbsentSweeping as CodeSweeping};
pub use arrangement::CodeArrangement;
pub(crate) use layout::{SIZE_WORDS, Sweeping};
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
pub use loops::{CodeAddition, CodeConvolution, CodeSum, CodeWindow, WindowLoops};
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
pub(crate) use loops::{CodeSweeping, SweepKernel};

/// What the loops take of a convolution, as words; zeros where none is made for the geometry.
pub(crate) const fn size_words(geometry: &ConvGeometry, pool: bool) -> [u32; SIZE_WORDS] {
    match layout::Sizes::of(geometry, pool) {
        Some(sizes) => sizes.to_words(),
        None => [0; SIZE_WORDS],
    }
}

/// How sums become codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// `floor((sum * multiplier + 2^(shift - 1)) / 2^shift)`
    Once,
    /// TensorFlow Lite's: the upper word of twice the product, halves up; divided by 2^-shift, halves
    /// away from zero.
    Twice,
}

/// Why the loops do not compute a convolution; the portable kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unserved {
    /// No loop is made for the geometry: a pool behind filters over one channel each.
    Geometry,
    /// The scale or the sums of an output channel are out of what 32 bits hold on the way.
    Channel(usize),
}
