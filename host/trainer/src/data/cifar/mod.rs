//! CIFAR-10 and CIFAR-100, from the published archive or from what it unpacks to.
//!
//! Source of the format: the binary versions in <https://www.cs.toronto.edu/~kriz/cifar.html>. A file
//! is a run of records, each a byte for every label and then 3x32x32 bytes in the order (channel, row,
//! column), as [`Samples`] has them. An archive is read in place: nothing of it is unpacked to disk.

mod archive;
mod error;
mod long_names;
mod records;

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub(super) use archive::from_archive;
pub use error::{CifarError, Origin};

use super::samples::{ImageShape, Samples};
use super::sets::Sets;
use crate::memory_limit;
use crate::plain_file;

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 32,
    width: 32,
};

/// What the archive of a dataset holds.
pub(super) struct CifarLayout {
    /// The archive's name as published.
    pub(super) archive: &'static str,
    /// The folder that it unpacks to.
    pub(super) folder: &'static str,
    /// The files of records to train on, in order.
    train: &'static [&'static str],
    /// The file of records to test on.
    test: &'static str,
    /// The file with a class's name on each line.
    names: &'static str,
    /// How many values each label of a record can take; the last label is the class.
    labels: &'static [u8],
}

pub(super) const TEN: CifarLayout = CifarLayout {
    archive: "cifar-10-binary.tar.gz",
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    names: "batches.meta.txt",
    labels: &[10],
};

pub(super) const HUNDRED: CifarLayout = CifarLayout {
    archive: "cifar-100-binary.tar.gz",
    folder: "cifar-100-binary",
    train: &["train.bin"],
    test: "test.bin",
    names: "fine_label_names.txt",
    // The first is of the 20 superclasses.
    labels: &[20, 100],
};

/// Where the files of a dataset are.
pub(super) enum Place {
    /// The folder that the archive unpacks to.
    Folder(PathBuf),
    Archive(PathBuf),
}

/// The files of a dataset as far as they have been read.
struct Parts {
    /// In the order of [`CifarLayout::batches`].
    batches: Vec<Option<Samples>>,
    names: Option<Vec<String>>,
}

impl CifarLayout {
    /// The files of records: all to train on, then the one to test on.
    fn batches(&self) -> impl Iterator<Item = &'static str> {
        self.train.iter().copied().chain([self.test])
    }

    /// Bytes of a record.
    fn record(&self) -> usize {
        self.labels.len() + SHAPE.size()
    }

    fn classes(&self) -> usize {
        self.labels.last().copied().map_or(0, usize::from)
    }
}

impl Place {
    /// `place` itself, be it the archive or its folder, or what of these lies in it; the folder
    /// first, which takes no unpacking.
    pub(super) fn find(layout: &CifarLayout, place: &Path) -> Option<Self> {
        if place.is_file() {
            return Some(Self::Archive(place.into()));
        }
        let is_unpacked =
            |folder: &PathBuf| layout.batches().any(|name| folder.join(name).is_file());
        let folders = [place.to_path_buf(), place.join(layout.folder)];
        if let Some(folder) = folders.into_iter().find(is_unpacked) {
            return Some(Self::Folder(folder));
        }
        // Some browsers decompress what they download.
        [layout.archive, layout.archive.trim_end_matches(".gz")]
            .map(|name| place.join(name))
            .into_iter()
            .find(|path| path.is_file())
            .map(Self::Archive)
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Archive(path) => path,
        }
    }

    pub(super) fn load(&self, layout: &CifarLayout) -> Result<Sets, CifarError> {
        match self {
            Self::Folder(folder) => from_folder(layout, folder),
            Self::Archive(path) => {
                let (file, _) = open(path)?;
                from_archive(layout, path, BufReader::with_capacity(1 << 16, file))
            }
        }
    }
}

fn from_folder(layout: &CifarLayout, folder: &Path) -> Result<Sets, CifarError> {
    let batches: Vec<_> = layout.batches().collect();
    let lengths = batches.iter().map(|name| length(&folder.join(name)));
    check_memory(&Origin::file(folder), lengths.sum())?;
    let batches = batches
        .into_par_iter()
        .map(|name| {
            read(&folder.join(name), |origin, length, file| {
                records::samples(layout, origin, length, file)
            })
        })
        .collect::<Result<_, _>>()?;
    let names = read(&folder.join(layout.names), |origin, _, file| {
        records::names(layout, origin, file)
    })?;
    Parts { batches, names }.into_sets(layout, folder)
}

/// Bytes of a file; 0 where it cannot be looked at, which is said where it is read.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |data| data.len().min(records::MAX_BYTES))
}

/// Whether records of so many bytes can be had.
fn check_memory(origin: &Origin, bytes: u64) -> Result<(), CifarError> {
    let checked = memory_limit::check(bytes as usize, "its records");
    checked.map_err(|cause| CifarError::Memory {
        origin: origin.clone(),
        cause: cause.into(),
    })
}

/// What `parse` makes of a file; `None` where there is no such file.
fn read<T>(
    path: &Path,
    parse: impl FnOnce(&Origin, u64, BufReader<File>) -> Result<T, CifarError>,
) -> Result<Option<T>, CifarError> {
    let (file, length) = match open(path) {
        Err(CifarError::Read { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        opened => opened?,
    };
    let file = BufReader::with_capacity(1 << 16, file);
    parse(&Origin::file(path), length, file).map(Some)
}

/// The file and its length in bytes.
fn open(path: &Path) -> Result<(File, u64), CifarError> {
    let opened = plain_file::open(path).and_then(|file| {
        let length = file.metadata()?.len();
        Ok((file, length))
    });
    opened.map_err(|cause| Origin::file(path).unreadable(cause))
}

impl Parts {
    /// Puts the batches together; `place` is what lacks those that are not there.
    fn into_sets(self, layout: &CifarLayout, place: &Path) -> Result<Sets, CifarError> {
        let missing = |name: &str| CifarError::Missing {
            place: place.into(),
            missing: name.into(),
        };
        let found = layout.batches().zip(self.batches);
        let mut batches = found
            .map(|(name, samples)| samples.ok_or_else(|| missing(name)))
            .collect::<Result<Vec<_>, _>>()?;
        let classes = self.names.ok_or_else(|| missing(layout.names))?;
        let test = batches.pop();
        let train = batches.into_iter().reduce(|mut all, batch| {
            all.append(batch);
            all
        });
        Ok(Sets {
            origin: place.into(),
            train,
            test,
            classes: Some(classes),
        })
    }
}

#[cfg(test)]
mod tests;
