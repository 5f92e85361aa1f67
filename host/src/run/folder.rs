//! The folder a run leaves behind: all of its files, or until it is done no more than a checkpoint.

mod commands;
mod error;
mod unfinished;

pub use commands::{predict_command, rerun_command, resume_command, resume_sweep_command};
pub use error::RunFolderError;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::folder_lock::{FolderLock, FolderLockError, LOCK};
use crate::whole_file::{self, FileSetError};

/// The trained model.
pub const MODEL: &str = "model.kiln";
/// The trained model in integers, where it was quantised.
pub const INT8_MODEL: &str = "model-int8.kiln";
/// A line for each epoch.
pub const METRICS: &str = "metrics.csv";
/// Everything needed to run it again.
pub const CONFIG: &str = "config.toml";
/// What was found out with the final weights.
pub const EVALUATION: &str = "evaluation.json";
/// The report, for people to read.
pub const REPORT: &str = "report.html";
/// The report's curves.
pub const CURVES: &str = "curves.svg";
/// The report's confusion matrix.
pub const CONFUSION: &str = "confusion.svg";
/// The state of a run that is not done.
pub const CHECKPOINT: &str = "checkpoint.kiln-run";

/// A place for a run's files that was found fit before the run, and that no other process writes to
/// until it is dropped.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Removes the folders made for the run, too, where nothing came into them.
    _lock: FolderLock,
}

impl RunFolder {
    /// Takes `path` for a run; nothing is left there if nothing is written.
    ///
    /// The folder may be new, in folders that need not exist either, or empty, or hold an earlier
    /// run, whose files will be replaced when the new run is done.
    ///
    /// # Errors
    ///
    /// Why no run can be written there.
    pub fn prepare(path: &Path) -> Result<Self, RunFolderError> {
        let path = path.to_path_buf();
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_dir() => return Err(RunFolderError::NotAFolder { path }),
            // Such as the empty path, or one that ends in `..`.
            Err(_) if path.file_name().is_none() => {
                let cause = io::ErrorKind::InvalidInput.into();
                return Err(RunFolderError::Unwritable { path, cause });
            }
            _ => {}
        }
        let lock = FolderLock::take(&path).map_err(|error| match error {
            FolderLockError::Held { holder } => RunFolderError::Held {
                flag: "--out",
                path: path.clone(),
                holder,
            },
            FolderLockError::Disk(cause) => RunFolderError::Unwritable {
                path: path.clone(),
                cause,
            },
        })?;
        if path.join(CHECKPOINT).is_file() {
            return Err(RunFolderError::Unfinished { path });
        }
        match lock.remove_staged().and_then(|()| can_take_run(&path)) {
            Ok(true) => Ok(Self { path, _lock: lock }),
            Ok(false) => Err(RunFolderError::Occupied { path }),
            Err(cause) => Err(RunFolderError::Unwritable { path, cause }),
        }
    }

    /// Where the run's files will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the files, given by name and content: all of them or none, as [`whole_file::write_all`]
    /// has it.
    ///
    /// # Errors
    ///
    /// Which file could not be written. Earlier files are then unchanged.
    pub fn write(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        let written = whole_file::write_all(&self.path, files);
        written.map_err(|FileSetError { path, cause }| self.unsaved(&path)(cause))
    }
}

/// Whether a folder is empty, but for its lock, or holds a run.
fn can_take_run(folder: &Path) -> io::Result<bool> {
    let mut entries = fs::read_dir(folder)?;
    let is_empty = entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK));
    let is_run = || {
        [MODEL, CONFIG]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    Ok(is_empty || is_run())
}

#[cfg(test)]
mod tests;
