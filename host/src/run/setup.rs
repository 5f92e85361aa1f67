//! A run before its next step.

use super::checkpoint::Checkpoint;
use super::job::Job;
use crate::data::Dataset;
use crate::defaults;
use crate::engine::{Engine, EngineOptions};
use crate::seeds::{self, Stream};
use crate::settings::Hyperparameters;
use crate::training::{DatasetTrainer, Split};
use anyhow::{Context, Result};
use kiln_core::{LaneWidth, Network, Scaling, Trainable, he_uniform};

/// A network with everything its training needs, before the next step.
pub struct Setup<'a> {
    /// The network.
    pub network: Network,
    /// What the network's input is of a pixel, by the mean and the variance of the samples to train on.
    pub scaling: Scaling,
    /// Every setting, resolved for the samples.
    pub settings: Hyperparameters,
    /// The network in training.
    pub trainer: DatasetTrainer<'a>,
    /// Threads that compute.
    pub threads: usize,
    /// Samples that a thread computes at once.
    pub lanes: LaneWidth,
    /// Number of samples to train on, and of those held out.
    pub split: [usize; 2],
}

impl<'a> Setup<'a> {
    /// Where the first step is the next one: at the start, or where the checkpoint stands.
    ///
    /// # Errors
    ///
    /// A setting or a network that does not fit the samples, or a checkpoint that does not fit either.
    pub fn new(job: &Job, dataset: &'a Dataset, checkpoint: Option<&Checkpoint>) -> Result<Self> {
        let samples = &dataset.train;
        let settings = job.settings.resolve_for(samples)?;
        settings.augment.0.check(samples.shape)?;
        let network = job.network(dataset)?;
        let split = Split::new(samples.len(), settings.validation, settings.seed)
            .with_context(|| dataset.name.clone())?;
        let scaling = defaults::scaling(samples, &split.train)?;
        let mut parameters = vec![0.0; network.parameters()];
        match checkpoint {
            Some(checkpoint) => parameters.clone_from(&checkpoint.parameters),
            None => he_uniform(
                &network,
                &mut parameters,
                seeds::source(settings.seed, Stream::Init),
            )?,
        }
        let options = EngineOptions {
            threads: job.threads,
            lanes: job.lanes,
            batch: split.train.len().min(settings.batch as usize),
            trainable: Trainable::ALL,
        };
        let engine = Engine::new(&network, &scaling, parameters, &options)?;
        let (threads, lanes) = (engine.threads(), engine.lanes());
        let sizes = [split.train.len(), split.validation.len()];
        let mut trainer = DatasetTrainer::new(engine, samples, split, settings);
        if let Some(checkpoint) = checkpoint {
            trainer
                .resume(checkpoint.position, &checkpoint.velocity)
                .with_context(|| job.out.checkpoint().display().to_string())?;
        }
        Ok(Self {
            threads,
            lanes,
            split: sizes,
            trainer,
            network,
            scaling,
            settings,
        })
    }
}
