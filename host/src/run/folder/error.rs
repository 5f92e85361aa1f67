//! What is wrong with a run folder, and what to do.

use super::{CHECKPOINT, resume_command};
use std::io;
use std::path::PathBuf;

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
    /// The folder holds a run that is not done.
    #[error(
        "--out {}: the folder holds an unfinished run; go on with it by `{}`, name another folder, \
         or remove {CHECKPOINT}",
        path.display(), resume_command(path)
    )]
    Unfinished {
        /// The path given.
        path: PathBuf,
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
    /// There is no run in the folder to go on with.
    #[error("--resume {}: {reason}", path.display())]
    NothingToResume {
        /// The path given.
        path: PathBuf,
        /// What is there instead.
        reason: &'static str,
    },
    /// The folder of an unfinished run cannot be written to.
    #[error("--resume {}: cannot write there ({cause}); make it writable first", path.display())]
    Locked {
        /// The path given.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A file could not be written, but what the run reached is not lost.
    #[error(
        "cannot write {} ({cause}); what the run had reached before is kept: make room, then go \
         on by `{}`",
        path.display(), resume_command(folder)
    )]
    Kept {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
        /// The run folder.
        folder: PathBuf,
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
