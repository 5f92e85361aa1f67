//! What stops the build, in one line each.

use boards::{BOARDS, BoardPrograms};
use kiln_core::{BufferError, CompactError, CutError, ModelError, ProgramError, SamplesError};
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there can be no firmware.
#[derive(Debug)]
pub enum Error {
    /// A variable that cargo sets is missing.
    NotCargo(&'static str),
    /// No board feature, or several.
    Boards(usize),
    /// A file cannot be read.
    Unreadable { path: PathBuf, cause: io::Error },
    /// A file cannot be written.
    Unwritable { path: PathBuf, cause: io::Error },
    /// The model file is no sound model.
    Model { path: PathBuf, error: ModelError },
    /// The samples file is not sound.
    Samples { path: PathBuf, error: SamplesError },
    /// The samples' images are not what the model takes.
    Shape {
        path: PathBuf,
        samples: kiln_core::Shape,
        model: kiln_core::Shape,
    },
    /// The model cannot be run on the samples.
    Run(BufferError),
    /// The training that a variable asks for is none.
    Training(&'static str, String),
    /// The firmware does not train on the board.
    NoTraining(&'static str),
    /// The int8 model has no such last layers to train.
    Cut(CutError),
    /// The seed is no number.
    Seed(String),
    /// The model has no such layer to train.
    Program(ProgramError),
    /// The model cannot be trained on the samples.
    Train(CompactError),
    /// The board has too little memory.
    TooLarge {
        board: &'static str,
        memory: &'static str,
        needed: usize,
        available: usize,
        parts: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCargo(variable) => write!(f, "{variable} is not set; build with cargo"),
            Self::Boards(chosen) => write!(
                f,
                "choose one board, not {chosen}: --no-default-features --features NAME, with NAME \
                 one of {}",
                BOARDS
                    .iter()
                    .filter(|board| board.programs != BoardPrograms::None)
                    .map(|board| board.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Self::Unreadable { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Unwritable { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Model { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Samples { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Shape {
                path,
                samples,
                model,
            } => write!(
                f,
                "{}: images of {samples}, but the model takes {model}; export both together with \
                 kiln export",
                path.display()
            ),
            Self::Run(error) => write!(f, "the model does not run: {error}"),
            Self::Cut(error) => write!(f, "the int8 model: {error}"),
            Self::Training(variable, word) => write!(
                f,
                "{variable}: {word} is no training; write words with commas between them: from=LAYER \
                 (counted from 1), biases, batch, momentum"
            ),
            Self::NoTraining(board) => write!(
                f,
                "{board}: the firmware only evaluates there; leave out the feature `training`, or \
                 choose another board"
            ),
            Self::Seed(text) => write!(f, "KILN_SEED: {text} is no number from 0 to 2^64 - 1"),
            Self::Program(error @ ProgramError::Trainable(_)) => write!(f, "KILN_TRAIN: {error}"),
            Self::Program(error) => write!(f, "the model: {error}"),
            Self::Train(error) => write!(f, "the model cannot be trained on the samples: {error}"),
            Self::TooLarge {
                board,
                memory,
                needed,
                available,
                parts,
            } => write!(
                f,
                "{board}: {} bytes too large for its {memory}: {parts} need {needed} bytes, it \
                 has {available}; use a smaller network{}",
                needed - available,
                match *memory {
                    "flash" => " or fewer samples",
                    _ if parts.contains("gradient") => {
                        ", train fewer layers, or train in place, not in batches"
                    }
                    _ if parts.contains("trained") => " or train fewer layers",
                    _ => "",
                }
            ),
        }
    }
}
