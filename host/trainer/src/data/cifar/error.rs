//! What can be wrong with the files of CIFAR-10 and CIFAR-100.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::memory_limit::MemoryError;

/// A file, or an entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: PathBuf,
    /// The entry's name, where the file is an archive.
    pub entry: Option<String>,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(formatter, "{entry:?} in {}", self.file.display()),
            None => write!(formatter, "{}", self.file.display()),
        }
    }
}

/// Why files of CIFAR-10 or CIFAR-100 cannot be used; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CifarError {
    /// Reading or decompressing failed, or the archive is none.
    #[error("cannot read {origin}: {cause}; check the file or fetch it again")]
    Read {
        /// What was being read.
        origin: Origin,
        /// What the operating system, the decompressor or the archive's reader said.
        cause: io::Error,
    },
    /// A file is not there.
    #[error("{} has no {missing}: add it, or fetch the archive again", place.display())]
    Missing {
        /// The folder or archive.
        place: PathBuf,
        /// The name of the file that is not there.
        missing: String,
    },
    /// The archive has a file more than once.
    #[error("{origin} is there twice: it is not the published archive; fetch it again")]
    Twice {
        /// The second one.
        origin: Origin,
    },
    /// What should be a file is a link, a folder or a device.
    #[error("{origin} is no regular file: it is not the published archive; fetch it again")]
    NoFile {
        /// The entry.
        origin: Origin,
    },
    /// An entry is meant to lie elsewhere than in the archive's folder.
    #[error("{origin} leads out of the archive's folder: it was not used; fetch the archive again")]
    Outside {
        /// The entry.
        origin: Origin,
    },
    /// A file of records is not as long as any number of them.
    #[error(
        "{origin} has {length} bytes, which are no whole records of {record}: it is cut short or \
         of another dataset; fetch it again"
    )]
    Length {
        /// The file.
        origin: Origin,
        /// Bytes it has.
        length: u64,
        /// Bytes of a record.
        record: usize,
    },
    /// A file is much longer than any that was published.
    #[error("{origin} has {length} bytes, more than the {limit} that can be: fetch it again")]
    TooLong {
        /// The file.
        origin: Origin,
        /// Bytes it has.
        length: u64,
        /// Most bytes read.
        limit: u64,
    },
    /// There is not so much memory as the records take.
    #[error("{origin}: {cause}")]
    Memory {
        /// The file, or the folder of all.
        origin: Origin,
        /// What is needed, and what there is.
        cause: Box<MemoryError>,
    },
    /// A label is none of the dataset's.
    #[error(
        "{origin}: record {number} has the label {label}, but there are {classes}, counted from 0: \
         it is damaged or of another dataset; fetch it again"
    )]
    Label {
        /// The file.
        origin: Origin,
        /// Which record, counted from 1.
        number: u64,
        /// The label.
        label: u8,
        /// How many there are.
        classes: u8,
    },
    /// The file of class names does not name every class once.
    #[error("{origin} names {found} classes where {expected} were expected: fetch it again")]
    Names {
        /// The file.
        origin: Origin,
        /// Different names in it.
        found: usize,
        /// Classes of the dataset.
        expected: usize,
    },
}

impl Origin {
    pub(super) fn file(path: &Path) -> Self {
        Self {
            file: path.into(),
            entry: None,
        }
    }

    pub(super) fn unreadable(&self, cause: io::Error) -> CifarError {
        CifarError::Read {
            origin: self.clone(),
            cause,
        }
    }
}
