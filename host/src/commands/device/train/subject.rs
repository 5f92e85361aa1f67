//! What is trained on what: a model, and samples to train and to test on.

use super::DeviceTrainArguments;
use crate::classes::match_classes;
use crate::commands::arguments::subject::{model_file, read_any_model, spread};
use crate::data::{self, Dataset, Samples};
use crate::defaults;
use crate::model::{AnyModel, ModelFacts};
use crate::quantization::{LearningHead, LearningHeadError};
use crate::run::config::RunConfig;
use crate::run::folder::CONFIG;
use crate::run::{StartModel, ensure_trainable};
use crate::seeds::{self, Stream};
use crate::settings::LossSetting;
use crate::training::Split;
use crate::weights::ModelBytes;
use anyhow::{Context, Result, ensure};
use kiln_core::{Int8ModelFile, ModelParts, ModelTask, NetworkCut, he_uniform};
use std::collections::HashSet;
use std::path::Path;

/// A model with a dataset that fits it.
pub(super) struct DeviceTrainSubject {
    /// The model as the device holds it.
    pub bytes: ModelBytes,
    /// Of a model of integers, what learns of it.
    head: Option<HeadSubject>,
    pub dataset: Dataset,
    /// Indices of the samples to train on.
    pub train: Vec<u32>,
    /// Indices of the samples to test on: of the test set where there is one, or else of the
    /// training set's other samples.
    test: Vec<u32>,
    /// How many of those the model was trained on before; nothing where that is not known.
    seen: Option<usize>,
    /// What became of a model's weights for other classes, in words.
    pub made_anew: Option<String>,
}

/// The last layers of a model of integers, as the desktop trains them.
struct HeadSubject {
    /// A model of floating-point numbers.
    model: ModelBytes,
    /// What it gets of the samples to train on.
    features: Samples,
    /// Number of its first layer in the whole network, counted from 1.
    first_layer: usize,
}

impl DeviceTrainSubject {
    /// Loads the dataset, and reads the model or makes it from the seed.
    ///
    /// # Errors
    ///
    /// What was wrong with either, or that they do not fit.
    pub fn load(arguments: &DeviceTrainArguments, threads: usize) -> Result<Self> {
        let read = arguments
            .weights
            .as_deref()
            .map(read_any_model)
            .transpose()?;
        let model = read.as_ref().map(AnyModel::open).transpose()?;
        let (dataset, trained, is_other) = load(arguments, model.as_ref(), threads)?;
        let head = match &model {
            Some(AnyModel::Int8(model)) => {
                Some(HeadSubject::of(model, arguments, &dataset, threads)?)
            }
            _ => None,
        };
        let anew = match &arguments.weights {
            Some(path) if is_other => Some(made_anew(path, &dataset, arguments.seed)?),
            _ => None,
        };
        let (bytes, made_anew) = match (anew, read) {
            (Some((bytes, description)), _) => (bytes, Some(description)),
            (None, Some(bytes)) => (bytes, None),
            (None, None) => (initial(&dataset, arguments.seed)?, None),
        };
        let train = spread(&dataset.train, arguments.limit);
        let test = match &dataset.test {
            Some(samples) => spread(samples, Some(arguments.test)),
            None => others(dataset.train.len(), &train, arguments.test),
        };
        let seen = match (&dataset.test, &trained) {
            (Some(_), _) => Some(0),
            (None, Some(trained)) => Some(among(&test, trained)),
            (None, None) => None,
        };
        Ok(Self {
            bytes,
            head,
            dataset,
            train,
            test,
            seen,
            made_anew,
        })
    }

    /// What learns: the model, or its last layers.
    pub fn learner(&self) -> &ModelBytes {
        self.head.as_ref().map_or(&self.bytes, |head| &head.model)
    }

    /// What the learner gets of the samples to train on.
    pub fn inputs(&self) -> &Samples {
        match &self.head {
            Some(head) => &head.features,
            None => &self.dataset.train,
        }
    }

    /// Number of the first layer to train, counted in the learner and in the whole network.
    pub fn first_layers(&self, arguments: &DeviceTrainArguments) -> [usize; 2] {
        match &self.head {
            Some(head) => [1, head.first_layer],
            None => [arguments.train_from.unwrap_or(1); 2],
        }
    }

    /// The last layers of a model of integers, to become integers again.
    ///
    /// # Errors
    ///
    /// Where no cut goes.
    pub fn learning<'a>(&self, model: &'a Int8ModelFile<'a>) -> Result<LearningHead<'a>> {
        let first = self.head.as_ref().map_or(1, |head| head.first_layer);
        Ok(LearningHead::of(model, first)?)
    }

    /// Whether the model is one of integers, whose last layers learn.
    pub fn is_int8(&self) -> bool {
        self.head.is_some()
    }

    /// How many of the samples to test on the model was trained on before; nothing where that is not known.
    pub fn seen(&self) -> Option<usize> {
        self.seen
    }

    /// The samples to test on, and which of them.
    pub fn test(&self) -> (&Samples, &[u32]) {
        (
            self.dataset.test.as_ref().unwrap_or(&self.dataset.train),
            &self.test,
        )
    }
}

