//! A run's network in integers, made at the run's end.

use super::Setup;
use super::outputs;
use crate::data::Dataset;
use crate::output::Output;
use crate::quantization::{
    CALIBRATION_SAMPLES, Conversion, ConversionError, Int8Evaluation, ScoredSamples, calibration,
};
use crate::report::EvaluationScores;
use crate::training::{MeanScore, Split};
use anyhow::{Context, Result};
use std::io;

/// The network of a run that is to be quantised, as far as it can be.
pub type QuantizedRun = Result<Conversion, ConversionError>;

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
) -> Result<Option<QuantizedRun>> {
    if !setup.settings.quantize {
        return Ok(None);
    }
    let bytes = outputs::model(dataset, setup)?;
    let model = bytes.open()?;
    let settings = &setup.settings;
    let split = Split::new(dataset.train.len(), settings.validation, settings.seed)?;
    let split = Some(&split).filter(|split| !split.validation.is_empty());
    let ranges = calibration(dataset, split, CALIBRATION_SAMPLES);
    let scored = ScoredSamples {
        samples: scores.samples,
        indices: &scores.indices,
    };
    Ok(Some(Conversion::of(&model, &ranges, scored, setup.threads)))
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
