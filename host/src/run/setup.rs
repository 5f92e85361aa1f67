//! A run before its next step.

use super::checkpoint::Checkpoint;
use super::job::Job;
use super::start::trained_from;
use crate::data::Dataset;
use crate::defaults;
use crate::engine::{Engine, EngineOptions, check_memory};
use crate::network_file::quoted_layer;
use crate::seeds::{self, Stream};
use crate::settings::Hyperparameters;
use crate::training::{DatasetTrainer, Split, class_weights};
use anyhow::{Context, Result, bail};
use kiln_core::{BufferError, Folding, LaneWidth, Network, Program, Purpose, Scaling, he_uniform};

/// A network with everything its training needs, before the next step.
pub struct Setup<'a> {
    /// The network as it is trained.
    pub network: Network,
    /// The network without batch normalisations and dropouts, as it is evaluated and kept.
    pub folded: Network,
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
    /// Whether a last batch of one sample is left out of every epoch.
    pub dropped: bool,
    /// What a sample of each class counts in the loss; empty where each counts 1.
    pub class_weights: Vec<f32>,
    /// Whose weights it starts from, and what becomes of them, in words; nothing where it starts anew.
    pub start: Option<String>,
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
        settings.augment.0.check(samples)?;
        let source = seeds::source(settings.seed, Stream::Init);
        let start = job.start.as_ref();
        let start = start.map(|start| start.weights(dataset, settings.loss, source));
        let start = start.transpose()?;
        let network = match &start {
            Some(start) => start.network.clone(),
            None => job.network(dataset)?,
        };
        let split = Split::of(dataset, settings.validation, settings.seed)
            .with_context(|| dataset.name.clone())?;
        let weights = match settings.balance {
            true => class_weights(&samples.labels, &split.train, network.classes()),
            false => Vec::new(),
        };
        let options = EngineOptions {
            threads: job.threads,
            lanes: job.lanes,
            arithmetic: settings.arithmetic.into(),
            batch: split.train.len().min(settings.batch as usize),
            trainable: trained_from(job.train_from),
            loss: settings.core_loss(),
            class_weights: weights.clone(),
            seed: settings.seed,
            ..EngineOptions::default()
        };
        check_memory(&network, &options).with_context(|| job.network_name())?;
        let (scaling, parameters) = match (checkpoint, &start) {
            (Some(checkpoint), _) => (checkpoint.scaling.clone(), checkpoint.parameters.clone()),
            (None, Some(start)) => (start.scaling.clone(), start.parameters.clone()),
            (None, None) => {
                let mut parameters = vec![0.0; network.parameters()];
                let source = seeds::source(settings.seed, Stream::Init);
                he_uniform(&network, &mut parameters, source)?;
                (defaults::scaling(samples, &split.train)?, parameters)
            }
        };
        let engine = Engine::new(&network, &scaling, parameters, &options)?;
        let (threads, lanes) = (engine.threads(), engine.lanes());
        let sizes = [split.train.len(), split.validation.len()];
        let single = single_value_norm(&network, &settings);
        if let Some(layer) = single.filter(|_| settings.batch == 1) {
            let names = job.model.as_ref().map(|(tables, _)| tables.names());
            let named = quoted_layer(&names.unwrap_or_default(), layer);
            bail!(
                "layer {named} (batch_norm): it needs batches of more than one sample; set --batch \
                 to 2 or more"
            );
        }
        let dropped = single.is_some() && split.train.len() % settings.batch as usize == 1;
        let mut trainer = DatasetTrainer::new(engine, samples, split, settings, single.is_some());
        if let Some(checkpoint) = checkpoint {
            trainer
                .resume(
                    checkpoint.position,
                    &checkpoint.velocity,
                    &checkpoint.statistics,
                    checkpoint.best.clone(),
                )
                .with_context(|| job.out.checkpoint().display().to_string())?;
        }
        Ok(Self {
            threads,
            lanes,
            split: sizes,
            trainer,
            dropped,
            folded: Folding::of(&network).network(),
            network,
            scaling,
            settings,
            start: start.map(|start| start.description),
            class_weights: weights,
        })
    }
}

/// The number of a batch normalisation that a batch of one sample would give a single value a
/// channel, if there is one.
fn single_value_norm(network: &Network, settings: &Hyperparameters) -> Option<usize> {
    let program: Program = Program::try_of(network, Purpose::Group(settings.core_loss())).ok()?;
    match program.check_batch(1) {
        Err(BufferError::SingleValue { node }) => Some(node),
        _ => None,
    }
}
