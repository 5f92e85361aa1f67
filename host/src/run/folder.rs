//! The folder a run leaves behind: all of its files, or until it is done no more than a checkpoint.

mod commands;
mod error;
mod unfinished;

pub use commands::{predict_command, rerun_command, resume_command, resume_sweep_command};
pub use error::RunFolderError;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::whole_file::{
    STAGING, parent, staged_file, with_usual_permissions, without_path, write_through,
};

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

/// A place for a run's files that was found fit before the run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Folders that were not there before the run, the innermost first.
    made: Vec<PathBuf>,
}

impl RunFolder {
    /// Finds out whether a run can be written to `path`, and leaves nothing there.
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
            Ok(metadata) if !metadata.is_dir() => Err(RunFolderError::NotAFolder { path }),
            Ok(_) => Self::prepare_existing(path),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Self::prepare_new(path),
            Err(cause) => Err(RunFolderError::Unwritable { path, cause }),
        }
    }

    fn prepare_existing(path: PathBuf) -> Result<Self, RunFolderError> {
        if path.join(CHECKPOINT).is_file() {
            return Err(RunFolderError::Unfinished { path });
        }
        match can_take_run(&path).and_then(|can| Ok((can, staged_file(&path)?))) {
            Ok((true, _)) => Ok(Self::existing(path)),
            Ok((false, _)) => Err(RunFolderError::Occupied { path }),
            Err(cause) => Err(RunFolderError::Unwritable { path, cause }),
        }
    }

    fn existing(path: PathBuf) -> Self {
        let made = Vec::new();
        Self { path, made }
    }

    fn prepare_new(path: PathBuf) -> Result<Self, RunFolderError> {
        // Such as the empty path, or one that ends in `..`.
        if path.file_name().is_none() {
            let cause = io::ErrorKind::InvalidInput.into();
            return Err(RunFolderError::Unwritable { path, cause });
        }
        let ancestor = missing_folders(parent(&path))
            .last()
            .map_or(parent(&path), |top| parent(top));
        match staged_folder(ancestor) {
            Ok(_) => {
                let made = missing_folders(&path).into_iter();
                let made = made.map(Path::to_path_buf).collect();
                Ok(Self { path, made })
            }
            Err(cause) => Err(RunFolderError::Unwritable { path, cause }),
        }
    }

    /// Where the run's files will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the files, given by name and content, at once.
    ///
    /// A new folder appears under its name with all of its files in it. In an existing folder the
    /// files are written beside the earlier ones and then take their places, the last one given
    /// last; other files are left alone.
    ///
    /// # Errors
    ///
    /// Which file could not be written. Earlier files are then unchanged, and folders made for the
    /// run are gone.
    pub fn write(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        if self.path.is_dir() {
            return self.replace(files);
        }
        self.create(files).inspect_err(|_| self.remove_made())
    }

    /// Removes the folders made for the run, as far as nothing is in them.
    fn remove_made(&self) {
        for folder in &self.made {
            let removed = fs::remove_dir(folder);
            // One that was never made is no reason to leave those around it.
            if removed.is_err() && folder.exists() {
                break;
            }
        }
    }

    fn create(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        let parent = parent(&self.path);
        fs::create_dir_all(parent).map_err(self.unsaved(parent))?;
        let staging = staged_folder(parent).map_err(self.unsaved(&self.path))?;
        for (name, content) in files {
            let written = File::create_new(staging.path().join(name))
                .and_then(|file| write_through(&file, content));
            written.map_err(self.unsaved(&self.path.join(name)))?;
        }
        fs::rename(staging.path(), &self.path).map_err(self.unsaved(&self.path))?;
        // It has another name now; there is nothing to clean up under the old one.
        let _ = staging.keep();
        Ok(())
    }

    fn replace(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        let mut staged = Vec::new();
        for (name, content) in files {
            let path = self.path.join(name);
            let file = staged_file(&self.path).map_err(self.unsaved(&path))?;
            write_through(file.as_file(), content).map_err(self.unsaved(&path))?;
            staged.push((file, path));
        }
        for (file, path) in staged {
            file.persist(&path)
                .map_err(|error| self.unsaved(&path)(error.error))?;
        }
        Ok(())
    }
}

/// Whether a folder is empty or holds a run.
fn can_take_run(folder: &Path) -> io::Result<bool> {
    let empty = fs::read_dir(folder)?.next().is_none();
    Ok(empty
        || [MODEL, CONFIG]
            .iter()
            .all(|name| folder.join(name).is_file()))
}

/// The folders that would have to be made for `path` to exist, the innermost first.
fn missing_folders(path: &Path) -> Vec<&Path> {
    let ancestors = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    ancestors.take_while(|path| !path.exists()).collect()
}

/// A temporary folder beside the final one; removed when dropped.
fn staged_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    with_usual_permissions(builder.prefix(STAGING), 0o777)
        .tempdir_in(parent)
        .map_err(without_path)
}

#[cfg(test)]
mod tests;
