//! Why a network cannot be quantised.

use kiln_core::{BufferError, Int8Error, ProgramError};

/// Why a network cannot be quantised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// There is nothing to calibrate by.
    #[error("there are no samples to calibrate by; give a dataset that has some")]
    NoSamples,
    /// A batch normalisation that has not been folded.
    #[error(
        "layer {node} (batch_norm): has to be folded first; a model that `kiln train` wrote is"
    )]
    BatchNorm {
        /// Number of the node, counted from 1.
        node: usize,
    },
    /// Numbers that no codes can stand for.
    #[error("layer {node} ({layer}): its {what} are not finite; train again at a lower rate")]
    NotFinite {
        /// Number of the node, counted from 1.
        node: usize,
        /// The layer's name.
        layer: &'static str,
        /// Weights or outputs.
        what: &'static str,
    },
    /// The samples' values, as the network takes them, are not finite.
    #[error(
        "the samples' values are not finite as the network takes them; look at the input scaling"
    )]
    InputNotFinite,
    /// Scales so far apart that integers cannot bring one to the other.
    #[error(
        "layer {node} ({layer}): the scales of its inputs and its output are too far apart for \
         integers"
    )]
    Ratio {
        /// Number of the node, counted from 1.
        node: usize,
        /// The layer's name.
        layer: &'static str,
    },
    /// The integers do not fit one another.
    #[error(transparent)]
    Integers(#[from] Int8Error),
    /// The network has no program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Parameters or samples do not fit the network.
    #[error(transparent)]
    Buffer(#[from] BufferError),
}
