//! Why there is no answer.

use core::fmt;
use kiln_core::BufferError;

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
    /// A buffer that does not fit the network.
    Buffer(BufferError),
}

impl From<BufferError> for DeviceError {
    fn from(error: BufferError) -> Self {
        Self::Buffer(error)
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
            Self::Buffer(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for DeviceError {}
