//! A trained model's file as one of integers, and what that costs.

use super::{FloatModel, QuantizeError, Quantized, StepFidelity, Tuning, TuningError, quantize};
use crate::data::{Dataset, Samples};
use crate::engine::{Engine, EngineError, EngineOptions, Int8Engine};
use crate::output::{Output, counted, grouped};
use crate::settings::LossSetting;
use crate::training::{MeanScore, Split};
use crate::weights::ModelBytes;
use kiln_core::reference::loss::highest_class;
use kiln_core::{
    Int8Error, Int8ModelParts, ModelError, ModelFile, Outcome, Program, ProgramError, Purpose,
};
use serde::{Deserialize, Serialize};
use std::io;

/// Training samples that ranges are found by, where nobody says otherwise.
pub const CALIBRATION_SAMPLES: usize = 500;

/// Samples in flight of the network of floating-point numbers.
const BATCH: usize = 64;

/// A model of integers that was made of a trained one.
pub struct Conversion {
    quantized: Quantized,
    /// Its model file.
    pub model: ModelBytes,
    /// What it came to.
    pub evaluation: Int8Evaluation,
}

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
    pub lr: f64,
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

/// Samples of a dataset, by their indices.
#[derive(Clone, Copy, Debug)]
pub struct ScoredSamples<'a> {
    /// Those that the chosen ones are among.
    pub samples: &'a Samples,
    /// Which.
    pub indices: &'a [u32],
}

/// Why there is no model of integers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The network cannot be quantised.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// Its integers do not fit one another.
    #[error(transparent)]
    Integers(#[from] Int8Error),
    /// It has no program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// No model file can hold it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The samples do not fit it, or there are no threads.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It could not be trained on.
    #[error(transparent)]
    Tuning(#[from] TuningError),
}

/// Training samples to find ranges by, spread evenly over those that a run with this split was trained
/// on, or over all: a dataset with a test set of its own needs none of them for the score.
pub fn calibration(dataset: &Dataset, split: Option<&Split>, count: usize) -> Samples {
    let all: Vec<u32>;
    let train = match split {
        Some(split) if dataset.test.is_none() => &split.train,
        _ => {
            all = (0..dataset.train.len() as u32).collect();
            &all
        }
    };
    let count = count.min(train.len());
    let place = |index: usize| index as u64 * train.len() as u64 / count as u64;
    let chosen: Vec<u32> = (0..count)
        .map(|index| train[place(index) as usize])
        .collect();
    dataset.train.chosen(&chosen)
}

impl Conversion {
    /// Quantises a model by the samples of a calibration, trains it on with its codes, where that is
    /// wanted, and scores both on others.
    ///
    /// # Errors
    ///
    /// A network that cannot be quantised, or samples that do not fit it.
    pub fn of(
        model: &ModelFile<'_>,
        calibration: &Samples,
        scored: ScoredSamples<'_>,
        threads: usize,
        tuning: Option<&Tuning<'_>>,
    ) -> Result<Self, ConversionError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|source| EngineError::Threads { threads, source })?;
        let float = FloatModel {
            network: model.network(),
            parameters: model.parameters(),
            scaling: model.scaling(),
        };
        let mut quantized = pool.install(|| quantize(&float, calibration))?;
        let mut tuned = None;
        if let Some(tuning) = tuning {
            tuned = Some(TuningEffect {
                epochs: tuning.epochs,
                lr: tuning.rate(),
                rounded: int8_score(model, &quantized, scored, threads)?,
            });
            let scaling = float.scaling;
            let parameters = tuning.run(&quantized, scaling, threads)?;
            let again = || quantized.with_parameters(&parameters, scaling, calibration);
            quantized = pool.install(again)?;
        }
        let tables = &quantized.tables;
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        program.plan(&tables.network, Purpose::Int8(tables.rule))?;
        let evaluation = Int8Evaluation {
            calibration_samples: calibration.len(),
            ranges: quantized.method.name().into(),
            flash_bytes: tables.weights.len() + size_of_val(&tables.constants[..]),
            arena_bytes: program.working_bytes(1),
            scored: score(model, &quantized, scored, threads)?,
            tuned,
            layers: quantized.fidelity.steps.clone(),
        };
        Ok(Self {
            model: encode(model, &quantized, tuned)?,
            quantized,
            evaluation,
        })
    }

    /// The score of the network of integers on other samples.
    ///
    /// # Errors
    ///
    /// Samples that do not fit it.
    pub fn score(
        &self,
        model: &ModelFile<'_>,
        scored: ScoredSamples<'_>,
        threads: usize,
    ) -> Result<Option<MeanScore>, ConversionError> {
        int8_score(model, &self.quantized, scored, threads)
    }

    /// The graph, in which scales and shifts have become convolutions.
    pub fn network(&self) -> &kiln_core::Network {
        &self.quantized.tables.network
    }
}

/// The bytes of the model file.
fn encode(
    model: &ModelFile<'_>,
    quantized: &Quantized,
    tuned: Option<TuningEffect>,
) -> Result<ModelBytes, ConversionError> {
    let names: Vec<&str> = model.class_names().collect();
    let mut notes = format!("{}\nquantised: {}", model.notes(), quantized.method.name());
    if let Some(TuningEffect { epochs, lr, .. }) = tuned {
        notes += &format!(", {epochs} epochs with codes, lr {lr}");
    }
    Ok(ModelBytes::encode_int8(&Int8ModelParts {
        quantized: &quantized.tables.quantized()?,
        task: model.task(),
        scaling: model.scaling(),
        class_names: &names,
        notes: notes.trim_start(),
    })?)
}

fn int8_score(
    model: &ModelFile<'_>,
    quantized: &Quantized,
    scored: ScoredSamples<'_>,
    threads: usize,
) -> Result<Option<MeanScore>, ConversionError> {
    let network = quantized.tables.quantized()?;
    let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads)?;
    let (outcome, _) = engine.evaluate(scored.samples, scored.indices)?;
    Ok(MeanScore::of(&outcome, LossSetting::of(model.task())))
}

fn score(
    model: &ModelFile<'_>,
    quantized: &Quantized,
    ScoredSamples { samples, indices }: ScoredSamples<'_>,
    threads: usize,
) -> Result<QuantizationScore, ConversionError> {
    let loss = LossSetting::of(model.task());
    let options = EngineOptions {
        threads,
        loss: loss.smoothed(0.0),
        batch: BATCH,
        ..EngineOptions::default()
    };
    let parameters = model.parameters().to_vec();
    let mut engine = Engine::new(model.network(), model.scaling(), parameters, &options)?;
    let row = engine.scores_per_sample();
    let mut scores = vec![0.0; indices.len() * row];
    let before = engine.evaluate(samples, indices, Some(&mut scores))?;
    let network = quantized.tables.quantized()?;
    let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads)?;
    let (after, left) = engine.evaluate(samples, indices)?;
    let pairs = scores.chunks_exact(row).zip(left.scores.chunks_exact(row));
    let differ = pairs.filter(|(one, other)| highest_class(one) != highest_class(other));
    let mean = |outcome: &Outcome| MeanScore::of(outcome, loss);
    Ok(QuantizationScore {
        samples: indices.len(),
        before: mean(&before),
        after: mean(&after),
        classified_otherwise: loss.tells_classes().then(|| differ.count()),
    })
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
