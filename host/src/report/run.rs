//! What the files of a run folder say.

mod error;
mod figures;
mod parts;

pub use error::RunError;
pub use figures::EpochFigures;
pub use parts::{RunPart, RunParts};

use super::{Evaluated, RunEvaluation};
use crate::confusion::Confusion;
use crate::file_kind::{FileKind, FilePurpose};
use crate::network_file::NetworkTables;
use crate::plain_file;
use crate::quantization::Int8Evaluation;
use crate::run::checkpoint::{Checkpoint, checkpoint_file};
use crate::run::config::RunConfig;
use crate::run::folder::{CONFIG, EVALUATION, METRICS, MODEL};
use crate::run::{EpochReport, metrics};
use crate::weights::{self, ModelBytes};
use kiln_core::{Folding, ModelFile, ModelTask, Network};
use std::io;
use std::path::{Path, PathBuf};

/// A run, finished or not.
#[derive(Clone, Debug)]
pub struct ReportedRun {
    /// Its folder.
    pub path: PathBuf,
    /// Its epochs, from the first.
    pub epochs: Vec<EpochFigures>,
    /// Everything resolved.
    pub config: RunConfig,
    /// The text of `config.toml`.
    pub config_text: String,
    /// What was trained, before it was folded.
    pub trained: Network,
    /// The name of each of its layers that has one.
    pub names: Vec<Option<String>>,
    /// What the model file holds: the folded network.
    pub network: Network,
    /// What its output means.
    pub task: ModelTask,
    /// Names of the classes; their numbers where the model has none. An autoencoder has no classes.
    pub classes: Vec<String>,
    /// The trained parameters.
    pub parameters: Vec<f32>,
    /// Length of the model file.
    pub model_bytes: usize,
    /// SHA-256 of the parameters.
    pub weights_sha256: String,
    /// Of a run that is not done, what is to be said of that.
    pub unfinished: Option<String>,
    /// What was found out with the final weights; unfinished runs have none.
    pub evaluation: Option<RunEvaluation>,
}

/// Contents of a run folder's files.
#[derive(Clone, Copy, Debug)]
pub struct RunFiles<'a> {
    /// `metrics.csv`.
    pub metrics: &'a [u8],
    /// `config.toml`.
    pub config: &'a str,
    /// `model.kiln`, opened.
    pub model: &'a ModelFile<'a>,
    /// The bytes of `model.kiln`.
    pub model_bytes: &'a [u8],
    /// `evaluation.json`; nothing of a run that is not done.
    pub evaluation: Option<&'a [u8]>,
}

/// What is said of a file that is not of the run that `evaluation.json` is of.
const FOREIGN: &str = "it is of another run than evaluation.json, or was changed";
/// Most bytes of a file of a run: that of an evaluation has a number for each pair of classes.
const MAX_FILE: u64 = 1 << 30;

