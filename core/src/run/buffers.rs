//! Buffers a caller hands over, and what is wrong with one that does not fit.

use core::fmt;

/// A buffer, or a label, that does not fit the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BufferError {
    /// A slice has another length than the program says.
    Length {
        /// Which slice.
        buffer: &'static str,
        /// Length the program says.
        needed: usize,
        /// Length it has.
        given: usize,
    },
    /// A batch or group has no samples, or more than fit.
    Samples {
        /// Most samples that fit.
        most: usize,
        /// Samples given.
        given: usize,
    },
    /// A batch that gives each channel of a batch normalisation a single value.
    SingleValue {
        /// Number of the node, counted from 1.
        node: usize,
    },
    /// The program was made for something else than what it is asked for.
    Purpose,
    /// A label is not below the number of classes.
    Label {
        /// The label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
}

impl fmt::Display for BufferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length {
                buffer,
                needed,
                given,
            } => write!(f, "{buffer} has {given} values; the program says {needed}"),
            Self::Samples { most, given } => {
                write!(f, "{given} samples; from 1 to {most} fit")
            }
            Self::SingleValue { node } => write!(
                f,
                "layer {node} (batch_norm): a batch of one sample has a single value a channel; \
                 batches have to be larger"
            ),
            Self::Purpose => {
                f.write_str("the program was made for another purpose, or another rule of rounding")
            }
            Self::Label { label, classes } => {
                write!(f, "label {label} is not one of {classes} classes")
            }
        }
    }
}

impl core::error::Error for BufferError {}

/// Checks a slice against the program's length, to the element.
pub(crate) fn check(buffer: &'static str, given: usize, needed: usize) -> Result<(), BufferError> {
    if given == needed {
        return Ok(());
    }
    Err(BufferError::Length {
        buffer,
        needed,
        given,
    })
}

/// Checks that there is a label for each of at most `most` samples, each among the classes.
pub(crate) fn check_labels(labels: &[u16], most: usize, classes: usize) -> Result<(), BufferError> {
    if labels.is_empty() || labels.len() > most {
        return Err(BufferError::Samples {
            most,
            given: labels.len(),
        });
    }
    match labels.iter().find(|label| usize::from(**label) >= classes) {
        None => Ok(()),
        Some(label) => Err(BufferError::Label {
            label: *label,
            classes,
        }),
    }
}
