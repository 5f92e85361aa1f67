#![forbid(unsafe_code)]
//! Model files as Rust.
//!
//! The firmware's build and the macro `kiln::model!` write the same constants of a model: its network,
//! what its codes stand for, its integers as a processor reads them, what is trained of it. They refer
//! to the arithmetic as `kiln_core`. [`module`] puts all of a model file into a module of its own.

mod aligned;
mod error;
mod float_module;
mod head_module;
mod int8;
mod int8_module;
mod module;
mod network;
mod options;
mod training;

pub use aligned::AlignedFile;
pub use error::GenerateError;
pub use int8::{arranged_words, input_codes, quantization, rule};
pub use module::module;
pub use network::{description, network, values};
pub use options::{ModuleOptions, ModuleTraining, TrainedLayers};
pub use training::mode;

#[cfg(test)]
mod tests;
