//! What can go wrong with a dataset as a whole.

use std::io;
use std::path::PathBuf;

use super::idx::IdxError;
use super::image_folder::ImageFolderError;
use super::samples::ImageShape;

/// Why a dataset could not be loaded: one line that names what is at fault and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The argument is neither `mnist` nor a path that exists.
    #[error(
        "no dataset {:?}: neither `mnist` nor an existing folder; give `mnist`, a folder of IDX \
         files, or a folder with one folder of images per class",
        path.display().to_string()
    )]
    UnknownDataset {
        /// The argument, as a path.
        path: PathBuf,
    },
    /// The path is that of a file.
    #[error(
        "{} is a file: give a folder (unpack an archive first)", path.display()
    )]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The operating system refused to read a file or folder.
    #[error("cannot read {}: {cause}; check that it exists and may be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A folder that must hold MNIST's files holds none of them.
    #[error(
        "{} ({option}) has none of MNIST's files: put train-images-idx3-ubyte, \
         train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte there, \
         gzipped or not",
        folder.display()
    )]
    NoIdxFiles {
        /// The folder searched.
        folder: PathBuf,
        /// `--data` or `KILN_DATA`: what named the folder.
        option: &'static str,
    },
    /// All labels are the same.
    #[error(
        "{} has one class only ({class}): a network needs at least two to tell apart; add \
         samples of another class",
        path.display()
    )]
    OneClass {
        /// The folder of the dataset.
        path: PathBuf,
        /// The only class.
        class: String,
    },
    /// There is not a single sample.
    #[error("{} has no samples: its files hold zero images; give a folder with some", path.display())]
    NoSamples {
        /// The folder of the dataset.
        path: PathBuf,
    },
    /// The shape asked for is none that images can be brought to.
    #[error(
        "images cannot be brought to {shape}: use 1 channel (grey) or 3 (colour), and no size of 0"
    )]
    Shape {
        /// The shape asked for.
        shape: ImageShape,
    },
    /// The decoded images would take too much memory.
    #[error(
        "{count} images of {shape} would take {gibibytes} GiB of memory: shrink the images or \
         choose a smaller input shape"
    )]
    TooLarge {
        /// The number of images.
        count: usize,
        /// The shape of each.
        shape: ImageShape,
        /// The memory for all, in GiB.
        gibibytes: usize,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {cause}; ask for fewer")]
    Threads {
        /// The number asked for.
        threads: usize,
        /// What the thread pool said.
        cause: rayon::ThreadPoolBuildError,
    },
    /// An IDX file is missing, damaged or mislabelled.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// A folder of images is not laid out as one, or an image cannot be decoded.
    #[error(transparent)]
    ImageFolder(#[from] ImageFolderError),
}
