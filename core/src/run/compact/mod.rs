//! Training one sample at a time in the least memory, with the bits of [`Trainer`](crate::Trainer).
//!
//! [`Trainable`](crate::Trainable) says which tensors of a network are trained,
//! [`CompactMode`](crate::CompactMode) how; a [`Program`](crate::Program) made for both says how
//! long every buffer then is, and [`CompactTrainer`] does it.

mod error;
mod kernels;
mod linked;
mod pass;
mod steps;
mod trainer;

pub use error::CompactError;
pub use linked::{ChosenKernels, LinkedTrainer, LinkedTraining, SingleGradientKernel};
pub(super) use pass::{Rule, SamplePass};
pub(super) use steps::{SampleSteps, WholeGradient};
pub use trainer::{CompactMemory, CompactTrainer};

#[cfg(test)]
mod tests;
