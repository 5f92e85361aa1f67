//! What the target runs.

mod addition;
mod averaging;
mod borders;
#[cfg(target_arch = "arm")]
#[macro_use]
mod instructions;
mod any_plane;
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
mod line;
mod pair;
#[cfg(target_arch = "arm")]
mod paired;
mod plane;
mod planes;
mod tile;
mod tiles;
mod widening;

pub use addition::{CodeAddition, CodeSum};
pub use averaging::sum_window;
pub(crate) use convolution::SweepKernel;
pub use convolution::{CodeConvolution, CodeSweeping};

use super::{Rounding, band, layout};
