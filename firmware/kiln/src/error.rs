//! Why there is no answer.

use core::fmt;
use kiln_core::{BufferError, CompactError};

/// Why there is no answer. Its words hold whole numbers only: what formats floats takes far more
/// flash than a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceError {
    /// An input of another length than the network takes.
    Input {
        /// Values that the network takes: channels x rows x columns.
        needed: usize,
        /// Values given.
        given: usize,
    },
    /// The parameters in flash are not those of the model file.
    Damaged,
    /// No model has been opened.
    NoModel,
    /// A batch of no samples, or of more than one may have.
    Batch {
        /// Most samples of a batch.
        most: usize,
        /// Samples given.
        given: usize,
    },
    /// The loss of a sample, or its gradient, is not a finite number: it was not learned.
    NotFinite,
    /// A number of the optimizer's that nothing can be trained with.
    Optimizer(&'static str),
    /// A buffer, or a label, that does not fit the network.
    Buffer(BufferError),
}

impl From<BufferError> for DeviceError {
    fn from(error: BufferError) -> Self {
        Self::Buffer(error)
    }
}

impl From<CompactError> for DeviceError {
    fn from(error: CompactError) -> Self {
        match error {
            CompactError::Buffer(error) => Self::Buffer(error),
            CompactError::NotFinite { .. } => Self::NotFinite,
            CompactError::Option { option, .. } => Self::Optimizer(option),
            CompactError::Momentum { .. } => Self::Optimizer("momentum"),
            // The trainers ask for none of what the others refuse.
            _ => Self::Buffer(BufferError::Purpose),
        }
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Input { needed, given } => write!(
                f,
                "the input has {given} values, but the network takes {needed}: channels x rows x \
                 columns"
            ),
            Self::Damaged => f.write_str("the model in flash is damaged; flash it again"),
            Self::NoModel => f.write_str("no model has been opened; open one first"),
            Self::Batch { most, given } => write!(
                f,
                "a batch of {given} samples; from 1 to {most} are learned at once"
            ),
            Self::NotFinite => f.write_str(
                "the loss is not a finite number, and the sample was not learned; check the input, \
                 lower the learning rate",
            ),
            Self::Optimizer(option) => write!(
                f,
                "this {option} cannot be trained with; a momentum needs a trainer that was made with \
                 the word momentum"
            ),
            Self::Buffer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DeviceError {}
