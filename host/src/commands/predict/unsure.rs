//! Whether a prediction says little.

use super::Prediction;
use crate::plain_file;
use crate::report::RunEvaluation;
use crate::run::folder::{EVALUATION, INT8_MODEL};
use std::path::Path;

/// The probability below which the first class says little, where the run that the model is of found one out.
pub(super) fn sure_from(weights: &Path, sha256: &str) -> Option<f32> {
    let folder = match weights.is_dir() {
        true => weights,
        false => weights.parent()?,
    };
    let text = plain_file::read(&folder.join(EVALUATION), plain_file::MAX_TEXT).ok()?;
    let evaluation: RunEvaluation = serde_json::from_slice(&text).ok()?;
    let is_its_int8 = weights.file_name().is_some_and(|name| name == INT8_MODEL);
    let is_own = evaluation.weights_sha256 == sha256 || is_its_int8 && evaluation.int8.is_some();
    evaluation.sure_from.filter(|_| is_own)
}

/// What is to be said of images whose first class is not at all probable.
pub(super) fn unsure_notice(predictions: &[Prediction], sure_from: Option<f32>) -> Option<String> {
    let is_unsure = |prediction: &&Prediction| prediction.unsure == Some(true);
    let unsure = predictions.iter().filter(is_unsure).count();
    let sure_from = sure_from.filter(|_| unsure > 0)?;
    Some(format!(
        "of the images marked with ?, {unsure} of {}, the first class has less than {:.1}%, as few of the samples \
         that it was validated on: it may be none of the classes",
        predictions.len(),
        100.0 * sure_from
    ))
}
