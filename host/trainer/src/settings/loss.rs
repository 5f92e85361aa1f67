//! Losses as people write them.

use kiln_core::{Loss, ModelTask};
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

impl LossSetting {
    /// What a model of this task was trained by.
    pub fn of(task: ModelTask) -> Self {
        match task {
            ModelTask::Classification => Self::CrossEntropy,
            ModelTask::Reconstruction => Self::Mse,
        }
    }

    /// The same as core has it, with this share of each label spread over all classes.
    pub fn smoothed(self, smoothing: f32) -> Loss {
        match self {
            Self::CrossEntropy => Loss::CrossEntropy { smoothing },
            Self::Mse => Loss::MeanSquaredError,
        }
    }

    /// Whether it holds outputs against classes, so that some are right and some are wrong.
    pub fn tells_classes(self) -> bool {
        self == Self::CrossEntropy
    }
}

impl fmt::Display for LossSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Mse => "mse",
        })
    }
}
