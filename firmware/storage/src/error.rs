//! What can go wrong with stored weights.

use crate::Identity;
use core::fmt;

/// Why the slots of a flash cannot be opened. `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError<E> {
    /// The layout is for a flash with other pages, other words, or more bytes.
    OtherFlash,
    /// The flash is read in units that do not divide its write size.
    ReadSize {
        /// Bytes of a unit.
        found: usize,
    },
    /// The flash could not be read.
    Flash(E),
}

/// Why a stored set cannot be had. `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The set belongs to another model.
    Model {
        /// Whose set is wanted.
        expected: Identity,
        /// Whose set is stored.
        found: Identity,
    },
    /// The set belongs to this model, but has other parameters of it.
    Trained {
        /// Whose set is wanted.
        expected: Identity,
        /// Whose set is stored.
        found: Identity,
    },
    /// The set has another number of values than the buffer.
    Length {
        /// Values of the buffer.
        expected: usize,
        /// Values stored.
        found: usize,
    },
    /// The set has been overwritten since.
    Gone,
    /// The bytes no longer have the checksum they had when the slots were opened; the buffer's
    /// values are of no use.
    Checksum,
    /// The flash could not be read.
    Flash(E),
}

/// Why a set was not stored. The newest set before is still whole. `E` is the flash's own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SaveError<E> {
    /// There are no values, or more than the layout has room for. Nothing was changed.
    Length {
        /// The most values there may be.
        most: usize,
        /// Values given.
        found: usize,
    },
    /// The flash does not give back what was written.
    Verify {
        /// Where in the flash the bytes that differ begin, to a chunk.
        offset: u32,
    },
    /// The flash could not be erased, written or read.
    Flash(E),
}

impl<E: fmt::Debug> fmt::Display for OpenError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFlash => f.write_str(
                "the layout is for another flash; make it from this one's capacity and sizes",
            ),
            Self::ReadSize { found } => write!(
                f,
                "the flash is read {found} bytes at once, which must divide its write size"
            ),
            Self::Flash(error) => write!(f, "the flash could not be read: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { expected, found } => write!(
                f,
                "the stored weights belong to model {:08x}, not to {:08x}; train again",
                found.model, expected.model
            ),
            Self::Trained { expected, found } => write!(
                f,
                "the stored weights are of other layers ({:08x}) than those trained ({:08x}); \
                 train the same layers, or train again",
                found.trained, expected.trained
            ),
            Self::Length { expected, found } => write!(
                f,
                "there should be {expected} stored weights, but there are {found}; train again"
            ),
            Self::Gone => f.write_str("the stored weights were overwritten; take the newest"),
            Self::Checksum => f.write_str(
                "the stored weights are damaged (their checksum differs); open the slots again",
            ),
            Self::Flash(error) => write!(f, "the flash could not be read: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> fmt::Display for SaveError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { most, found } => {
                write!(f, "{found} weights cannot be stored, only 1 to {most}")
            }
            Self::Verify { offset } => write!(
                f,
                "the flash does not keep what is written at offset {offset}; \
                 it may be worn out, use another part"
            ),
            Self::Flash(error) => write!(f, "the weights could not be stored: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for OpenError<E> {}
impl<E: fmt::Debug> core::error::Error for LoadError<E> {}
impl<E: fmt::Debug> core::error::Error for SaveError<E> {}
