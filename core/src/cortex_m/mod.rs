//! Inner loops in assembly for Cortex-M processors with a floating-point unit.

#[macro_use]
mod gradient_macros;
mod linear_gradient;
mod pointwise_gradient;
mod rows_gradient;

pub(crate) use linear_gradient::LinearLoops;
pub(crate) use pointwise_gradient::PointwiseLoops;
pub(crate) use rows_gradient::RowLoops;
