#![no_std]
#![forbid(unsafe_code)]
//! Kiln in a firmware of your own: without `std`, without a heap, with the bits of the desktop.
//!
//! [`model!`] opens a model file while the firmware is compiled, and makes a module of it:
//!
//! ```
//! kiln::model!("../assets/digits.kiln", train = last(1));
//!
//! let pixels = [0; digits::INPUTS];
//! let mut classifier = digits::Classifier::new();
//! let answer = classifier.classify(&pixels)?;
//! assert_eq!(answer.name(), digits::CLASS_NAMES[answer.class]);
//!
//! let mut trainer = digits::Trainer::new();
//! trainer.learn(&pixels, 7, &kiln::Sgd::new(0.01))?;
//! # assert!(answer.probability() <= 1.0);
//! # Ok::<(), kiln::DeviceError>(())
//! ```
//!
//! The page `firmware/README.md` says how to begin, what memory and flash it takes, and what formatting
//! costs.
//!
//! # What the macro takes
//!
//! `kiln::model!("PATH" as NAME, OPTION, ...)`. The path begins at the folder of the package's
//! `Cargo.toml`. The module is called as the file, with `_` for what is no part of a name, or as
//! `as NAME` says. Without `as` and options the path is enough.
//!
//! | option | what it does |
//! | --- | --- |
//! | `train = last(N)` | adds `Trainer`: the last N layers that have parameters learn |
//! | `train = from(N)`, `train = all` | all from layer N on, counted from 1, as `kiln summary` does; all |
//! | `biases` | of these layers only the biases |
//! | `batch` | a gradient is kept, for batches of up to 16 samples |
//! | `momentum` | a velocity, too |
//! | `ram = 64K`, `flash = 512K` | refuses a model that takes more than so many bytes |
//!
//! A file that is damaged, newer than the crate or no model, a training that the network has not, and
//! memory beyond what is allowed are errors of the compiler, in words.
//!
//! # What the module holds
//!
//! `Classifier` ([`FloatClassifier`] or [`Int8Classifier`]), `Trainer` ([`ModelTrainer`]), `INPUTS`,
//! `INPUT_SHAPE`, `CLASSES`, `CLASS_NAMES`, `DESCRIPTION`, and what they are made of: `NETWORK`, `PROGRAM`, `TRAINING`.
//! Each program has the kernels of its own network alone. Of a model of integers the module holds the
//! weights as any processor reads them and as a Cortex-M with DSP extension and floating-point unit does; which of
//! them is compiled, the target decides.

mod buffer;
mod error;
mod float;
mod input;
mod int8;
#[cfg(feature = "storage")]
mod keeping;
mod learning;
mod runtime;
mod runtime_int8;
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
pub use kiln_core::{CameraFrame, FrameError, Outcome, PixelFormat, Sgd};
pub use kiln_macros::model;
pub use learning::TrainedPart;
pub use runtime::{RuntimeClassifier, RuntimeError};
pub use runtime_int8::RuntimeInt8Classifier;
pub use source::{ScaledSource, TrainingSource, TrunkSource};
pub use trainer::ModelTrainer;
pub use values::AlignedValues;
