//! The folder of a sweep: its plan, and a folder for each run.
//!
//! | file | what | when |
//! | --- | --- | --- |
//! | `plan.toml` | the plan | before the first run |
//! | `NUMBER-VALUES/` | a run folder | as `kiln train` leaves it |
//! | `NUMBER-VALUES/result.json` | what the run came to | with its other files, or where it diverged |
//! | `sweep.csv`, `sweep.svg`, `sweep.html` | the results | whenever the sweep ends |
//!
//! Each of them appears whole, and while a sweep goes on, its lock is there, too. A run is done where there is a result and no checkpoint, and goes on
//! from its checkpoint where there is one; so a sweep can be killed at any time.

use super::plan::SweepPlan;
use super::result::RunResult;
use crate::folder_lock::{FolderLock, FolderLockError, LOCK};
use crate::network_file::SyntaxError;
use crate::plain_file;
use crate::run::folder::{CHECKPOINT, resume_sweep_command};
use crate::whole_file;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The plan.
const PLAN: &str = "plan.toml";
/// What a run came to.
pub const RESULT: &str = "result.json";

/// The folder of a sweep, which no other process writes to until it is dropped.
#[derive(Clone, Debug)]
pub struct SweepFolder {
    path: PathBuf,
    /// Removes the folders made for the sweep, too, where nothing came into them.
    _lock: FolderLock,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It has not begun.
    Waiting,
    /// It can be gone on with.
    Begun,
    /// It came to this.
    Done(RunResult),
}

/// Why a folder cannot take a sweep, or has none to go on with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepFolderError {
    /// The folder holds something.
    #[error("--out {}: {reason}; name a new or an empty folder{}", path.display(), hint(path))]
    Occupied {
        /// The path given.
        path: PathBuf,
        /// What is in the way.
        reason: &'static str,
    },
    /// Another process writes to the folder.
    #[error("{flag} {}: in use by {holder}; wait until it is done, or end it", path.display())]
    Held {
        /// What the path was given by.
        flag: &'static str,
        /// The path given.
        path: PathBuf,
        /// Which process, since when, and what was typed.
        holder: String,
    },
    /// There is no sweep to go on with.
    #[error("--resume {}: {reason}; name the folder of a sweep", path.display())]
    NoSweep {
        /// The path given.
        path: PathBuf,
        /// What is there instead.
        reason: &'static str,
    },
    /// A file is not what a sweep wrote.
    #[error("{}: {cause}; the sweep cannot go on from it", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl SweepFolder {
    /// Takes a folder for a new sweep; nothing is left there if no plan is written.
    ///
    /// # Errors
    ///
    /// If there is a file of that name, anything in the folder, or another process that writes to it.
    pub fn new(path: &Path) -> Result<Self, SweepFolderError> {
        let occupied = |reason| SweepFolderError::Occupied {
            reason,
            path: path.into(),
        };
        if path.is_file() {
            return Err(occupied("this is a file"));
        }
        let folder = Self::take(path, "--out")?;
        if path.join(PLAN).is_file() {
            return Err(occupied("the folder holds a sweep"));
        }
        let mut entries = fs::read_dir(path).map_err(folder.disk(path))?;
        match entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK)) {
            true => Ok(folder),
            false => Err(occupied("the folder holds other files")),
        }
    }

    /// Takes the folder of a sweep that was begun, with its plan.
    ///
    /// Removes temporary files and folders of Kiln's that a crash has left there.
    ///
    /// # Errors
    ///
    /// If there is none, its plan cannot be read, or another process goes on with it.
    pub fn open(path: &Path) -> Result<(Self, SweepPlan), SweepFolderError> {
        let plan = path.join(PLAN);
        if !plan.is_file() {
            return Err(SweepFolderError::NoSweep {
                path: path.into(),
                reason: match (path.is_dir(), path.exists()) {
                    (true, _) if path.join(LOCK).is_file() => {
                        "the folder holds no sweep, as that was ended before it began"
                    }
                    (true, _) => "the folder holds no sweep",
                    (_, true) => "this is a file",
                    _ => "there is no such folder",
                },
            });
        }
        let folder = Self::take(path, "--resume")?;
        let text = plain_file::read_text(&plan).map_err(folder.disk(&plan))?;
        let read = toml::from_str(&text).map_err(|error| SweepFolderError::Unsound {
            path: plan,
            cause: SyntaxError::new(&text, &error).to_string(),
        });
        Ok((folder, read?))
    }

    fn take(path: &Path, flag: &'static str) -> Result<Self, SweepFolderError> {
        let disk = |cause| SweepFolderError::Disk {
            path: path.into(),
            cause,
        };
        let lock = FolderLock::take(path).map_err(|error| match error {
            FolderLockError::Held { holder } => SweepFolderError::Held {
                flag,
                path: path.into(),
                holder,
            },
            FolderLockError::Disk(cause) => disk(cause),
        })?;
        lock.remove_staged().map_err(disk)?;
        Ok(Self {
            path: path.into(),
            _lock: lock,
        })
    }

    /// Writes the plan into the folder.
    ///
    /// # Errors
    ///
    /// If that cannot be written.
    pub fn begin(&self, plan: &SweepPlan) -> Result<(), SweepFolderError> {
        let text = toml::to_string(plan).map_err(|error| SweepFolderError::Unsound {
            path: self.path.join(PLAN),
            cause: error.to_string(),
        })?;
        self.write(PLAN, text.as_bytes())
    }

    /// Where the sweep is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a run is.
    pub fn run(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where a run stands.
    ///
    /// # Errors
    ///
    /// If its result cannot be read.
    pub fn stage(&self, name: &str) -> Result<Stage, SweepFolderError> {
        let run = self.run(name);
        let result = run.join(RESULT);
        if run.join(CHECKPOINT).is_file() {
            Ok(Stage::Begun)
        } else if result.is_file() {
            self.result(result)
        } else {
            Ok(Stage::Waiting)
        }
    }

    /// Writes a file of the sweep, whole.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), SweepFolderError> {
        let path = self.path.join(name);
        whole_file::write(&path, content).map_err(self.disk(&path))
    }

    /// What to type to go on with the sweep.
    pub fn resume_command(&self) -> String {
        resume_sweep_command(&self.path)
    }

    fn result(&self, path: PathBuf) -> Result<Stage, SweepFolderError> {
        let bytes = plain_file::read(&path, plain_file::MAX_TEXT).map_err(self.disk(&path))?;
        match serde_json::from_slice(&bytes) {
            Ok(result) => Ok(Stage::Done(result)),
            Err(error) => Err(SweepFolderError::Unsound {
                path,
                cause: error.to_string(),
            }),
        }
    }

    fn disk(&self, path: &Path) -> impl FnOnce(io::Error) -> SweepFolderError + use<> {
        let path = path.to_path_buf();
        |cause| SweepFolderError::Disk { path, cause }
    }
}

/// What else to do where there is a sweep already.
fn hint(path: &Path) -> String {
    match path.join(PLAN).is_file() {
        true => format!(", or go on with it by `{}`", resume_sweep_command(path)),
        false => String::new(),
    }
}
