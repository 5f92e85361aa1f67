//! What can be wrong with IDX files.

use std::io;
use std::path::PathBuf;

use super::{IMAGES_MAGIC, LABELS_MAGIC};
use crate::data::samples::ImageShape;
use crate::memory_limit::MemoryError;

/// Why an IDX file cannot be used; every message is one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// Reading or decompressing failed.
    #[error("cannot read {}: {cause}; check the file or fetch it again", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system or the decompressor said.
        cause: io::Error,
    },
    /// The file is of another kind than its name says.
    #[error(
        "{} starts with {} where {} was expected: it is misnamed or no IDX file of bytes; \
         check its name or fetch it again",
        path.display(), magic_name(*found), magic_name(*expected)
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// The magic number of the kind of file.
        expected: u32,
        /// The first four bytes, big-endian.
        found: u32,
    },
    /// The file is shorter than its header.
    #[error(
        "{} is truncated: its header takes {expected} bytes, {found} found; fetch it again",
        path.display()
    )]
    Header {
        /// The file.
        path: PathBuf,
        /// Bytes that a header takes.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// The file is shorter than its header says.
    #[error(
        "{} is truncated: its header announces {expected} bytes of data, {found} found; fetch \
         it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of data announced.
        expected: u128,
        /// Bytes of data there are.
        found: u64,
    },
    /// There is not so much memory as the header announces.
    #[error("{}: {cause}", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is needed, and what there is.
        cause: MemoryError,
    },
    /// The file is longer than its header says.
    #[error(
        "{} has trailing bytes: its header announces {expected} bytes of data, more found; \
         fetch it again",
        path.display()
    )]
    Trailing {
        /// The file.
        path: PathBuf,
        /// Bytes of data announced.
        expected: u128,
    },
    /// Images without rows or columns.
    #[error(
        "{} announces images of {height} rows and {width} columns: both must be at least 1; \
         fetch it again",
        path.display()
    )]
    NoPixels {
        /// The file.
        path: PathBuf,
        /// Rows an image.
        height: usize,
        /// Columns an image.
        width: usize,
    },
    /// The files of images and labels do not belong together.
    #[error(
        "{} has {images} images, but {} has {labels} labels: use two files of the same set",
        images_path.display(), labels_path.display()
    )]
    Count {
        /// The file of images.
        images_path: PathBuf,
        /// Images in it.
        images: usize,
        /// The file of labels.
        labels_path: PathBuf,
        /// Labels in it.
        labels: usize,
    },
    /// A label of a dataset whose classes are known is none of them.
    #[error(
        "{}: label number {number} is {label}, but there are {classes} classes, counted from 0: \
         it is damaged or of another dataset; fetch it again",
        path.display()
    )]
    Label {
        /// The file of labels, as it is called when not compressed.
        path: PathBuf,
        /// Which label, counted from 1.
        number: usize,
        /// The label.
        label: u16,
        /// How many classes the dataset has.
        classes: usize,
    },
    /// One of the two files of a set is not there.
    #[error("{} is there but {missing} is not: add it, gzipped or not", found.display())]
    Missing {
        /// The file that is there.
        found: PathBuf,
        /// The name of the file that is not.
        missing: String,
    },
    /// The training and the test images differ in size.
    #[error(
        "{} holds training images of {train} but test images of {test}: use files of one \
         dataset",
        folder.display()
    )]
    Shapes {
        /// The folder with both.
        folder: PathBuf,
        /// The shape of the training images.
        train: ImageShape,
        /// The shape of the test images.
        test: ImageShape,
    },
}

fn magic_name(magic: u32) -> String {
    let kind = match magic {
        IMAGES_MAGIC => " (images)",
        LABELS_MAGIC => " (labels)",
        _ => "",
    };
    format!("{magic:#010x}{kind}")
}
