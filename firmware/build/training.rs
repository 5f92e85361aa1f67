//! The training that the firmware sets memory aside for.

use crate::board;
use crate::error::Error;
use crate::files::Files;
use boards::{Board, storage_bytes};
use kiln_core::{ModelFile, Program, Purpose, TrainingMemory};
use std::env;

/// Where a person, or the host program, says what is trained.
const VARIABLE: &str = "KILN_TRAIN";
/// Where a person says that parameters start from a seed, not from the model.
const SEED: &str = "KILN_SEED";

/// What is trained, and how.
pub struct Training {
    memory: TrainingMemory,
    /// Where the first parameters come from, unless from the model.
    pub seed: Option<u64>,
}

impl Training {
    /// What the environment asks for; nothing where the program does not train.
    pub fn chosen() -> Result<Option<Self>, Error> {
        println!("cargo::rerun-if-env-changed={VARIABLE}");
        println!("cargo::rerun-if-env-changed={SEED}");
        if env::var_os("CARGO_FEATURE_TRAINING").is_none() {
            return Ok(None);
        }
        let text = env::var(VARIABLE).unwrap_or_default();
        let memory =
            TrainingMemory::parse(&text).map_err(|word| Error::Training(VARIABLE, word.into()))?;
        let seed = seed()?;
        Ok(Some(Self { memory, seed }))
    }

    /// Its mode as Rust.
    pub fn code(&self) -> String {
        generate::mode(&self.memory)
    }

    /// The program of training the model.
    pub fn program(&self, model: &ModelFile<'_>) -> Result<Program, Error> {
        let purpose = Purpose::Compact(self.memory.mode());
        Program::try_of(model.network(), purpose).map_err(Error::Program)
    }

    /// Bytes of flash for two slots of trained parameters.
    pub fn storage(&self, model: &ModelFile<'_>) -> Result<usize, Error> {
        Ok(storage_bytes(self.program(model)?.trained_values()))
    }

    /// Whether model, samples and storage fit the flash, and the training the RAM.
    pub fn check(&self, board: &Board, files: &Files, model: &ModelFile<'_>) -> Result<(), Error> {
        let program = self.program(model)?;
        board::check_files(board, files, self.storage(model)?)?;
        let bytes = |values| size_of::<f32>() * values;
        let parts = [
            ("trained parameters", bytes(program.trained_values())),
            ("their gradient", bytes(program.gradient_values())),
            ("its velocity", bytes(program.velocity_values())),
            (
                "the arena",
                bytes(program.arena_packets()) + program.winner_bytes(),
            ),
        ];
        board::check_ram(board, &parts)
    }
}

fn seed() -> Result<Option<u64>, Error> {
    match env::var(SEED) {
        Err(_) => Ok(None),
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => match text.parse() {
            Ok(seed) => Ok(Some(seed)),
            Err(_) => Err(Error::Seed(text)),
        },
    }
}
