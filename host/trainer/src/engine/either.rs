//! An engine of either kind.

use super::{Engine, EngineError, EngineOptions, Int8Engine, Int8Scores, check_memory};
use crate::data::Samples;
use crate::memory_limit;
use crate::model::AnyModel;
use kiln_core::Outcome;

/// An engine of either kind, to evaluate with.
pub enum AnyEngine<'a> {
    /// Of floating-point numbers.
    Float(Engine),
    /// Of integers.
    Int8(Int8Engine<'a>),
}

impl<'a> AnyEngine<'a> {
    /// The engine that evaluates a model.
    ///
    /// # Errors
    ///
    /// As [`Engine::new`] and [`Int8Engine::new`].
    pub fn new(model: &'a AnyModel<'_>, options: &EngineOptions) -> Result<Self, EngineError> {
        match model {
            AnyModel::Float(model) => {
                let parameters = model.parameters().to_vec();
                Engine::new(model.network(), model.scaling(), parameters, options).map(Self::Float)
            }
            AnyModel::Int8(model) => {
                Int8Engine::new(model, options.threads, options.lanes).map(Self::Int8)
            }
        }
    }

    /// Whether the memory of an engine of floating-point numbers can be had; one of integers finds out
    /// when it is made.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn check_memory(model: &AnyModel<'_>, options: &EngineOptions) -> Result<(), EngineError> {
        match model {
            AnyModel::Float(model) => check_memory(model.network(), options),
            AnyModel::Int8(_) => Ok(()),
        }
    }

    /// The forward pass over the samples at `indices`; the scores of a network of floating-point
    /// numbers come without codes.
    ///
    /// # Errors
    ///
    /// As those of both kinds.
    pub fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
    ) -> Result<(Outcome, Int8Scores), EngineError> {
        match self {
            Self::Float(engine) => {
                let values = indices.len() * engine.scores_per_sample();
                let mut scores = memory_limit::filled(values, 0.0, "an output of each sample")?;
                let outcome = engine.evaluate(samples, indices, Some(&mut scores))?;
                let codes = Vec::new();
                Ok((outcome, Int8Scores { scores, codes }))
            }
            Self::Int8(engine) => engine.evaluate(samples, indices),
        }
    }

    /// Values that an evaluation gives of a sample.
    pub fn scores_per_sample(&self) -> usize {
        match self {
            Self::Float(engine) => engine.scores_per_sample(),
            Self::Int8(engine) => engine.scores_per_sample(),
        }
    }

    /// Number of threads.
    pub fn threads(&self) -> usize {
        match self {
            Self::Float(engine) => engine.threads(),
            Self::Int8(engine) => engine.threads(),
        }
    }

    /// Samples that a thread computes side by side.
    pub fn lanes(&self) -> usize {
        match self {
            Self::Float(engine) => engine.lanes().lanes(),
            Self::Int8(engine) => engine.lanes().lanes(),
        }
    }
}
