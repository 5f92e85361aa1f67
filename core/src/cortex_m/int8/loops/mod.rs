//! What the target runs.

#[cfg(target_arch = "arm")]
#[macro_use]
mod instructions;
mod addition;
mod any_plane;
mod borders;
mod clamping;
mod convolution;
mod copying;
#[cfg(not(target_arch = "arm"))]
mod emulated;
#[cfg(not(target_arch = "arm"))]
mod emulated_plane;
#[cfg(not(target_arch = "arm"))]
mod emulated_sum;
#[cfg(not(target_arch = "arm"))]
mod emulated_windows;
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
#[cfg(target_arch = "arm")]
#[macro_use]
mod window_macros;
mod window_runs;
mod windows;

pub use crate::ops::pool::int8::CodeWindow;
pub use addition::{CodeAddition, CodeSum};
pub(crate) use convolution::SweepKernel;
pub use convolution::{CodeConvolution, CodeSweeping};
pub use windows::WindowLoops;

use super::{Rounding, band, layout};
