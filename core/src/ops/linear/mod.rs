//! Fully connected layer. Weights are outputs x inputs.

mod forward;
mod input_gradient;
mod parameter_gradient;
pub mod reference;
mod sample_gradient;
pub(crate) mod scalar;

pub(crate) use forward::Forward;
pub(crate) use input_gradient::InputGradient;
pub(crate) use parameter_gradient::BiasGradient;
pub use parameter_gradient::WeightGradient;
pub(crate) use sample_gradient::SampleGradient;

#[cfg(test)]
mod tests;