impl ReportedRun {
    /// Reads the files of a run folder.
    ///
    /// # Errors
    ///
    /// Which file is not there or damaged.
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let owned = || path.to_path_buf();
        if !path.exists() {
            return Err(RunError::Missing { path: owned() });
        }
        if !path.is_dir() {
            let path = owned();
            return Err(match FilePurpose::Run.wrong(&path) {
                Some(wrong) if wrong.kind != FileKind::Model => RunError::WrongFile { path, wrong },
                _ => RunError::NotAFolder { path },
            });
        }
        if let Some(file) = checkpoint_file(path) {
            return Self::unfinished(path, &file);
        }
        let file = |name: &str| {
            let path = path.join(name);
            plain_file::read(&path, MAX_FILE).map_err(|cause| RunError::Unreadable { path, cause })
        };
        let config =
            String::from_utf8(file(CONFIG)?).map_err(|error| damaged(path, CONFIG, error))?;
        let unsound = |cause| RunError::Model {
            path: path.join(MODEL),
            cause,
        };
        let model = ModelBytes::read(&path.join(MODEL)).map_err(unsound)?;
        let evaluation = file(EVALUATION).map_err(|error| match error {
            RunError::Unreadable { path, cause } if cause.kind() == io::ErrorKind::NotFound => {
                RunError::Unbound { path }
            }
            error => error,
        })?;
        let files = RunFiles {
            metrics: &file(METRICS)?,
            config: &config,
            model: &model.open().map_err(|cause| unsound(cause.into()))?,
            model_bytes: model.as_slice(),
            evaluation: Some(&evaluation),
        };
        Self::of(path, &files)
    }

    /// What an unfinished run has so far.
    fn unfinished(path: &Path, file: &Path) -> Result<Self, RunError> {
        let unfinished = |cause: String| RunError::Unfinished {
            path: file.into(),
            cause,
            folder: path.into(),
        };
        let checkpoint = Checkpoint::read(file).map_err(|cause| unfinished(cause.to_string()))?;
        let bytes = checkpoint
            .model()
            .map_err(|cause| unfinished(format!("{cause:#}")))?;
        let metrics = metrics(&EpochReport::all(&checkpoint.epochs));
        let config = checkpoint.config.to_toml();
        let files = RunFiles {
            metrics: &metrics.map_err(|cause| unfinished(cause.to_string()))?,
            config: &config.map_err(|cause| unfinished(cause.to_string()))?,
            model: &bytes
                .open()
                .map_err(|cause| unfinished(cause.to_string()))?,
            model_bytes: bytes.as_slice(),
            evaluation: None,
        };
        let run = Self::of(path, &files)?;
        Ok(Self {
            unfinished: Some(checkpoint.notice(path)),
            ..run
        })
    }

    /// The run whose folder `path` has, or will have, these files.
    ///
    /// # Errors
    ///
    /// Which of them is damaged.
    pub fn of(path: &Path, files: &RunFiles<'_>) -> Result<Self, RunError> {
        let config = RunConfig::parse(files.config).map_err(|cause| RunError::Config {
            path: path.join(CONFIG),
            cause: cause.into(),
        })?;
        let epochs = EpochFigures::read(files.metrics);
        let epochs = epochs.map_err(|error| damaged(path, METRICS, error))?;
        let parts = RunParts::of(&config, &epochs, files.model_bytes);
        let parts = parts.map_err(|error| damaged(path, CONFIG, error))?;
        let evaluation = files.evaluation.map(serde_json::from_slice).transpose();
        let network = files.model.network().clone();
        let (trained, names) = trained(&config, &network);
        let task = files.model.task();
        let run = Self {
            path: path.into(),
            epochs,
            config,
            config_text: files.config.into(),
            trained,
            names,
            network,
            task,
            classes: match task {
                ModelTask::Classification => weights::class_names(files.model),
                ModelTask::Reconstruction => Vec::new(),
            },
            parameters: files.model.parameters().to_vec(),
            model_bytes: files.model_bytes.len(),
            weights_sha256: weights::sha256(files.model.parameters()),
            unfinished: None,
            evaluation: evaluation.map_err(|error| damaged(path, EVALUATION, error))?,
        };
        if let Some(cause) = run.inconsistency() {
            return Err(damaged(path, EVALUATION, cause));
        }
        match run.foreign(&parts) {
            Some(name) => Err(damaged(path, name, FOREIGN)),
            None => Ok(run),
        }
    }

    /// The file that is not of the run that the evaluation is of.
    fn foreign(&self, parts: &RunParts) -> Option<&'static str> {
        let own = self.evaluation.as_ref()?.parts.as_ref()?;
        Some(match own.foreign(parts)? {
            RunPart::Config => CONFIG,
            RunPart::Metrics => METRICS,
            RunPart::Model => MODEL,
        })
    }

    /// What of the evaluation is not of this model.
    fn inconsistency(&self) -> Option<&'static str> {
        let evaluation = self.evaluation.as_ref()?;
        if evaluation.weights_sha256 != self.weights_sha256 {
            return Some("it is of other weights than those in model.kiln");
        }
        if evaluation.parts.is_none() {
            return Some(
                "it does not say which files belong to it, as those of earlier versions of Kiln",
            );
        }
        let evaluated = evaluation.evaluated.as_ref()?;
        let classes = self.classes.len();
        let cells = evaluated.confusion.iter();
        let mistakes = evaluated.mistakes.iter().flat_map(|mistake| {
            let named = [mistake.truth, mistake.predicted];
            let told = mistake.probabilities.iter().map(|told| told.0);
            named.into_iter().chain(told)
        });
        let mut named = cells.flat_map(|cell| [cell.0, cell.1]).chain(mistakes);
        named
            .any(|class| class >= classes)
            .then_some("it names a class that the model does not have")
    }

    /// The last component of the folder's path.
    pub fn name(&self) -> String {
        let path = self
            .path
            .canonicalize()
            .unwrap_or_else(|_| self.path.clone());
        let name = path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// How the network did on samples it was not trained on, if there were any.
    pub fn evaluated(&self) -> Option<&Evaluated> {
        self.evaluation.as_ref()?.evaluated.as_ref()
    }

    /// What quantising came to, where the run did it.
    pub fn int8(&self) -> Option<&Int8Evaluation> {
        self.evaluation.as_ref()?.int8.as_ref()
    }

    /// Whether the network tells classes apart, as an autoencoder does not.
    pub fn tells_classes(&self) -> bool {
        self.task == ModelTask::Classification
    }

    /// Which classes were taken for which, if that is known.
    pub fn confusion(&self) -> Option<Confusion> {
        let evaluated = self.evaluated().filter(|_| self.tells_classes());
        let counts = evaluated?.confusion.iter().copied();
        Some(Confusion::from_counts(self.classes.len(), counts))
    }

    /// Time of all epochs.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum()
    }

    /// What to type to run it again.
    pub fn command(&self) -> String {
        crate::run::folder::rerun_command(&self.path.join(CONFIG))
    }
}

/// The network of the config with its names, where the model's is what it folds to; or else the
/// model's.
fn trained(config: &RunConfig, network: &Network) -> (Network, Vec<Option<String>>) {
    let tables = config.model.clone();
    let tables = tables.unwrap_or_else(|| NetworkTables::from(network));
    match tables.network(None) {
        Ok(trained) if Folding::of(&trained).network() == *network => (trained, tables.names()),
        _ => (network.clone(), Vec::new()),
    }
}

fn damaged(folder: &Path, name: &str, cause: impl ToString) -> RunError {
    RunError::Damaged {
        path: folder.join(name),
        cause: cause.to_string(),
    }
}
