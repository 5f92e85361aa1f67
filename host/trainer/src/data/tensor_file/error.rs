//! What can be wrong with a safetensors file as a dataset.

use crate::data::ImageShape;
use crate::file_kind::WrongFile;
use crate::memory_limit::MemoryError;
use std::io;
use std::path::PathBuf;

/// Why a safetensors file is no dataset; every message is one line that names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorFileError {
    /// The operating system refused to read it.
    #[error("cannot read {}: {cause}; check that it exists and may be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The file is of another kind, or empty.
    #[error("{}: {wrong}", path.display())]
    WrongFile {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do instead.
        wrong: WrongFile,
    },
    /// The bytes are no safetensors file.
    #[error("{} is no sound safetensors file: {cause}; write it again", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// Fewer or more bytes than the header says.
    #[error(
        "{} has {found} bytes, but its header tells of {expected}: it is cut short or damaged; \
         copy or write it again",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes by the header.
        expected: u64,
        /// Bytes there are.
        found: u64,
    },
    /// A name that the header has twice.
    #[error("{} has {name:?} twice in its header: which is meant is unknown", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A tensor that is needed.
    #[error("{} has no tensor {tensor:?}{}; {}", path.display(), beside(needed_by), available(found))]
    Missing {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: &'static str,
        /// The tensor that is of no use without it.
        needed_by: Option<&'static str>,
        /// The tensors there are.
        found: Vec<String>,
    },
    /// Numbers of a kind that is not read.
    #[error("{}: tensor {tensor:?} holds {found}; {wanted} can be read", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: &'static str,
        /// What it holds.
        found: String,
        /// What can be read.
        wanted: &'static str,
    },
    /// Other extents than samples or labels have.
    #[error("{}: tensor {tensor:?} has the shape {found:?}; it must be {wanted}", path.display())]
    Extents {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: &'static str,
        /// Its extents.
        found: Vec<usize>,
        /// What they must be.
        wanted: String,
    },
    /// More labels than samples, or fewer.
    #[error(
        "{}: tensor {tensor:?} has {labels} labels for the {samples} samples of {input:?}; there \
         must be one for each",
        path.display()
    )]
    Count {
        /// The file.
        path: PathBuf,
        /// Name of the labels' tensor.
        tensor: &'static str,
        /// Labels there are.
        labels: usize,
        /// Name of the samples' tensor.
        input: &'static str,
        /// Samples there are.
        samples: usize,
    },
    /// A number that is none, or infinite.
    #[error(
        "{}: tensor {tensor:?} has a value that is not a finite number in sample {sample}; \
         replace it or leave the sample out",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: &'static str,
        /// Number of the sample, from 0.
        sample: usize,
    },
    /// A label that is no class.
    #[error(
        "{}: tensor {tensor:?} labels sample {sample} with {label}; labels are 0 to {most}",
        path.display()
    )]
    Label {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: &'static str,
        /// Number of the sample, from 0.
        sample: usize,
        /// The label.
        label: i128,
        /// The largest that may be.
        most: usize,
    },
    /// Names of classes that cannot be used.
    #[error("{}: its metadata entry \"classes\" {cause}; write a name a line", path.display())]
    Classes {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        cause: String,
    },
    /// The samples of the test set have another shape.
    #[error(
        "{}: tensor \"test_input\" has samples of {test}, but those of \"input\" are of {train}; \
         they must be alike",
        path.display()
    )]
    Unlike {
        /// The file.
        path: PathBuf,
        /// Shape of the training samples.
        train: ImageShape,
        /// Shape of the test samples.
        test: ImageShape,
    },
    /// Another shape is wanted of samples that cannot be resized.
    #[error(
        "{} has samples of {own}, not of {shape}: only u8 samples of 1 or 3 channels can be \
         converted to another shape of such; make the network's input {own}, or write other samples",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The samples' shape.
        own: ImageShape,
        /// The shape wanted.
        shape: ImageShape,
    },
    /// The values would take too much memory.
    #[error("{}: {cause}", path.display())]
    Memory {
        /// The file.
        path: PathBuf,
        /// What is needed, and what there is.
        cause: MemoryError,
    },
}

fn beside(needed_by: &Option<&str>) -> String {
    needed_by.map_or_else(String::new, |tensor| format!(", which {tensor:?} needs"))
}

/// The tensors' names, as many as fit into a line.
fn available(found: &[String]) -> String {
    const MOST: usize = 8;
    if found.is_empty() {
        return "it has none at all".into();
    }
    let names = found.iter().take(MOST).map(|name| format!("{name:?}"));
    let names = names.collect::<Vec<_>>().join(", ");
    let more = if found.len() > MOST { ", …" } else { "" };
    format!("it has {names}{more}")
}