impl HeadSubject {
    fn of(
        model: &Int8ModelFile<'_>,
        arguments: &DeviceTrainArguments,
        dataset: &Dataset,
        threads: usize,
    ) -> Result<Self> {
        ensure!(
            !arguments.biases_only,
            "biases-only: the weights of an int8 model are integers, so that its last layers learn with \
             weights and biases; leave it out"
        );
        ensure!(
            model.task() == ModelTask::Classification,
            "the model is an autoencoder; a device learns classes"
        );
        let named = |error: LearningHeadError| match &arguments.weights {
            Some(path) => anyhow::Error::from(error).context(path.display().to_string()),
            None => error.into(),
        };
        let last = NetworkCut::last_layer(model.network());
        let from = arguments.train_from.unwrap_or(last);
        let head = LearningHead::of(model, from).map_err(named)?;
        if arguments.out.is_some() {
            head.check_integers().map_err(named)?;
        }
        Ok(Self {
            model: head.model().map_err(named)?,
            features: head.features(&dataset.train, threads).map_err(named)?,
            first_layer: head.first_layer(),
        })
    }
}

/// The dataset, the indices of those of its samples that the model was trained on, where that is known, and whether its
/// classes are others than those of a model whose last layer can be made anew for them.
fn load(
    arguments: &DeviceTrainArguments,
    model: Option<&AnyModel<'_>>,
    threads: usize,
) -> Result<(Dataset, Option<Vec<u32>>, bool)> {
    let options = data::Options {
        data: arguments.source.data.clone(),
        offline: arguments.source.offline,
        threads,
        shape: model.map(|model| model.network().input_shape().into()),
        size: data::TargetSize::Reduced,
        codes: None,
        skip_broken: arguments.source.skip_broken,
        no_cache: arguments.source.no_cache,
        progress: true,
    };
    let dataset = data::load(&arguments.dataset, &options)?;
    let trained = match &arguments.weights {
        Some(weights) => trained_on(weights, &dataset),
        None => Some(Vec::new()),
    };
    let mut dataset = dataset.without_set_aside();
    ensure_trainable(&dataset, &arguments.dataset)?;
    // Refused before a device is built for and started.
    dataset.train.bytes()?;
    if let (Some(model), Some(path)) = (model, &arguments.weights) {
        let matched = match_classes(model, &mut dataset);
        if let (Err(_), AnyModel::Float(_)) = (&matched, model) {
            return Ok((dataset, trained, true));
        }
        matched.with_context(|| path.display().to_string())?;
    }
    Ok((dataset, trained, false))
}

/// A model whose last layer is made anew for the classes of the dataset, and what that comes to in words.
fn made_anew(path: &Path, dataset: &Dataset, seed: u64) -> Result<(ModelBytes, String)> {
    let start = StartModel::read(&model_file(path)?, None)?;
    let source = seeds::source(seed, Stream::Init);
    let start = start.weights(dataset, LossSetting::CrossEntropy, source)?;
    let class_names: Vec<&str> = dataset.classes.iter().map(String::as_str).collect();
    let notes = format!(
        "Kiln {}, {}: weights {}, seed {seed}",
        env!("CARGO_PKG_VERSION"),
        dataset.name,
        start.description
    );
    let bytes = ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: &start.network,
        scaling: &start.scaling,
        class_names: &class_names,
        notes: &notes,
        parameters: &start.parameters,
    })?;
    Ok((bytes, start.description))
}

/// The samples that the run a model is of was trained on, where its config is beside it and tells of this dataset.
fn trained_on(weights: &Path, dataset: &Dataset) -> Option<Vec<u32>> {
    let config = match weights.is_dir() {
        true => weights.join(CONFIG),
        false => weights.with_file_name(CONFIG),
    };
    let config = RunConfig::read(&config).ok()?;
    let is_own = config.record?.fingerprint == dataset.sha256();
    let settings = config.training;
    let split = Split::of(dataset, settings.validation?, settings.seed?).ok()?;
    is_own.then_some(split.train)
}

/// How many of the indices are among others.
fn among(indices: &[u32], others: &[u32]) -> usize {
    let others: HashSet<&u32> = others.iter().collect();
    let found = indices.iter().filter(|index| others.contains(index));
    found.count()
}

/// The default network with the parameters that the seed gives.
fn initial(dataset: &Dataset, seed: u64) -> Result<ModelBytes> {
    let network = defaults::fitting_network(dataset)?;
    let all: Vec<u32> = (0..dataset.train.len() as u32).collect();
    let scaling = defaults::scaling(&dataset.train, &all)?;
    let mut parameters = vec![0.0; network.parameters()];
    he_uniform(&network, &mut parameters, seeds::source(seed, Stream::Init))?;
    let class_names: Vec<&str> = dataset.classes.iter().map(String::as_str).collect();
    let notes = format!(
        "Kiln {}, {}: untrained, seed {seed}",
        env!("CARGO_PKG_VERSION"),
        dataset.name
    );
    Ok(ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: &network,
        scaling: &scaling,
        class_names: &class_names,
        notes: &notes,
        parameters: &parameters,
    })?)
}

/// At most `count` of `samples` indices that are not in `taken`, spread evenly.
fn others(samples: usize, taken: &[u32], count: usize) -> Vec<u32> {
    let mut free = vec![true; samples];
    for index in taken {
        free[*index as usize] = false;
    }
    let rest: Vec<u32> = (0..samples as u32)
        .filter(|index| free[*index as usize])
        .collect();
    let count = count.min(rest.len());
    (0..count)
        .map(|place| rest[place * rest.len() / count])
        .collect()
}

#[cfg(test)]
mod tests;
