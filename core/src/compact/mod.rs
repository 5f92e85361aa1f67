//! Training one sample at a time in the least memory, with the bits of [`Trainer`](crate::Trainer).
//!
//! [`Trainable`] says which tensors of a network are trained, [`CompactMode`] how, [`CompactPlan`]
//! how long every buffer then is, and [`CompactTrainer`] does it.

mod error;
mod layout;
mod pass;
mod plan;
mod trainable;
mod trainer;
mod training_memory;

pub use error::CompactError;
pub use plan::{CompactMode, CompactPlan, CompactUpdate};
pub use trainable::{Trainable, TrainableError};
pub use trainer::{CompactMemory, CompactTrainer};
pub use training_memory::TrainingMemory;

#[cfg(test)]
mod tests;
