//! The folder a run leaves behind: all of its files or none.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use crate::whole_file::{STAGING, parent, staged_file, with_usual_permissions, write_through};

/// The trained model.
pub const MODEL: &str = "model.kiln";
/// A line for each epoch.
pub const METRICS: &str = "metrics.csv";
/// Everything needed to run it again.
pub const CONFIG: &str = "config.toml";

/// A place for a run's files that was found fit before the run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

/// Why a folder cannot take a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunFolderError {
    /// The path is that of a file.
    #[error("--out {}: this is a file; name a folder", path.display())]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The folder holds something else than a run.
    #[error(
        "--out {}: the folder holds other files and no run; name a new or an empty folder",
        path.display()
    )]
    Occupied {
        /// The path given.
        path: PathBuf,
    },
    /// The folder cannot be made or written to.
    #[error("--out {}: cannot write there ({cause}); name another folder", path.display())]
    Unwritable {
        /// The path given.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A file could not be written, and none was left behind.
    #[error(
        "cannot write {} ({cause}); nothing of the run was saved: make room or name another \
         folder by --out",
        path.display()
    )]
    Unsaved {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl RunFolder {
    /// Finds out whether a run can be written to `path`, and leaves nothing there.
    ///
    /// The folder may be new, in folders that need not exist either, or empty, or hold an earlier
    /// run, whose files will be replaced.
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
        match can_take_run(&path).and_then(|can| Ok((can, staged_file(&path)?))) {
            Ok((true, _)) => Ok(Self { path }),
            Ok((false, _)) => Err(RunFolderError::Occupied { path }),
            Err(cause) => Err(RunFolderError::Unwritable { path, cause }),
        }
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
            Ok(_) => Ok(Self { path }),
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
        let made = missing_folders(parent(&self.path));
        let made: Vec<PathBuf> = made.into_iter().map(Path::to_path_buf).collect();
        self.create(files).inspect_err(|_| {
            // Not empty, or never made: then there is nothing to undo.
            made.iter()
                .take_while(|folder| fs::remove_dir(folder).is_ok())
                .for_each(drop);
        })
    }

    fn create(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        let parent = parent(&self.path);
        fs::create_dir_all(parent).map_err(unsaved(parent))?;
        let staging = staged_folder(parent).map_err(unsaved(&self.path))?;
        for (name, content) in files {
            let written = File::create_new(staging.path().join(name))
                .and_then(|file| write_through(&file, content));
            written.map_err(unsaved(&self.path.join(name)))?;
        }
        fs::rename(staging.path(), &self.path).map_err(unsaved(&self.path))?;
        // It has another name now; there is nothing to clean up under the old one.
        let _ = staging.keep();
        Ok(())
    }

    fn replace(&self, files: &[(&str, &[u8])]) -> Result<(), RunFolderError> {
        let mut staged = Vec::new();
        for (name, content) in files {
            let path = self.path.join(name);
            let file = staged_file(&self.path).map_err(unsaved(&path))?;
            write_through(file.as_file(), content).map_err(unsaved(&path))?;
            staged.push((file, path));
        }
        for (file, path) in staged {
            file.persist(&path)
                .map_err(|error| unsaved(&path)(error.error))?;
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
    with_usual_permissions(builder.prefix(STAGING), 0o777).tempdir_in(parent)
}

fn unsaved(path: &Path) -> impl FnOnce(io::Error) -> RunFolderError {
    let path = path.to_path_buf();
    |cause| RunFolderError::Unsaved { path, cause }
}

#[cfg(test)]
mod tests;
