//! Walks a program: forward, backward, and the update.
//!
//! [`forward`] and [`backward`] run one step within an arena, for any number of samples side by
//! side; [`group`] takes a group of samples through the phases of a training step, [`compact`] one
//! sample at a time. Beside `ops/`, this is the only room that knows all operations.

mod backward;
mod buffers;
mod channels_last;
mod compact;
mod compiled;
mod forward;
mod gradient;
mod group;
mod inference;
mod int8;
mod linked;
mod meeting;
mod observer;
mod stored;
mod trainer;

pub use buffers::BufferError;
pub(crate) use buffers::check;
pub use compact::{
    ChosenKernels, CompactError, CompactMemory, CompactTrainer, LinkedTrainer, LinkedTraining,
    SingleGradientKernel,
};
pub(crate) use compiled::Compiled;
pub use group::{FakeQuantization, GroupMemory, GroupWork};
pub use inference::{score, score_packets, score_reconstruction};
pub(crate) use int8::CompiledCodes;
pub use int8::{
    ArrangedNetwork, Int8Kernels, Int8Target, LinkedInt8Program, PacketLayer, PacketMemory,
    PacketNetwork, PacketPass, PacketSizes, SingleInt8Kernel,
};
pub use linked::{LinkedProgram, SingleKernel};
pub use observer::{Observer, Work};
pub use stored::{
    StoredError, StoredFloat, StoredInt8, StoredLearner, StoredMemory, StoredModel, StoredTraining,
};
pub use trainer::Trainer;

#[cfg(test)]
mod tests;
