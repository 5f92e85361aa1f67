//! The figures of a run's epochs.

use crate::training::MeanScore;
use serde::Deserialize;

/// A line of `metrics.csv`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct EpochFigures {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    train_loss: Option<f64>,
    train_accuracy: Option<f64>,
    validation_loss: Option<f64>,
    validation_accuracy: Option<f64>,
    /// Time of all, validation included.
    pub seconds: f64,
}

impl EpochFigures {
    /// The lines of `metrics.csv`.
    ///
    /// # Errors
    ///
    /// What is wrong with one.
    pub fn read(metrics: &[u8]) -> csv::Result<Vec<Self>> {
        let lines = csv::Reader::from_reader(metrics).into_deserialize();
        lines.collect()
    }

    /// Losses and accuracies.
    pub(super) fn figures(&self) -> [Option<f64>; 4] {
        [
            self.train_loss,
            self.train_accuracy,
            self.validation_loss,
            self.validation_accuracy,
        ]
    }

    /// On the training samples.
    pub fn train(&self) -> Option<MeanScore> {
        score(self.train_loss, self.train_accuracy)
    }

    /// On the samples held out.
    pub fn validation(&self) -> Option<MeanScore> {
        score(self.validation_loss, self.validation_accuracy)
    }
}

fn score(loss: Option<f64>, accuracy: Option<f64>) -> Option<MeanScore> {
    Some(MeanScore {
        loss: loss?,
        accuracy,
    })
}
