//! Fully connected layer. Weights are outputs x inputs.

mod forward;
mod input_gradient;
mod parameter_gradient;
pub mod reference;
mod sample_gradient;
pub(crate) mod scalar;

use crate::{GROUP, Linear, Shape};

pub(crate) use forward::LinearForward;
pub(crate) use input_gradient::LinearInputGradient;
pub(crate) use parameter_gradient::BiasGradient;
pub use parameter_gradient::WeightGradient;
pub(crate) use sample_gradient::LinearSampleGradient;
#[allow(unused_imports, reason = "what kernels for one target are made of")]
pub(crate) use sample_gradient::{LinearRows, add_scaled_one_by_one, descend_one_by_one};

/// Values that a group of samples leaves: their inputs, then their output gradients.
#[allow(dead_code, reason = "a planner may ask for it")]
pub(crate) const fn group_values(linear: &Linear, input: Shape) -> usize {
    GROUP * (input.elements() + linear.outputs as usize)
}

#[cfg(test)]
mod tests;
