//! What to train, found out and checked as far as possible before anything is loaded.

use super::checkpoint::Checkpoint;
use super::config::{RunConfig, RunRecord};
use super::fitting::{ensure_trainable, ensure_training_samples, fitting};
use super::folder::{RunFolder, RunFolderError};
use crate::data::{self, Dataset, TargetSize};
use crate::engine::{self, EngineError, EngineOptions};
use crate::network_file::{self, NetworkTables};
use crate::settings::{LossSetting, Settings};
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{LaneWidth, Network};
use std::path::{Path, PathBuf};

/// What someone asks for, before any file is read.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The dataset; that of the config where there is none.
    pub dataset: Option<String>,
    /// A `config.toml` to start from; what is said beside it takes precedence.
    pub config: Option<PathBuf>,
    /// The folder of an unfinished run to go on with; it has its own dataset, settings and network.
    pub resume: Option<PathBuf>,
    /// File of the network; that of the config, or the default one where there is none.
    pub model: Option<PathBuf>,
    /// Size of the images, for a network that says none.
    pub size: Option<TargetSize>,
    /// Hyper-parameters as far as they are given.
    pub settings: Settings,
    /// Folder of the files of a dataset known by name.
    pub data: Option<PathBuf>,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Whether images that cannot be decoded are left out.
    pub skip_broken: bool,
    /// Folder to write; `runs/DATASET-TIME` where there is none.
    pub out: Option<PathBuf>,
    /// Threads to compute with.
    pub threads: usize,
    /// Samples a thread computes at once; the most there can be where there is none.
    pub lanes: Option<LaneWidth>,
}

/// What to train.
pub struct Job {
    /// The dataset as the user calls it.
    pub dataset: String,
    /// Folder of the files of a dataset known by name.
    pub data: Option<PathBuf>,
    /// The size of the images, unless the network says one.
    pub size: TargetSize,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Whether images that cannot be decoded are left out.
    pub skip_broken: bool,
    /// Hyper-parameters as far as they are given.
    pub settings: Settings,
    /// The network with the name of its file, unless it is the default one.
    pub model: Option<(NetworkTables, String)>,
    /// Where the run's files go.
    pub out: RunFolder,
    /// Threads to compute with.
    pub threads: usize,
    /// Samples a thread computes at once; the most there can be where there is none.
    pub lanes: Option<LaneWidth>,
    /// What the run that is to be repeated or gone on with saw.
    pub record: Option<RunRecord>,
    /// Where the run to go on with stands.
    pub checkpoint: Option<Checkpoint>,
}

impl Job {
    /// Brings the request and its config file or checkpoint together.
    ///
    /// # Errors
    ///
    /// The first thing that cannot be used: a setting, a file, the run folder.
    pub fn new(mut request: RunRequest) -> Result<Self> {
        let Some(run) = request.resume.take() else {
            let config = read_config(request.config.as_deref())?;
            return Self::with_config(request, config, RunFolder::prepare);
        };
        ensure!(
            request.settings == Settings::default(),
            "--resume {}: the run goes on with its own settings; leave out --epochs, --lr and the \
             like, or start another run",
            run.display()
        );
        let folder = RunFolder::unfinished(&run)?;
        let path = folder.checkpoint();
        let mut checkpoint = Checkpoint::read(&path).with_context(|| path.display().to_string())?;
        let config = std::mem::take(&mut checkpoint.config);
        request.config = Some(path);
        request.out = Some(run);
        let job = Self::with_config(request, config, |_| Ok(folder))?;
        Ok(Self {
            checkpoint: Some(checkpoint),
            ..job
        })
    }

    fn with_config(
        request: RunRequest,
        config: RunConfig,
        prepare: impl FnOnce(&Path) -> Result<RunFolder, RunFolderError>,
    ) -> Result<Self> {
        let settings = request.settings.or(config.training.clone());
        check(&settings, request.lanes, request.config.as_deref())?;
        let model = model(request.model.as_deref(), request.config.as_deref(), &config)?;
        if let (Some(_), Some((_, origin))) = (request.size, &model) {
            bail!("--size: the network in {origin} has an input of its own; change it there");
        }
        if let Some((tables, origin)) = &model {
            check_memory(tables, request.threads, request.lanes).with_context(|| origin.clone())?;
        }
        // Another dataset's samples are elsewhere.
        let same = request.dataset.is_none() || request.dataset == config.dataset;
        let configured = config.data.filter(|_| same);
        let Some(dataset) = request.dataset.or(config.dataset) else {
            bail!(
                "{}: it names no dataset; give one",
                display(request.config.as_deref())
            );
        };
        let out = request.out.unwrap_or_else(|| default_folder(&dataset));
        Ok(Self {
            threads: request.threads,
            lanes: request.lanes,
            out: prepare(&out)?,
            dataset,
            data: request.data.or(configured),
            size: request.size.unwrap_or(TargetSize::Reduced),
            offline: request.offline,
            skip_broken: request.skip_broken,
            settings,
            model,
            record: config.record,
            checkpoint: None,
        })
    }

