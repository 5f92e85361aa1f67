//! Losses as people write them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a training makes small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossSetting {
    /// The cross-entropy of the softmax with the sample's class.
    #[default]
    CrossEntropy,
    /// The mean squared error against the sample itself: an autoencoder.
    Mse,
}

impl fmt::Display for LossSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Mse => "mse",
        })
    }
}
