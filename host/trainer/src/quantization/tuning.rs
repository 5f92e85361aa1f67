//! Quantisation-aware training: a network is trained on, in floating point, with weights and values
//! rounded to the numbers that their codes stand for.
//!
//! What rounding costs is so made part of the loss. Gradients pass the rounding as if it were not
//! there, up to the ends of a value's codes. Ranges stay those of the calibration; a filter's scale
//! follows its largest weight.

use super::tables::limited_codes;
use super::{QuantizeError, Quantized};
use crate::augmentation::AugmentationError;
use crate::data::Samples;
use crate::engine::{Engine, EngineError, EngineOptions};
use crate::settings::{Hyperparameters, ScheduleSetting};
use crate::training::{DatasetTrainer, Epoch, Split, TrainingError, class_weights};
use kiln_core::{LaneWidth, Scaling};
use std::io;
use std::ops::ControlFlow;

/// How a network is tuned, and on what.
pub struct Tuning<'a> {
    /// Passes over the samples, at least 1.
    pub epochs: u32,
    /// How the network was trained: batch, momentum, loss, augmentation, arithmetic and seed are taken
    /// from here, and the rate is a part of its rate.
    pub settings: Hyperparameters,
    /// Samples that those to train on are among.
    pub samples: &'a Samples,
    /// Indices of those.
    pub train: Vec<u32>,
    /// Samples that a thread computes at once; the most there can be where there is none.
    pub lanes: Option<LaneWidth>,
    /// Is asked after each step whether to go on.
    pub check: &'a (dyn Fn() -> ControlFlow<()> + Sync),
    /// Is told of each epoch.
    pub told: &'a (dyn Fn(&TuningEpoch) -> io::Result<()> + Sync),
}

/// An epoch that is done.
#[derive(Clone, Copy, Debug)]
pub struct TuningEpoch {
    /// Its number, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
    /// What it reached and took; nothing is validated.
    pub epoch: Epoch,
}

/// Why a network was not tuned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// It was asked to end.
    #[error("interrupted in the epochs of quantisation; nothing of them was saved")]
    Interrupted,
    /// The loss became infinite or not a number.
    #[error(
        "training diverged in epoch {epoch} of quantisation, step {step}: the loss is no longer a \
         finite number; leave out --quantize-epochs"
    )]
    Diverged {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// Number of the step in the epoch, from 1.
        step: u32,
    },
    /// The augmentation does not fit the samples.
    #[error(transparent)]
    Augmentation(#[from] AugmentationError),
    /// The network has no program for this.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The samples do not fit the network.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An epoch could not be told of.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Part of the training's base rate at which tuning begins; it falls to 0 along a cosine.
const RATE: f64 = 0.003;

impl Tuning<'_> {
    /// The rate that it begins at.
    pub fn rate(&self) -> f64 {
        RATE * self.settings.lr
    }

    /// The settings of the training that it is. What decayed were the weights before folding.
    fn hyperparameters(&self) -> Hyperparameters {
        Hyperparameters {
            epochs: self.epochs,
            lr: self.rate(),
            weight_decay: 0.0,
            schedule: ScheduleSetting::Cosine { warmup: 0.0 },
            ..self.settings
        }
    }

    /// Trains on from the parameters that a network of integers stands for; gives those that it is to be
    /// made of.
    pub(super) fn run(
        &self,
        quantized: &Quantized,
        scaling: &Scaling,
        threads: usize,
    ) -> Result<Vec<f32>, TuningError> {
        let settings = self.hyperparameters();
        settings.augment.0.check(self.samples)?;
        let network = &quantized.tables.network;
        let options = EngineOptions {
            threads,
            lanes: self.lanes,
            arithmetic: settings.arithmetic.into(),
            batch: self.train.len().min(settings.batch as usize),
            loss: settings.core_loss(),
            class_weights: match settings.balance {
                true => class_weights(&self.samples.labels, &self.train, network.classes()),
                false => Vec::new(),
            },
            seed: settings.seed,
            fake_quantization: Some(limited_codes(network, &quantized.codes)?),
            ..EngineOptions::default()
        };
        let engine = Engine::new(network, scaling, quantized.parameters.clone(), &options)?;
        let split = Split {
            train: self.train.clone(),
            validation: Vec::new(),
        };
        let mut trainer = DatasetTrainer::new(engine, self.samples, split, settings, false);
        for number in 1..=self.epochs {
            let epoch = trainer.epoch(|_| (self.check)()).map_err(own_error)?;
            let epoch = epoch.ok_or(TuningError::Interrupted)?;
            (self.told)(&TuningEpoch {
                number,
                of: self.epochs,
                epoch,
            })?;
        }
        Ok(trainer.parameters().to_vec())
    }
}

fn own_error(error: TrainingError) -> TuningError {
    match error {
        TrainingError::Diverged { epoch, step, .. } => TuningError::Diverged { epoch, step },
        TrainingError::Engine(error) => error.into(),
    }
}
