//! A trained model's file as one of integers, and what that costs.

use super::{FloatModel, QuantizeError, Quantized, StepFidelity, quantize};
use crate::data::{Dataset, Samples};
use crate::engine::{Engine, EngineError, EngineOptions, Int8Engine};
use crate::output::{Output, grouped};
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
    /// How near each step comes to the network it was made from.
    pub layers: Vec<StepFidelity>,
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
    /// Quantises a model by the samples of a calibration, and scores both on others.
    ///
    /// # Errors
    ///
    /// A network that cannot be quantised, or samples that do not fit it.
    pub fn of(
        model: &ModelFile<'_>,
        calibration: &Samples,
        scored: ScoredSamples<'_>,
        threads: usize,
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
        let quantized = pool.install(|| quantize(&float, calibration))?;
        let tables = &quantized.tables;
        let mut program: Box<Program> = Box::new(Program::EMPTY);
        program.plan(&tables.network, Purpose::Int8(tables.rule))?;
        let evaluation = Int8Evaluation {
            calibration_samples: calibration.len(),
            ranges: quantized.method.name().into(),
            flash_bytes: tables.weights.len() + size_of_val(&tables.constants[..]),
            arena_bytes: program.working_bytes(1),
            scored: score(model, &quantized, scored, threads)?,
            layers: quantized.fidelity.steps.clone(),
        };
        Ok(Self {
            model: encode(model, &quantized)?,
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
        let network = self.quantized.tables.quantized()?;
        let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads)?;
        let (outcome, _) = engine.evaluate(scored.samples, scored.indices)?;
        Ok(MeanScore::of(&outcome, LossSetting::of(model.task())))
    }

    /// The graph, in which scales and shifts have become convolutions.
    pub fn network(&self) -> &kiln_core::Network {
        &self.quantized.tables.network
    }
}

/// The bytes of the model file.
fn encode(model: &ModelFile<'_>, quantized: &Quantized) -> Result<ModelBytes, ConversionError> {
    let names: Vec<&str> = model.class_names().collect();
    let notes = format!("{}\nquantised: {}", model.notes(), quantized.method.name());
    Ok(ModelBytes::encode_int8(&Int8ModelParts {
        quantized: &quantized.tables.quantized()?,
        task: model.task(),
        scaling: model.scaling(),
        class_names: &names,
        notes: notes.trim_start(),
    })?)
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
