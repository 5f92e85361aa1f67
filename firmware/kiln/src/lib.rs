#![no_std]
#![forbid(unsafe_code)]
//! Kiln in a firmware of your own: without `std`, without a heap, with the bits of the desktop.
//!
//! ```ignore
//! kiln::model!("digits.kiln");
//!
//! let mut classifier = digits::Classifier::new();
//! let answer = classifier.classify(&pixels)?;
//! answer.class; // its number
//! answer.name(); // its name
//! answer.probability(); // how sure the network is of it
//! ```
//!
//! [`model!`] opens the file when the firmware is compiled, and makes a module of it.

mod buffer;
mod error;
mod float;
mod input;
mod int8;
#[cfg(feature = "storage")]
mod keeping;
mod learning;
mod runtime;
mod source;
mod trainer;
mod values;

pub use buffer::FixedBuffer;
pub use error::DeviceError;
pub use float::{EmbeddedModel, FloatAnswer, FloatClassifier};
pub use int8::{EmbeddedInt8Model, Int8Answer, Int8Classifier};
#[cfg(feature = "storage")]
pub use keeping::KeepError;
pub use kiln_core as core;
pub use kiln_core::{Outcome, Sgd};
pub use kiln_macros::model;
pub use learning::TrainedPart;
pub use runtime::{RuntimeClassifier, RuntimeError};
pub use source::{ScaledSource, TrainingSource, TrunkSource};
pub use trainer::ModelTrainer;
pub use values::AlignedValues;
