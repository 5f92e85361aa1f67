//! What several commands are about: trained weights, and a dataset that fits them.

use super::source;
use crate::classes::match_classes;
use crate::data::{self, Dataset, Samples};
use crate::model::{AnyModel, ModelFacts};
use crate::plain_file;
use crate::run::checkpoint::{Checkpoint, checkpoint_file};
use crate::run::folder::{CHECKPOINT, MODEL, resume_command};
use crate::weights::ModelBytes;
use anyhow::{Context, Result, ensure};
use kiln_core::ModelTask;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What can be typed for a dataset.
pub const DATASET_HELP: &str = "mnist, fashion-mnist, cifar10, cifar100, a folder of IDX files, \
                                a folder with one folder of images per class, or a .safetensors \
                                file with tensors input and labels";

/// The weights and the dataset.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct SubjectArguments {
    /// The dataset.
    #[arg(long, help = DATASET_HELP)]
    pub dataset: String,
    /// The model file that a training run wrote, or the folder of the run
    #[arg(long, value_name = "FILE")]
    pub weights: PathBuf,
    /// Where the files of a dataset known by name come from.
    #[command(flatten)]
    pub source: source::SourceArguments,
}

impl SubjectArguments {
    /// The weights' path, for people to read.
    pub fn name(&self) -> String {
        self.weights.display().to_string()
    }

    /// Reads the model file.
    ///
    /// # Errors
    ///
    /// What was wrong with it, in one line.
    pub fn read(&self) -> Result<ModelBytes> {
        read_model(&self.weights)
    }

    /// Reads the model file, which may be one of integers.
    ///
    /// # Errors
    ///
    /// What was wrong with it, in one line.
    pub fn read_any(&self) -> Result<ModelBytes> {
        read_any_model(&self.weights)
    }

    /// Loads the dataset in the shape that the model takes.
    ///
    /// # Errors
    ///
    /// What was wrong with it, or that the model does not know its classes.
    pub fn load(&self, model: &impl ModelFacts, threads: usize) -> Result<Dataset> {
        let mut dataset = data::load_samples(&self.dataset, &self.options(model, threads))?;
        match_classes(model, &mut dataset).with_context(|| self.name())?;
        Ok(dataset.without_set_aside())
    }

    /// The same, whatever classes the dataset has.
    ///
    /// # Errors
    ///
    /// What was wrong with it.
    pub fn load_any(&self, model: &impl ModelFacts, threads: usize) -> Result<Dataset> {
        let options = self.options(model, threads);
        Ok(data::load_samples(&self.dataset, &options)?.without_set_aside())
    }

    /// The same, to be scored by the model: a classifier has to know the classes of the labels, where there
    /// are labels.
    ///
    /// # Errors
    ///
    /// What was wrong with it, or that the model does not know its classes.
    pub fn load_scored(&self, model: &AnyModel<'_>, threads: usize) -> Result<Dataset> {
        if model.task() == ModelTask::Reconstruction {
            return self.load_any(model, threads);
        }
        let mut dataset = data::load_samples(&self.dataset, &self.options(model, threads))?;
        if has_labels(&dataset) {
            match_classes(model, &mut dataset).with_context(|| self.name())?;
        }
        Ok(dataset.without_set_aside())
    }

    fn options(&self, model: &impl ModelFacts, threads: usize) -> data::Options {
        data::Options {
            data: self.source.data.clone(),
            offline: self.source.offline,
            threads,
            shape: Some(model.network().input_shape().into()),
            size: data::TargetSize::Own,
            codes: model.codes(),
            skip_broken: self.source.skip_broken,
            no_cache: self.source.no_cache,
            progress: true,
        }
    }
}

/// Reads a model file.
///
/// # Errors
///
/// What was wrong with it, in one line that names it.
pub fn read_model(path: &Path) -> Result<ModelBytes> {
    let name = || path.display().to_string();
    let bytes = ModelBytes::read(&model_file(path)?).with_context(name)?;
    bytes.open().with_context(name)?;
    Ok(bytes)
}

/// Reads a model file, or what an unfinished run has so far, with what is to be said of that.
///
/// # Errors
///
/// What was wrong with it, in one line that names it.
pub fn read_any_state(path: &Path) -> Result<(ModelBytes, Option<String>)> {
    let Some(file) = checkpoint_file(path) else {
        return Ok((read_any_model(path)?, None));
    };
    let name = || file.display().to_string();
    let checkpoint = Checkpoint::read(&file).with_context(name)?;
    let bytes = checkpoint.model().with_context(name)?;
    Ok((bytes, Some(checkpoint.notice(path))))
}

/// Reads a model file, which may be one of integers.
///
/// # Errors
///
/// What was wrong with it, in one line that names it.
pub fn read_any_model(path: &Path) -> Result<ModelBytes> {
    let name = || path.display().to_string();
    let bytes = ModelBytes::read(&model_file(path)?).with_context(name)?;
    AnyModel::open(&bytes).with_context(name)?;
    Ok(bytes)
}

/// The file that is meant: the path's, or the model in the folder of a run.
///
/// # Errors
///
/// If it is a folder without a model.
pub fn model_file(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.into());
    }
    let file = path.join(MODEL);
    ensure!(
        file.exists() || !path.join(CHECKPOINT).exists(),
        "{}: the run in this folder is unfinished; go on with it by `{}`",
        path.display(),
        resume_command(path)
    );
    ensure!(
        file.exists(),
        "{}: no {MODEL} in this folder; give a model file or the folder of a run",
        path.display()
    );
    Ok(file)
}

/// Whether a file is a model, by its name or its first bytes.
pub fn is_model(path: &Path) -> bool {
    let is_named = path
        .extension()
        .is_some_and(|extension| extension == "kiln");
    is_named || starts_as_model(path)
}

/// Whether the file begins with a model file's magic; one that cannot be read does not.
fn starts_as_model(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = plain_file::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"KILN"
}

/// The samples that weights are judged by: the test set where the dataset has one, or all.
pub fn test_samples(dataset: &Dataset) -> &Samples {
    dataset.test.as_ref().unwrap_or(&dataset.train)
}

/// Whether the samples that weights are judged by have labels.
pub fn has_labels(dataset: &Dataset) -> bool {
    dataset.labelled || dataset.test.is_some()
}

/// Indices of at most `limit` samples, spread evenly: datasets often lie in the order of their
/// classes.
pub fn spread(samples: &Samples, limit: Option<usize>) -> Vec<u32> {
    let all = samples.len();
    let count = limit.unwrap_or(all).min(all);
    (0..count)
        .map(|index| (index as u64 * all as u64 / count as u64) as u32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;

    #[test]
    fn the_help_names_every_dataset() {
        let known: Vec<&str> = data::names().collect();
        assert!(DATASET_HELP.starts_with(&format!("{},", known.join(", "))));
    }

    #[test]
    fn samples_are_spread_over_all() {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        let samples = Samples::of_bytes(vec![0; 10], vec![0; 10], shape);
        assert_eq!(spread(&samples, Some(4)), [0, 2, 5, 7]);
        assert_eq!(spread(&samples, Some(11)).len(), 10);
        assert!(spread(&Samples::empty(shape), None).is_empty());
    }
}
