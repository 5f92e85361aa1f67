//! Why a network has no program for a purpose.

use super::TrainableError;
use crate::NetworkError;
use core::fmt;

/// Why a network has no program for a purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ProgramError {
    /// A node does not fit.
    Network(NetworkError),
    /// A node to be trained is not there, or has nothing to train.
    Trainable(TrainableError),
    /// A batch normalisation, which only training in groups runs; it has to be folded before.
    BatchNorm {
        /// Number of the node, counted from 1.
        node: usize,
    },
    /// More steps than the program has room for.
    Steps {
        /// Steps there is room for.
        room: usize,
    },
}

impl ProgramError {
    /// The error in the words a failed build shows, which cannot hold a number.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Network(_) => "the network is not sound",
            Self::Trainable(error) => error.reason(),
            Self::BatchNorm { .. } => "a batch normalisation has to be folded first",
            Self::Steps { .. } => "the network has more steps than the program has room for",
        }
    }
}

impl From<NetworkError> for ProgramError {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl From<TrainableError> for ProgramError {
    fn from(error: TrainableError) -> Self {
        Self::Trainable(error)
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(error) => error.fmt(f),
            Self::Trainable(error) => error.fmt(f),
            Self::BatchNorm { node } => write!(
                f,
                "layer {node} (batch_norm): it runs only while a desktop trains; fold it into its \
                 neighbours first"
            ),
            Self::Steps { room } => write!(
                f,
                "the network has more steps than the {room} there is room for"
            ),
        }
    }
}

impl core::error::Error for ProgramError {}
