//! What quantising a model came to.

use super::StepFidelity;
use crate::output::{Output, counted, grouped};
use crate::training::MeanScore;
use serde::{Deserialize, Serialize};
use std::io;

/// What quantising a model came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Int8Evaluation {
    /// Samples that the ranges were found by.
    pub calibration_samples: usize,
    /// How the ranges were chosen.
    pub ranges: String,
    /// Bytes of weights and constants.
    pub flash_bytes: usize,
    /// Bytes that an inference works in.
    pub arena_bytes: usize,
    /// Scores before and after.
    pub scored: QuantizationScore,
    /// How the network was trained on with its codes, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuned: Option<TuningEffect>,
    /// How near each step comes to the network it was made from.
    pub layers: Vec<StepFidelity>,
}

/// How a network was trained on with its codes, and what it was without that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TuningEffect {
    /// Passes over the training samples.
    pub epochs: u32,
    /// The rate at its beginning.
    pub lr: f32,
    /// The score of the network of integers that was only rounded.
    pub rounded: Option<MeanScore>,
}

/// Scores before and after.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantizationScore {
    /// Samples that were scored.
    pub samples: usize,
    /// By the network of floating-point numbers; nothing where there are no samples.
    pub before: Option<MeanScore>,
    /// By that of integers.
    pub after: Option<MeanScore>,
    /// Samples of which another class is the most probable; nothing where there are no classes.
    pub classified_otherwise: Option<usize>,
}

impl Int8Evaluation {
    /// Says what the network takes.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn describe_bytes(&self, output: Output, label: &str) -> io::Result<()> {
        output.item(
            label,
            format_args!(
                "{} bytes of weights and constants, {} bytes of RAM",
                grouped(self.flash_bytes as u64),
                grouped(self.arena_bytes as u64)
            ),
        )
    }

    /// Says how the network was trained on, if it was.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn describe_tuning(&self, output: Output) -> io::Result<()> {
        let Some(tuned) = &self.tuned else {
            return Ok(());
        };
        let epochs = counted(tuned.epochs as usize, "epoch", "epochs");
        let rounded = tuned.rounded.map(|score| match score.accuracy {
            Some(accuracy) => format!("; {:.2}% by rounding alone", 100.0 * accuracy),
            None => format!("; error {:.6} by rounding alone", score.loss),
        });
        let rounded = rounded.unwrap_or_default();
        output.item(
            "tuned",
            format_args!("{epochs} at lr {}{rounded}", tuned.lr),
        )
    }

    /// The step whose output is furthest from what it was.
    pub fn noisiest(&self) -> Option<&StepFidelity> {
        let steps = self.layers.iter();
        steps.min_by(|one, other| one.decibels.total_cmp(&other.decibels))
    }
}

impl QuantizationScore {
    /// Scores before and after, for people to read.
    pub fn in_words(&self) -> String {
        let samples = grouped(self.samples as u64);
        let (Some(before), Some(after)) = (self.before, self.after) else {
            return "no samples".into();
        };
        match (before.accuracy, after.accuracy, self.classified_otherwise) {
            (Some(one), Some(other), Some(otherwise)) => format!(
                "{:.2}% before, {:.2}% after, {} of {samples} samples classified otherwise",
                100.0 * one,
                100.0 * other,
                grouped(otherwise as u64)
            ),
            _ => format!(
                "error {:.6} before, {:.6} after, over {samples} samples",
                before.loss, after.loss
            ),
        }
    }
}
