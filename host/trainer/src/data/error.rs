//! What can go wrong with a dataset as a whole.

use std::io;
use std::path::{Path, PathBuf};

use super::cifar::CifarError;
use super::download::DownloadError;
use super::idx::IdxError;
use super::image_folder::ImageFolderError;
use super::named;
use super::samples::ImageShape;
use super::tensor_file::TensorFileError;
use crate::file_kind::WrongFile;
use crate::memory_limit::MemoryError;

/// Why a dataset could not be loaded: one line that names what is at fault and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The argument is neither the name of a dataset nor a path that exists.
    #[error(
        "no dataset {:?}{}: give {}, an existing folder of IDX files or with one folder of \
         images per class, or a .safetensors file",
        path.display().to_string(), suggestion(path),
        named::names().collect::<Vec<_>>().join(", ")
    )]
    UnknownDataset {
        /// The argument, as a path.
        path: PathBuf,
    },
    /// A dataset known by name is not here, and must not be fetched.
    #[error(
        "{name} is neither in KILN_DATA nor in the cache, and --offline forbids to fetch it: \
         leave that out, or get {files} from {url} and name the folder with --data DIR"
    )]
    Offline {
        /// The dataset.
        name: &'static str,
        /// The names of its files.
        files: String,
        /// Where they are published.
        url: &'static str,
    },
    /// A dataset known by name is not here and could not be fetched.
    #[error("no {name} here: {cause}")]
    Download {
        /// The dataset.
        name: &'static str,
        /// What went wrong.
        cause: DownloadError,
    },
    /// The path is that of a file.
    #[error(
        "{} is a file: give a folder (unpack an archive first), or a file whose name ends in \
         .safetensors",
        path.display()
    )]
    NotAFolder {
        /// The path given.
        path: PathBuf,
    },
    /// The path is that of a file of a kind that is no dataset.
    #[error("{}: {wrong}", path.display())]
    WrongFile {
        /// The path given.
        path: PathBuf,
        /// What it is, and what to do instead.
        wrong: WrongFile,
    },
    /// The operating system refused to read a file or folder.
    #[error("cannot read {}: {cause}; check that it exists and may be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A place that must hold the files of a dataset known by name holds none of them.
    #[error(
        "{} ({option}) has none of {title}'s files: it must hold {wanted}",
        place.display()
    )]
    NoNamedFiles {
        /// The folder or file searched.
        place: PathBuf,
        /// `--data` or `KILN_DATA`: what named the place.
        option: &'static str,
        /// The dataset, as its authors call it.
        title: &'static str,
        /// The names of the files.
        wanted: String,
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
    /// Samples that are no images have another shape than is asked for.
    #[error("samples of {own} are no images of bytes, and cannot be brought to {shape}")]
    Unconvertible {
        /// The samples' shape.
        own: ImageShape,
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
    /// There is not so much memory.
    #[error(transparent)]
    Memory(#[from] MemoryError),
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
    /// An archive or a file of CIFAR-10 or CIFAR-100 is missing, damaged or another.
    #[error(transparent)]
    Cifar(#[from] CifarError),
    /// A safetensors file is no dataset.
    #[error(transparent)]
    TensorFile(#[from] TensorFileError),
    /// A folder of images is not laid out as one, or an image cannot be decoded.
    #[error(transparent)]
    ImageFolder(#[from] ImageFolderError),
}

fn suggestion(path: &Path) -> String {
    named::meant_by(&path.to_string_lossy())
        .map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}
