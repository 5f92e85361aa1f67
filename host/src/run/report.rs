//! A run's numbers, as JSON and as CSV have them.

use super::folder::{INT8_MODEL, MODEL, REPORT};
use super::{FoldingEffect, Job, Setup};
use crate::data::{Dataset, Samples};
use crate::quantization::Int8Evaluation;
use crate::report::{Evaluated, RunEvaluation};
use crate::roc::AnomalyDetection;
use crate::training::{Epoch, MeanScore};
use crate::weights;
use serde::Serialize;
use std::time::Duration;

/// The result as JSON.
#[derive(Debug, Serialize)]
pub struct TrainReport<'a> {
    dataset: &'a str,
    source: &'a str,
    load_seconds: f64,
    classes: usize,
    train_samples: usize,
    validation_samples: usize,
    test_samples: usize,
    parameters: u64,
    macs: u64,
    flops: u64,
    seed: u64,
    threads: usize,
    lanes: usize,
    epochs: &'a [EpochReport],
    /// The epoch whose weights were kept, where the best one's were to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_epoch: Option<u32>,
    seconds: f64,
    samples_per_second: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_loss: Option<f64>,
    /// Mean of the classes' recalls on the samples scored, where these are unbalanced.
    #[serde(skip_serializing_if = "Option::is_none")]
    balanced_accuracy: Option<f64>,
    /// How well an autoencoder's error tells a class from the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    anomaly: Option<AnomalyDetection>,
    /// What folding came to, where there was something to fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    folding: Option<FoldingEffect>,
    /// Path of the trained model.
    pub weights: String,
    weights_sha256: String,
    /// What quantising came to, where that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    int8: Option<&'a Int8Evaluation>,
    /// Path of the model of integers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub int8_weights: Option<String>,
    /// Where the page is.
    pub report: String,
}

/// An epoch of the result, a line of `metrics.csv`.
#[derive(Debug, Serialize)]
pub struct EpochReport {
    /// Number of the epoch, from 1.
    pub epoch: u32,
    train_loss: Option<f64>,
    train_accuracy: Option<f64>,
    validation_loss: Option<f64>,
    validation_accuracy: Option<f64>,
    /// Of the training steps alone.
    pub samples_per_second: f64,
    /// Of all, validation included.
    seconds: f64,
    #[serde(skip)]
    samples: usize,
    #[serde(skip)]
    train_seconds: f64,
}

/// How long training took.
pub struct RunTiming {
    /// Training, validation and test.
    pub seconds: f64,
    /// Of the training steps alone.
    samples_per_second: f64,
}

/// What a run that is done came to.
pub struct RunFindings<'a> {
    /// Its epochs, from the first.
    pub epochs: &'a [EpochReport],
    /// How long it took.
    pub timing: RunTiming,
    /// What the final weights give.
    pub evaluation: RunEvaluation,
    /// What folding came to, where there was something to fold.
    pub folding: Option<FoldingEffect>,
}

impl EpochReport {
    /// The report of epoch `number`, counted from 1.
    pub fn new(number: u32, epoch: &Epoch) -> Self {
        let train_seconds = epoch.train_time.as_secs_f64();
        Self {
            epoch: number,
            train_loss: epoch.train.map(|score| score.loss),
            train_accuracy: epoch.train.and_then(|score| score.accuracy),
            validation_loss: epoch.validation.map(|score| score.loss),
            validation_accuracy: epoch.validation.and_then(|score| score.accuracy),
            samples_per_second: epoch.samples as f64 / train_seconds,
            seconds: epoch.time.as_secs_f64(),
            samples: epoch.samples,
            train_seconds,
        }
    }

    /// Reports of a run's epochs, from the first.
    pub fn all(epochs: &[Epoch]) -> Vec<Self> {
        let numbered = (1..).zip(epochs);
        numbered
            .map(|(number, epoch)| Self::new(number, epoch))
            .collect()
    }

    /// Mean loss and accuracy on the training samples.
    pub fn train(&self) -> Option<MeanScore> {
        score(self.train_loss, self.train_accuracy)
    }

    /// Mean loss and accuracy on the samples held out.
    pub fn validation(&self) -> Option<MeanScore> {
        score(self.validation_loss, self.validation_accuracy)
    }
}

impl RunTiming {
    /// Of a run of these epochs that took `time` in all.
    pub fn new(epochs: &[EpochReport], time: Duration) -> Self {
        let samples: usize = epochs.iter().map(|epoch| epoch.samples).sum();
        let train_seconds: f64 = epochs.iter().map(|epoch| epoch.train_seconds).sum();
        Self {
            seconds: time.as_secs_f64(),
            samples_per_second: samples as f64 / train_seconds,
        }
    }
}

impl<'a> TrainReport<'a> {
    /// What there is to tell of a run that is done, whose folded parameters are `folded`.
    pub fn new(
        job: &Job,
        dataset: &'a Dataset,
        setup: &Setup<'_>,
        findings: &'a RunFindings<'_>,
        folded: &[f32],
    ) -> Self {
        let cost = setup.network.cost();
        let RunFindings {
            epochs,
            timing,
            evaluation,
            folding,
        } = findings;
        let test = evaluation.test();
        let evaluated = evaluation.evaluated.as_ref();
        Self {
            dataset: &dataset.name,
            source: &dataset.source,
            load_seconds: dataset.load_time.as_secs_f64(),
            classes: dataset.classes.len(),
            train_samples: setup.split[0],
            validation_samples: setup.split[1],
            test_samples: dataset.test.as_ref().map_or(0, Samples::len),
            parameters: cost.parameters,
            macs: cost.macs,
            flops: cost.flops(),
            seed: setup.settings.seed,
            threads: setup.threads,
            lanes: setup.lanes.lanes(),
            epochs,
            kept_epoch: evaluation.kept_epoch,
            seconds: timing.seconds,
            samples_per_second: timing.samples_per_second,
            test_accuracy: test.and_then(|score| score.accuracy),
            test_loss: test.map(|score| score.loss),
            balanced_accuracy: evaluated.and_then(Evaluated::balanced_accuracy),
            anomaly: evaluated.and_then(|evaluated| evaluated.anomaly.clone()),
            folding: *folding,
            weights: job.out.path().join(MODEL).display().to_string(),
            weights_sha256: weights::sha256(folded),
            int8: evaluation.int8.as_ref(),
            int8_weights: evaluation
                .int8
                .is_some()
                .then(|| job.out.path().join(INT8_MODEL).display().to_string()),
            report: job.out.path().join(REPORT).display().to_string(),
        }
    }
}

fn score(loss: Option<f64>, accuracy: Option<f64>) -> Option<MeanScore> {
    Some(MeanScore {
        loss: loss?,
        accuracy,
    })
}
