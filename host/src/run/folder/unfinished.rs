//! Run folders of runs that are not done: they hold a checkpoint.

use super::{CHECKPOINT, INT8_MODEL, MODEL, RunFolder, RunFolderError};
use crate::folder_lock::{FolderLock, FolderLockError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

impl RunFolder {
    /// Takes the folder of an unfinished run, to go on with it.
    ///
    /// Removes temporary files of Kiln's that a crash has left there.
    ///
    /// # Errors
    ///
    /// If there is no unfinished run, it cannot be written to, or another process goes on with it.
    pub fn unfinished(path: &Path) -> Result<Self, RunFolderError> {
        let path = path.to_path_buf();
        let find = || match nothing_to_resume(&path) {
            Some(reason) => Err(RunFolderError::NothingToResume {
                path: path.clone(),
                reason,
            }),
            None => Ok(()),
        };
        let unwritable = |cause| RunFolderError::Locked {
            path: path.clone(),
            cause,
        };
        find()?;
        let lock = FolderLock::take(&path).map_err(|error| match error {
            FolderLockError::Held { holder } => RunFolderError::Held {
                flag: "--resume",
                path: path.clone(),
                holder,
            },
            FolderLockError::Disk(cause) => unwritable(cause),
        })?;
        // Whoever held it before may have come to the run's end.
        find()?;
        lock.remove_staged().map_err(unwritable)?;
        Ok(Self { path, _lock: lock })
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

    /// Takes back what an unfinished run has left: its checkpoint and, once it is dropped, the folders
    /// made for it.
    ///
    /// # Errors
    ///
    /// If the checkpoint cannot be removed.
    pub fn abandon(&self) -> io::Result<()> {
        remove(&self.checkpoint())
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
