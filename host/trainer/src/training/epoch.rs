//! What an epoch reached.

use crate::settings::LossSetting;
use kiln_core::Outcome;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How well a network does on some samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanScore {
    /// Mean loss of a sample.
    pub loss: f64,
    /// Fraction of the samples whose class is found; nothing where the loss tells of no classes.
    pub accuracy: Option<f64>,
}

/// What an epoch reached and took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// On the training samples, augmented, each as the weights were when it was its turn; a split
    /// leaves at least one.
    pub train: Option<MeanScore>,
    /// On the samples held out, after the epoch; nothing where none are.
    pub validation: Option<MeanScore>,
    /// Samples trained on.
    pub samples: usize,
    /// Time of the training steps.
    pub train_time: Duration,
    /// Time of all, validation included.
    pub time: Duration,
}

impl MeanScore {
    /// Mean loss and share of correct classes of what was counted; nothing where no sample was.
    pub fn of(outcome: &Outcome, loss: LossSetting) -> Option<Self> {
        let samples = outcome.samples as f64;
        (outcome.samples > 0).then(|| Self {
            loss: outcome.loss_sum / samples,
            accuracy: loss
                .tells_classes()
                .then_some(outcome.correct as f64 / samples),
        })
    }
}
