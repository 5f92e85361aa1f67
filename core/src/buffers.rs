//! Buffers a caller hands over, and what is wrong with one that does not fit.

use core::fmt;

/// A buffer, or a label, that does not fit the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BufferError {
    /// A slice has another length than the plan says.
    Length {
        /// Which slice.
        buffer: &'static str,
        /// Length the plan says.
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
            } => write!(f, "{buffer} has {given} values; the plan says {needed}"),
            Self::Samples { most, given } => {
                write!(f, "{given} samples; from 1 to {most} fit")
            }
            Self::Label { label, classes } => {
                write!(f, "label {label} is not one of {classes} classes")
            }
        }
    }
}

impl core::error::Error for BufferError {}

/// Checks a slice against the plan's length, to the element.
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

/// A part of `arena` to read and another to write.
///
/// # Panics
///
/// Where the two overlap or reach over the end, which a plan's regions never do.
pub(crate) fn read_and_write<T>(
    arena: &mut [T],
    read: core::ops::Range<usize>,
    write: core::ops::Range<usize>,
) -> (&[T], &mut [T]) {
    if read.end <= write.start {
        let (low, high) = arena.split_at_mut(write.start);
        (&low[read], &mut high[..write.end - write.start])
    } else {
        let (low, high) = arena.split_at_mut(read.start);
        (&high[..read.end - read.start], &mut low[write])
    }
}
