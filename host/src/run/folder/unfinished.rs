//! Run folders of runs that are not done: they hold a checkpoint.

use super::{CHECKPOINT, INT8_MODEL, MODEL, RunFolder, RunFolderError};
use crate::whole_file::{STAGING, staged_file};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

impl RunFolder {
    /// The folder of an unfinished run, to go on with it.
    ///
    /// Removes temporary files of Kiln's that a crash has left there.
    ///
    /// # Errors
    ///
    /// If there is no unfinished run, or it cannot be written to.
    pub fn unfinished(path: &Path) -> Result<Self, RunFolderError> {
        let path = path.to_path_buf();
        if let Some(reason) = nothing_to_resume(&path) {
            return Err(RunFolderError::NothingToResume { path, reason });
        }
        if let Err(cause) = remove_staged(&path).and_then(|()| staged_file(&path).map(drop)) {
            return Err(RunFolderError::Locked { path, cause });
        }
        Ok(Self::existing(path))
    }

    /// Where the state of the run is while it is not done.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join(CHECKPOINT)
    }

    /// Writes the files of the finished run as [`RunFolder::write`] does, then removes its
    /// checkpoint, and a network of integers that was made of an earlier run's model.
    ///
    /// # Errors
    ///
    /// What could not be written; the checkpoint is then still there.
    pub fn finish(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        self.write(files)?;
        if files.iter().all(|(name, _)| *name != INT8_MODEL) {
            let path = self.path.join(INT8_MODEL);
            remove(&path).map_err(self.unsaved(&path))?;
        }
        let path = self.checkpoint();
        remove(&path).map_err(self.unsaved(&path))
    }

    /// Takes back what an unfinished run has left: its checkpoint, and the folders made for it.
    ///
    /// # Errors
    ///
    /// If the checkpoint cannot be removed.
    pub fn abandon(&self) -> io::Result<()> {
        remove(&self.checkpoint())?;
        self.remove_made();
        Ok(())
    }

    /// The error for a file that cannot be written: something of the run is kept or not.
    pub(super) fn unsaved(&self, path: &Path) -> impl FnOnce(io::Error) -> RunFolderError {
        let path = path.to_path_buf();
        let kept = self.checkpoint().is_file().then(|| self.path.clone());
        |cause| match kept {
            Some(folder) => RunFolderError::Kept {
                path,
                cause,
                folder,
            },
            None => RunFolderError::Unsaved { path, cause },
        }
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn nothing_to_resume(folder: &Path) -> Option<&'static str> {
    if folder.join(CHECKPOINT).is_file() {
        None
    } else if folder.join(MODEL).is_file() {
        Some("the run is finished; `kiln train --config` with its config.toml runs it again")
    } else if folder.is_dir() {
        Some("the folder holds no unfinished run; name a run folder with a checkpoint.kiln-run")
    } else if folder.exists() {
        Some("this is a file; name the folder of an unfinished run")
    } else {
        Some("there is no such folder; name that of an unfinished run")
    }
}

fn remove_staged(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let staged = entry.file_name().to_string_lossy().starts_with(STAGING);
        if staged && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
