//! What can be wrong with a model file, or with what should become one.

use super::layout::{FIRST_VERSION, INT8_VERSION};
use crate::int8::Int8Error;
use crate::{NetworkError, ScalingError};
use core::fmt;

/// Why bytes are not a model file, or parts do not make one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ModelError {
    /// The bytes do not start like a model file.
    NotAModel,
    /// A format version this build does not read.
    Version {
        /// The version in the file.
        found: u16,
    },
    /// The file is cut short, or something follows it.
    Length {
        /// Bytes the file says it has, or at least needs.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The bytes do not have the checksum stored with them.
    Checksum,
    /// The checksum holds, but the header does not decode.
    Header,
    /// The network is impossible.
    Network(NetworkError),
    /// The input scaling is impossible.
    Scaling(ScalingError),
    /// The number of parameters is not the network's.
    Parameters {
        /// Parameters the network has.
        expected: usize,
        /// Parameters there are.
        found: usize,
    },
    /// The task is to give the input once more, but the output has another number of values.
    Reconstruction {
        /// Values of the input.
        inputs: usize,
        /// Values of the output.
        outputs: usize,
    },
    /// The input scaling does not have the network's number of channels.
    Channels {
        /// Channels of the network's input.
        expected: usize,
        /// Channels of the scaling.
        found: usize,
    },
    /// There are class names, but not one for each class.
    Classes {
        /// Classes the network tells apart.
        expected: usize,
        /// Names there are.
        found: usize,
    },
    /// A class name is empty or has a line break.
    ClassName {
        /// Index of the class, from 0.
        class: usize,
    },
    /// The network computes in integers where one of floating-point numbers is asked for.
    Int8,
    /// The network computes in floating-point numbers where one in integers is asked for.
    Float,
    /// The tables of a network in integers do not have the lengths that the header says.
    Tables,
    /// The integers of a network do not fit it.
    Integers(Int8Error),
    /// The bytes start at an address that is not a multiple of 4.
    Misaligned,
    /// The file would be longer than 4 GiB, or than this machine can address.
    TooLarge,
    /// The buffer to write to is too short.
    BufferTooShort {
        /// Bytes the file needs.
        needed: usize,
        /// Length of the buffer.
        found: usize,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotAModel => f.write_str("not a Kiln model file"),
            Self::Version { found } => write!(
                f,
                "model file format {found}, but this build reads formats {FIRST_VERSION} to {INT8_VERSION}; \
                 use the Kiln that wrote it"
            ),
            Self::Length { expected, found } if found < expected => write!(
                f,
                "the model file is cut short: {found} of {expected} bytes; copy it again"
            ),
            Self::Length { expected, found } => write!(
                f,
                "the model file ends after {expected} bytes, but {found} are there; copy it again"
            ),
            Self::Checksum => {
                f.write_str("the model file is damaged (its checksum differs); copy it again")
            }
            Self::Header => f.write_str("the model file's header does not decode; write it again"),
            Self::Network(error) => write!(f, "impossible network: {error}"),
            Self::Scaling(error) => error.fmt(f),
            Self::Parameters { expected, found } => {
                write!(
                    f,
                    "the network has {expected} parameters, but {found} are given"
                )
            }
            Self::Reconstruction { inputs, outputs } => write!(
                f,
                "the network is to reconstruct its input of {inputs} values, but gives {outputs}; \
                 set the outputs of its last layer to {inputs}"
            ),
            Self::Channels { expected, found } => write!(
                f,
                "the network has {expected} input channels, but the input scaling has {found}"
            ),
            Self::Classes { expected, found } => {
                write!(
                    f,
                    "the network tells {expected} classes apart, but {found} are named"
                )
            }
            Self::ClassName { class } => write!(
                f,
                "the name of class {class} (from 0) is empty or has a line break; rename it"
            ),
            Self::Int8 => f.write_str(
                "the model is an int8 network, which is evaluated and not trained; \
                 take the model that it was quantised from",
            ),
            Self::Float => f.write_str("the model is no int8 network; `kiln quantize` makes it one"),
            Self::Tables => f.write_str(
                "the tables of the int8 network have other lengths than its header says; write it again",
            ),
            Self::Integers(error) => write!(f, "impossible int8 network: {error}"),
            Self::Misaligned => f.write_str(
                "the model file does not start at a multiple of 4 in memory; \
                 align it, best to 16 bytes",
            ),
            Self::TooLarge => f.write_str("the model file is too large for this machine"),
            Self::BufferTooShort { needed, found } => {
                write!(
                    f,
                    "the model file needs {needed} bytes, the buffer has {found}"
                )
            }
        }
    }
}

impl core::error::Error for ModelError {}