    /// Refuses to go on with a run on other samples than it began with.
    ///
    /// # Errors
    ///
    /// If that is wanted.
    pub fn check_samples(&self, dataset: &Dataset) -> Result<()> {
        let (Some(_), Some(record)) = (&self.checkpoint, &self.record) else {
            return Ok(());
        };
        ensure!(
            record.fingerprint == dataset.sha256(),
            "--resume {}: {} has other samples than the run began with ({}); give it those again, \
             or start another run",
            self.out.path().display(),
            self.dataset,
            record.source
        );
        Ok(())
    }

    /// Loads the dataset, its images brought to the network's shape.
    ///
    /// # Errors
    ///
    /// What is wrong with the dataset.
    pub fn load(&self) -> Result<Dataset> {
        let tables = self.model.as_ref().map(|(tables, _)| tables);
        let options = data::Options {
            data: self.data.clone(),
            offline: self.offline,
            threads: self.threads,
            shape: tables.map(|tables| tables.input_shape().into()),
            size: self.size,
            codes: None,
            skip_broken: self.skip_broken,
            progress: true,
        };
        if self.loss().tells_classes() {
            let mut dataset = data::load(&self.dataset, &options)?;
            ensure_trainable(&dataset, &self.dataset)?;
            if let Some(fraction) = self.settings.validation.filter(|_| dataset.set_aside > 0) {
                dataset.notices.push(format!(
                    "the dataset has samples of its own to validate on; --validation {fraction} is not used"
                ));
            }
            let duplicates = dataset.duplicates();
            dataset.notices.extend(duplicates);
            return Ok(dataset);
        }
        let dataset = data::load_samples(&self.dataset, &options)?;
        ensure_training_samples(&dataset, &self.dataset)?;
        Ok(dataset)
    }

    /// The network for the dataset: the one asked for, or the default.
    ///
    /// # Errors
    ///
    /// If it does not fit the dataset.
    pub fn network(&self, dataset: &Dataset) -> Result<Network> {
        fitting(self.model.as_ref(), dataset, self.loss())
    }

    /// What errors call the network.
    pub fn network_name(&self) -> String {
        let named = self.model.as_ref();
        named.map_or_else(
            || "the default network".into(),
            |(_, origin)| origin.clone(),
        )
    }

    /// What training makes small.
    fn loss(&self) -> LossSetting {
        self.settings.loss.unwrap_or_default()
    }
}

fn read_config(path: Option<&Path>) -> Result<RunConfig> {
    match path {
        Some(path) => RunConfig::read(path).with_context(|| path.display().to_string()),
        None => Ok(RunConfig::default()),
    }
}

/// The network of the file given, or of the config, with the name of where it is from.
fn model(
    model: Option<&Path>,
    config_path: Option<&Path>,
    config: &RunConfig,
) -> Result<Option<(NetworkTables, String)>> {
    let (read, path) = match (model, &config.model) {
        (Some(path), _) => (network_file::read_tables(path), path.display().to_string()),
        (None, Some(tables)) => (Ok(tables.clone()), display(config_path)),
        (None, None) => return Ok(None),
    };
    let tables = read.with_context(|| path.clone())?;
    // What does not follow from the data is found before it is loaded.
    let some = if tables.takes_classes() {
        Some(2)
    } else {
        None
    };
    tables.network(some).with_context(|| path.clone())?;
    Ok(Some((tables, path)))
}

/// Finds what is out of bounds before anything is loaded.
fn check(settings: &Settings, lanes: Option<LaneWidth>, config: Option<&Path>) -> Result<()> {
    // The number of channels only chooses defaults, which are sound.
    let checked = settings.resolve(1, 1);
    let resolved = match config {
        Some(path) => checked.with_context(|| format!("{} and the arguments", path.display()))?,
        None => checked?,
    };
    let options = EngineOptions {
        lanes,
        arithmetic: resolved.arithmetic.into(),
        ..EngineOptions::default()
    };
    options.width()?;
    Ok(())
}

/// Finds a network that this machine cannot train, whatever the samples, before these are loaded.
fn check_memory(tables: &NetworkTables, threads: usize, lanes: Option<LaneWidth>) -> Result<()> {
    let some = tables.takes_classes().then_some(2);
    let options = EngineOptions {
        threads,
        lanes,
        ..EngineOptions::default()
    };
    match engine::check_memory(&tables.network(some)?, &options) {
        Err(error @ EngineError::Memory(_)) => Err(error.into()),
        // All else is found with the samples, which choose the loss.
        _ => Ok(()),
    }
}

fn display(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.display().to_string())
}

/// `runs/<dataset>-<time>`.
fn default_folder(dataset: &str) -> PathBuf {
    let path = Path::new(dataset);
    let path = path.canonicalize().unwrap_or_else(|_| path.into());
    let name = path
        .file_name()
        .map_or("dataset".into(), |name| name.to_string_lossy());
    new_folder(&name)
}

/// `runs/<name>-<time>`, numbered if there is one already.
pub fn new_folder(name: &str) -> PathBuf {
    let time = jiff::ZonedDateTime::now()
        .strftime("%Y%m%d-%H%M%S")
        .to_string();
    let folder = Path::new("runs").join(format!("{name}-{time}"));
    let numbered = (2..).map(|number| folder.with_file_name(format!("{name}-{time}-{number}")));
    let mut candidates = std::iter::once(folder.clone()).chain(numbered);
    candidates.find(|folder| !folder.exists()).unwrap_or(folder)
}
