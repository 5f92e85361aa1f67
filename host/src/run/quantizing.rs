//! A run's network in integers, made at the run's end.

use super::outputs;
use super::{Interruption, Setup};
use crate::data::Dataset;
use crate::output::{Output, grouped};
use crate::quantization::{
    CALIBRATION_SAMPLES, Conversion, ConversionError, Int8Evaluation, ScoredSamples, Tuning,
    TuningEpoch, TuningError, calibration,
};
use crate::report::EvaluationScores;
use crate::training::{MeanScore, Split};
use anyhow::{Context, Result};
use std::io;

/// The network of a run that is to be quantised, as far as it can be.
pub type QuantizedRun = Result<Conversion, ConversionError>;

/// Who is told how the epochs of quantisation go on, and can end them.
#[derive(Clone, Copy)]
pub struct QuantizingWatch<'a> {
    /// Where lines go, if anywhere.
    pub output: Option<Output>,
    /// What can end them.
    pub interruption: &'a Interruption,
}

/// Quantises a run's network, as `kiln quantize` does where nothing else is said, and scores it on the
/// samples that the run is scored by. Nothing where the run's settings do not ask for it.
///
/// # Errors
///
/// If a class name cannot be written down, or the split cannot be made again. A network that cannot be
/// quantised is a result.
pub fn quantize_run(
    setup: &Setup<'_>,
    dataset: &Dataset,
    scores: &EvaluationScores<'_>,
    watch: QuantizingWatch<'_>,
) -> Result<Option<QuantizedRun>> {
    if !setup.settings.quantize {
        return Ok(None);
    }
    let bytes = outputs::model(dataset, setup)?;
    let model = bytes.open()?;
    let settings = &setup.settings;
    let split = Split::of(dataset, settings.validation, settings.seed)?;
    let held_out = Some(&split).filter(|split| !split.validation.is_empty());
    let ranges = calibration(dataset, held_out, CALIBRATION_SAMPLES);
    let check = || watch.interruption.check();
    let told = |epoch: &TuningEpoch| match watch.output {
        Some(output) => describe_tuning_epoch(output, epoch),
        None => Ok(()),
    };
    let tuning = settings.quantize_epochs.map(|epochs| Tuning {
        epochs,
        settings: *settings,
        samples: &dataset.train,
        train: split.train.clone(),
        lanes: Some(setup.lanes),
        check: &check,
        told: &told,
    });
    let scored = ScoredSamples {
        samples: scores.samples,
        indices: &scores.indices,
    };
    let threads = setup.threads;
    let conversion = Conversion::of(&model, &ranges, scored, threads, tuning.as_ref());
    Ok(Some(conversion))
}

/// Whether there is no network of integers because someone ended its epochs.
pub fn is_interrupted(cause: &ConversionError) -> bool {
    matches!(cause, ConversionError::Tuning(TuningError::Interrupted))
}

/// Says what an epoch of quantisation reached, by the network as its codes have it then.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_tuning_epoch(output: Output, epoch: &TuningEpoch) -> io::Result<()> {
    let TuningEpoch { number, of, epoch } = epoch;
    let train = epoch.train.map(|score| match score.accuracy {
        Some(accuracy) => format!(", loss {:.4}, {:.2}%", score.loss, 100.0 * accuracy),
        None => format!(", loss {:.6}", score.loss),
    });
    let train = train.unwrap_or_default();
    let rate = (epoch.samples as f64 / epoch.train_time.as_secs_f64()) as u64;
    let rate = grouped(rate);
    output.item(
        "quantising",
        format_args!("epoch {number} of {of}{train} of the training samples, {rate} a second"),
    )
}

/// The score of a run's network of integers on the samples held out; nothing where there are none.
///
/// # Errors
///
/// If the model cannot be made.
pub fn held_out_score(
    setup: &Setup<'_>,
    dataset: &Dataset,
    conversion: &Conversion,
) -> Result<Option<MeanScore>> {
    let bytes = outputs::model(dataset, setup)?;
    let scored = ScoredSamples {
        samples: &dataset.train,
        indices: setup.trainer.validation(),
    };
    let score = conversion.score(&bytes.open()?, scored, setup.threads);
    score.context("the network of integers")
}

/// Says what quantising came to, in two lines.
///
/// # Errors
///
/// If the output cannot be written.
pub fn describe_int8(output: Output, evaluation: &Int8Evaluation) -> io::Result<()> {
    output.item("int8", evaluation.scored.in_words())?;
    evaluation.describe_tuning(output)?;
    evaluation.describe_bytes(output, "")?;
    let Some(noisiest) = evaluation.noisiest() else {
        return Ok(());
    };
    output.item(
        "",
        format_args!(
            "ranges by {}; furthest off is layer {}, {:.1} dB",
            evaluation.ranges, noisiest.last, noisiest.decibels
        ),
    )
}
