//! What can be wrong with a step of compact training.

use crate::BufferError;
use core::fmt;

/// Why a step was not taken. Nothing trained has changed then.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CompactError {
    /// A buffer of another length than the program says, a label that is not among the classes, or a
    /// batch of no or too many samples.
    Buffer(BufferError),
    /// The program is not for compact training.
    Purpose,
    /// The program is for updates in place, and a batch was asked for, or the other way about.
    Update {
        /// Whether the program is for updates in place.
        in_place: bool,
    },
    /// Momentum, of which the program keeps no velocity.
    Momentum {
        /// The momentum asked for.
        momentum: f32,
    },
    /// A number of the optimizer's that cannot be trained with.
    Option {
        /// Which: learning rate, momentum or weight decay.
        option: &'static str,
        /// Its value.
        value: f32,
    },
    /// More samples than the batch was begun with; none at all where it was not begun.
    BatchFull {
        /// Samples the batch was begun with.
        samples: usize,
    },
    /// The batch is finished before all its samples are there.
    BatchIncomplete {
        /// Samples the batch was begun with; 0 where it was not begun.
        samples: usize,
        /// Samples that are there.
        given: usize,
    },
    /// The sample's loss, or the loss's gradient, is not a finite number.
    NotFinite {
        /// The loss.
        loss: f64,
    },
}

impl From<BufferError> for CompactError {
    fn from(error: BufferError) -> Self {
        Self::Buffer(error)
    }
}

impl fmt::Display for CompactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Buffer(error) => error.fmt(f),
            Self::Purpose => f.write_str("the program is not made for compact training"),
            Self::Update { in_place: true } => {
                write!(
                    f,
                    "the program is for updates in place; train it by single steps"
                )
            }
            Self::Update { in_place: false } => {
                write!(
                    f,
                    "the program is for batches; begin one, add samples, finish it"
                )
            }
            Self::Momentum { momentum } => write!(
                f,
                "the program keeps no velocity for a momentum of {momentum}; set it to 0 or make one for \
                 batches with momentum"
            ),
            Self::Option { option, value } => {
                write!(f, "a {option} of {value} cannot be trained with")
            }
            Self::BatchFull { samples } => {
                write!(
                    f,
                    "the batch has its {samples} samples; finish it or begin another"
                )
            }
            Self::BatchIncomplete { samples, given } => {
                write!(f, "the batch has {given} of its {samples} samples")
            }
            Self::NotFinite { loss } => write!(
                f,
                "the loss is {loss} or its gradient is not finite: the sample was not trained on; \
                 check the input, lower the learning rate"
            ),
        }
    }
}

impl core::error::Error for CompactError {}
