//! A model as C: an array of words with the kernels that it needs, for the library that
//! `scripts/c_library.sh` builds, and a program and a build file to begin with.

mod example;
mod identifier;
mod layout;
mod learning_example;
mod learning_words;
mod samples;
mod source;
mod words;

pub use identifier::{CNameError, identifier};
pub use layout::CLayout;
pub use samples::{CSamples, LearnedOutputs};

use crate::model::{AnyModel, ModelFacts};
use kiln_core::{BufferError, CutError, ModelTask, Network, ProgramError, ScalingError};
use layout::CSources;
use words::StoredWords;

/// Why a model cannot be written as C.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CExportError {
    /// No program can be made of its network.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its tensors are not those of its network.
    #[error(transparent)]
    Buffer(#[from] BufferError),
    /// A network of integers has no last layers from there on.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// Its input has no scaling.
    #[error(transparent)]
    Scaling(#[from] ScalingError),
    /// It takes no images of bytes.
    #[error(
        "its input has {channels} channels scaled each by its own numbers, more than {most}; the C \
         library takes bytes"
    )]
    Channels {
        /// Channels of its input.
        channels: usize,
        /// Most channels that have scales of their own.
        most: usize,
    },
    /// It gives what it was given.
    #[error("it is an autoencoder, and the C library classifies")]
    Task,
}

/// What of a model learns, one sample at a time, in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CTraining {
    /// The first layer that does, counted from 1.
    pub from: usize,
    /// CRC-32 that ends the model file, by which parameters that were saved are known.
    pub file_crc: u32,
}

/// A file of the export.
#[derive(Clone, Debug, PartialEq)]
pub struct CFile {
    /// Its path below the folder of the export.
    pub name: String,
    /// What is in it.
    pub content: String,
}

/// What C needs to know of a model.
struct CModel<'a> {
    /// What it is called in C.
    name: &'a str,
    network: &'a Network,
    classes: Vec<String>,
    words: StoredWords,
    /// SHA-256 of its tensors.
    sha256: String,
}

impl CModel<'_> {
    /// The name in macros.
    fn prefix(&self) -> String {
        self.name.to_uppercase()
    }
}

/// Writes a model as C, called `name`, which learns where `training` says what of it: its header and its
/// array, a program to begin with, what the layout's build system asks for and, where there are samples,
/// `NAME_samples.h`.
///
/// # Errors
///
/// A model that the C library has no way to run.
pub fn write(
    model: &AnyModel<'_>,
    name: &str,
    training: Option<&CTraining>,
    samples: Option<&CSamples>,
    layout: CLayout,
) -> Result<Vec<CFile>, CExportError> {
    if model.task() != ModelTask::Classification {
        return Err(CExportError::Task);
    }
    let own = CModel {
        name,
        network: model.network(),
        classes: model.class_names(),
        words: StoredWords::of(model, training)?,
        sha256: model.sha256(),
    };
    let sources = CSources {
        header: source::header(&own),
        source: source::source(&own),
        samples: samples.map(|samples| samples::header(&own, samples)),
    };
    Ok(layout.files(&own, sources))
}

#[cfg(test)]
mod tests;
