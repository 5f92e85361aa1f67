//! Why there is no module of a model file, in words for whoever named the file.

use kiln_core::{BufferError, CutError, ModelError, ProgramError};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no module of a model file.
#[derive(Debug)]
pub enum GenerateError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The file's path is no text, or none that a string literal holds.
    Path {
        /// The file.
        path: PathBuf,
    },
    /// The file is no sound model.
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ModelError,
    },
    /// The network has no program.
    Program {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ProgramError,
    },
    /// The integers do not fit the program.
    Arrangement {
        /// The file.
        path: PathBuf,
        /// Why.
        error: BufferError,
    },
    /// The network gives its input once more and tells no classes apart.
    Reconstruction {
        /// The file.
        path: PathBuf,
    },
    /// The network has no so many layers with parameters.
    LastLayers {
        /// The file.
        path: PathBuf,
        /// Layers asked for.
        asked: usize,
        /// Layers that have parameters.
        found: usize,
    },
    /// A network in integers has no such last layers to train.
    Cut {
        /// The file.
        path: PathBuf,
        /// Why.
        error: CutError,
    },
    /// What the module holds is longer than it may be.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// RAM or flash.
        memory: &'static str,
        /// Bytes, with what they are for.
        parts: Vec<(&'static str, usize)>,
        /// Bytes that are allowed.
        most: usize,
    },
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, cause } => write!(
                f,
                "{}: {cause}; a relative path is one from the folder of the package's Cargo.toml",
                path.display()
            ),
            Self::Path { path } => write!(
                f,
                "{}: the path is not UTF-8; move the model to another folder",
                path.display()
            ),
            Self::Model { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Program { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Arrangement { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Reconstruction { path } => write!(
                f,
                "{}: the network reconstructs its input and tells no classes apart; open it by \
                 kiln::core::ModelFile and run it by kiln::core::LinkedProgram",
                path.display()
            ),
            Self::LastLayers { path, asked, found } => write!(
                f,
                "{}: last({asked}) asks for more layers than the {found} that have parameters; \
                 write a number from 1 to {found}",
                path.display()
            ),
            Self::Cut { path, error } => write!(f, "{}: {error}", path.display()),
            Self::TooLarge {
                path,
                memory,
                parts,
                most,
            } => {
                let needed: usize = parts.iter().map(|(_, bytes)| bytes).sum();
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(_, bytes)| *bytes > 0)
                    .map(|(name, bytes)| format!("{name} ({bytes})"))
                    .collect();
                write!(
                    f,
                    "{}: {} bytes too large for the {most} bytes of {memory} that it may have: {} \
                     need {needed} bytes; use a smaller network{}",
                    path.display(),
                    needed - most,
                    parts.join(", "),
                    match (*memory, parts.len()) {
                        ("RAM", 2..) => ", or train fewer layers, in place and not in batches",
                        _ => "",
                    }
                )
            }
        }
    }
}

impl std::error::Error for GenerateError {}
