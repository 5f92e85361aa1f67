//! Kernels of codes, for Cortex-M processors with the DSP extension.
//!
//! Values are tensors of codes, `i8`, rows x columns x channels. Codes of a few positions are widened
//! to 16 bits once and serve all filters; weights lie in the order in which they are read
//! ([`CodeArrangement`]), a byte each; sums are made by instructions that add two products, and become
//! codes in registers. What is computed is what the portable kernels compute, to the byte.

#[cfg(target_arch = "arm")]
#[macro_use]
mod instructions;
mod addition;
mod any_plane;
pub mod arrangement;
mod averaging;
mod clamping;
mod convolution;
mod copying;
#[cfg(not(target_arch = "arm"))]
mod emulated;
#[cfg(not(target_arch = "arm"))]
mod emulated_plane;
#[cfg(not(target_arch = "arm"))]
mod emulated_sum;
mod gathering;
mod layout;
mod line;
mod plane;
mod planes;
mod scale;
#[cfg(test)]
mod tests;
mod tile;
mod widening;

pub use addition::{CodeAddition, CodeSum};
pub use arrangement::CodeArrangement;
pub use averaging::sum_window;
pub use convolution::CodeConvolution;

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
