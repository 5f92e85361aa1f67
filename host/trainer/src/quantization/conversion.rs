//! A trained model's file as one of integers, and what that costs.

use super::{
    FloatModel, Int8Evaluation, QuantizationScore, QuantizeError, Quantized, Tuning, TuningEffect,
    TuningError, quantize,
};
use crate::data::{Dataset, Samples};
use crate::engine::{Engine, EngineError, EngineOptions, Int8Engine};
use crate::settings::LossSetting;
use crate::training::{MeanScore, Split};
use crate::weights::ModelBytes;
use kiln_core::reference::loss::highest_class;
use kiln_core::{
    Int8Error, Int8ModelParts, ModelError, ModelFile, Outcome, Program, ProgramError, Purpose,
};

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
                lr: tuning.rate() as f32,
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
    let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads, None)?;
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
    let mut engine = Int8Engine::of(network, model.scaling(), model.task(), threads, None)?;
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
