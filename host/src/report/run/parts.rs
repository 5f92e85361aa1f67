//! Which files of a run folder are of one run.

use super::EpochFigures;
use crate::run::config::RunConfig;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// SHA-256 of what a run's files say, so that those of another run are told apart from its own.
///
/// Times, threads and lanes are left out: the same run comes to the same wherever it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunParts {
    /// Of `config.toml` without the threads and lanes.
    config: String,
    /// Of the losses and accuracies in `metrics.csv`.
    metrics: String,
    /// Of `model.kiln`.
    model: String,
}

/// A file of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPart {
    /// `config.toml`.
    Config,
    /// `metrics.csv`.
    Metrics,
    /// `model.kiln`.
    Model,
}

impl RunParts {
    /// Of what the files say.
    ///
    /// # Errors
    ///
    /// If TOML cannot hold the config, which one that was read is no reason for.
    pub fn of(
        config: &RunConfig,
        epochs: &[EpochFigures],
        model: &[u8],
    ) -> Result<Self, toml::ser::Error> {
        let mut config = config.clone();
        if let Some(record) = &mut config.record {
            (record.threads, record.lanes) = (0, 0);
        }
        let mut metrics = Sha256::new();
        for epoch in epochs {
            metrics.update(epoch.epoch.to_le_bytes());
            for figure in epoch.figures() {
                // No loss that is none has these bits.
                metrics.update(figure.map_or(u64::MAX, f64::to_bits).to_le_bytes());
            }
        }
        Ok(Self {
            config: hex::encode(Sha256::digest(config.to_toml()?)),
            metrics: hex::encode(metrics.finalize()),
            model: hex::encode(Sha256::digest(model)),
        })
    }

    /// The first file of `others` that is not of the run whose parts these are.
    pub fn foreign(&self, others: &Self) -> Option<RunPart> {
        let parts = [
            (RunPart::Config, &self.config, &others.config),
            (RunPart::Metrics, &self.metrics, &others.metrics),
            (RunPart::Model, &self.model, &others.model),
        ];
        let foreign = parts.into_iter().find(|(_, own, other)| own != other);
        foreign.map(|(part, ..)| part)
    }
}
