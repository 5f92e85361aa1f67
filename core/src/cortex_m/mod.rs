//! Inner loops in assembly for Cortex-M processors with a floating-point unit.

#[cfg(target_arch = "arm")]
#[macro_use]
mod gradient_macros;
#[cfg(target_arch = "arm")]
mod linear_gradient;
#[cfg(target_arch = "arm")]
mod pointwise_gradient;
#[cfg(target_arch = "arm")]
mod rows_gradient;

#[cfg(target_arch = "arm")]
pub(crate) use linear_gradient::LinearLoops;
#[cfg(target_arch = "arm")]
pub(crate) use pointwise_gradient::PointwiseLoops;
#[cfg(target_arch = "arm")]
pub(crate) use rows_gradient::LoopedRows;
