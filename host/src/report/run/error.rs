//! What can be wrong with a run folder.

use crate::file_kind::WrongFile;
use crate::run::config::ConfigError;
use crate::run::folder::resume_command;
use crate::weights::WeightsError;
use std::io;
use std::path::PathBuf;

/// Why a folder is no run to report on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The path is that of a file of another kind.
    #[error("{}: {wrong}", path.display())]
    WrongFile {
        /// The path.
        path: PathBuf,
        /// What it is, and what to do instead.
        wrong: WrongFile,
    },
    /// There is no such folder.
    #[error("{}: there is no such folder; name the run folder that `kiln train` wrote", path.display())]
    Missing {
        /// The path given.
        path: PathBuf,
    },
    /// The path is that of a file.
    #[error("{}: this is a file; name the run folder it lies in", path.display())]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The state of a run that is not done is damaged.
    #[error(
        "{}: {cause}; go on with the run by `{}`, then there is a report",
        path.display(), resume_command(folder)
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
        /// The folder of the run.
        folder: PathBuf,
    },
    /// A file of the run is not there or cannot be read.
    #[error("{}: cannot read it ({cause}); name a run folder that `kiln train` wrote", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// There is nothing that says which files are of one run.
    #[error(
        "{}: there is none, so nothing says that the files here are of one run; runs of earlier \
         versions of Kiln have none: run it again by `kiln train --config`",
        path.display()
    )]
    Unbound {
        /// The file.
        path: PathBuf,
    },
    /// The config is damaged.
    #[error("{}: {cause}; run it again to have it whole", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: ConfigError,
    },
    /// The model is damaged.
    #[error("{}: {cause}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: WeightsError,
    },
    /// Metrics or evaluation are damaged.
    #[error("{}: {cause}; run it again by `kiln train --config` to have it whole", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}
