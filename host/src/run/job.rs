//! What to train, found out and checked as far as possible before anything is loaded.

mod reading;

use super::checkpoint::Checkpoint;
use super::config::{RunConfig, RunRecord};
use super::fitting::{ensure_trainable, ensure_training_samples, fitting};
use super::folder::{RunFolder, RunFolderError};
use super::outputs::whole_path;
use super::separate_data::SeparateData;
use super::start::{StartLayer, StartModel};
use crate::data::{self, Dataset, TargetSize};
use crate::engine::{self, EngineError, EngineOptions};
use crate::network_file::NetworkTables;
use crate::settings::{LossSetting, Settings};
use anyhow::{Context, Result, bail, ensure};
use kiln_core::{LaneWidth, Network};
use reading::{check, display, model, read_config, start};
use std::path::{Path, PathBuf};

/// What someone asks for, before any file is read.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The dataset; that of the config where there is none.
    pub dataset: Option<String>,
    /// What is validated and tested on, where that is apart from the dataset.
    pub separate: SeparateData,
    /// A `config.toml` to start from; what is said beside it takes precedence.
    pub config: Option<PathBuf>,
    /// The folder of an unfinished run to go on with; it has its own dataset, settings and network.
    pub resume: Option<PathBuf>,
    /// File of the network; that of the config, or the default one where there is none.
    pub model: Option<PathBuf>,
    /// A model file whose weights the run starts from; its network is the run's.
    pub weights: Option<PathBuf>,
    /// The first layer that is trained of it.
    pub train_from: Option<StartLayer>,
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
    /// Whether decoded images are not cached.
    pub no_cache: bool,
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
    /// What is validated and tested on, where that is apart from the dataset.
    pub separate: SeparateData,
    /// Folder of the files of a dataset known by name.
    pub data: Option<PathBuf>,
    /// The size of the images, unless the network says one.
    pub size: TargetSize,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Whether images that cannot be decoded are left out.
    pub skip_broken: bool,
    /// Whether decoded images are not cached.
    pub no_cache: bool,
    /// Hyper-parameters as far as they are given.
    pub settings: Settings,
    /// The network with the name of its file, unless it is the default one.
    pub model: Option<(NetworkTables, String)>,
    /// The model whose weights the run starts from; of a run that is gone on with, its checkpoint has them.
    pub start: Option<StartModel>,
    /// The model file that the run starts or started from.
    pub weights: Option<PathBuf>,
    /// Number of the first layer that is trained, from 1.
    pub train_from: usize,
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
            let start = start(&request, &config)?;
            return Self::with_config(request, config, start, None);
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
        let (weights, train_from) = (config.weights.clone(), config.train_from.clone());
        let job = Self::with_config(request, config, None, Some(folder))?;
        Ok(Self {
            weights,
            train_from: match train_from {
                Some(StartLayer::Number(number)) => number,
                _ => 1,
            },
            checkpoint: Some(checkpoint),
            ..job
        })
    }

    fn with_config(
        mut request: RunRequest,
        config: RunConfig,
        start: Option<StartModel>,
        folder: Option<RunFolder>,
    ) -> Result<Self> {
        let given = std::mem::take(&mut request.settings);
        let mut settings = given.or(config.training.clone());
        check(&settings, request.lanes, request.config.as_deref())?;
        let model = match &start {
            Some(start) => {
                settings.loss = Some(start.loss(settings.loss)?);
                None
            }
            None => model(&request, &config)?,
        };
        if let Some((tables, origin)) = &model {
            check_memory(tables, request.threads, request.lanes).with_context(|| origin.clone())?;
        }
        // Another dataset's samples are elsewhere.
        let same = request.dataset.is_none() || request.dataset == config.dataset;
        let configured = config.data.filter(|_| same);
        let separate = SeparateData {
            validation: config.validation_data.filter(|_| same),
            test: config.test_data.filter(|_| same),
        };
        let Some(dataset) = request.dataset.or(config.dataset) else {
            bail!(
                "{}: it names no dataset; give one",
                display(request.config.as_deref())
            );
        };
        let out = match (folder, request.out) {
            (Some(folder), _) => folder,
            (None, Some(path)) => RunFolder::prepare(&path)?,
            (None, None) => default_folder(&dataset)?,
        };
        Ok(Self {
            threads: request.threads,
            lanes: request.lanes,
            out,
            dataset,
            separate: request.separate.or(separate),
            data: request.data.or(configured),
            size: request.size.unwrap_or(TargetSize::Reduced),
            offline: request.offline,
            skip_broken: request.skip_broken,
            no_cache: request.no_cache,
            settings,
            model,
            weights: start.as_ref().map(|start| whole_path(start.path())),
            train_from: start.as_ref().map_or(1, StartModel::first_layer),
            start,
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
        let tables = self.model.as_ref().map(|(tables, _)| tables.input_shape());
        let start = self.start.as_ref().map(StartModel::network).transpose()?;
        let shape = start.map(|network| network.input_shape()).or(tables);
        let options = data::Options {
            data: self.data.clone(),
            offline: self.offline,
            threads: self.threads,
            shape: shape.map(Into::into),
            size: self.size,
            codes: None,
            skip_broken: self.skip_broken,
            no_cache: self.no_cache,
            progress: true,
        };
        if self.loss().tells_classes() {
            let mut dataset = data::load(&self.dataset, &options)?;
            ensure_trainable(&dataset, &self.dataset)?;
            self.separate.load(&mut dataset, &options, false)?;
            if let Some(start) = &self.start {
                start.match_classes(&mut dataset)?;
            }
            let is_own = dataset.set_aside > 0 && self.separate.validation.is_none();
            if let Some(fraction) = self.settings.validation.filter(|_| is_own) {
                dataset.notices.push(format!(
                    "the dataset has samples of its own to validate on; --validation {fraction} is not used"
                ));
            }
            let is_split = self.settings.validation.is_none_or(|share| share > 0.0);
            let duplicates = dataset.duplicates(is_split);
            dataset.notices.extend(duplicates);
            return Ok(dataset);
        }
        let mut dataset = data::load_samples(&self.dataset, &options)?;
        ensure_training_samples(&dataset, &self.dataset)?;
        self.separate.load(&mut dataset, &options, true)?;
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

/// `runs/<dataset>-<time>`; another one where someone took it just before.
fn default_folder(dataset: &str) -> Result<RunFolder, RunFolderError> {
    let path = Path::new(dataset);
    let path = path.canonicalize().unwrap_or_else(|_| path.into());
    let name = path
        .file_name()
        .map_or("dataset".into(), |name| name.to_string_lossy());
    loop {
        match RunFolder::prepare(&new_folder(&name)) {
            Err(RunFolderError::Held { .. }) => {}
            prepared => return prepared,
        }
    }
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
