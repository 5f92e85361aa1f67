//! The training that the firmware sets memory aside for.

use crate::board::Board;
use crate::error::Error;
use crate::files::Files;
use kiln_core::{CompactMode, CompactPlan, ModelFile, Plan, Trainable};
use std::env;

/// Where a person, or the host program, says what is trained.
const VARIABLE: &str = "KILN_TRAIN";
/// Where a person says that parameters start from a seed, not from the model.
const SEED: &str = "KILN_SEED";
/// Erase size of every board's storage, in bytes.
const PAGE: usize = 4096;
/// Bytes before the values in a slot of the storage.
const HEADER: usize = 32;

/// What is trained, and how.
pub struct Training {
    /// First layer that is trained, counted from 0.
    from: usize,
    biases_only: bool,
    batch: bool,
    momentum: bool,
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
        let mut training = Self {
            from: 0,
            biases_only: false,
            batch: false,
            momentum: false,
            seed: seed()?,
        };
        let text = env::var(VARIABLE).unwrap_or_default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match (word, word.strip_prefix("from=").map(str::parse::<usize>)) {
                ("biases", _) => training.biases_only = true,
                ("batch", _) => training.batch = true,
                ("momentum", _) => (training.batch, training.momentum) = (true, true),
                (_, Some(Ok(layer @ 1..))) => training.from = layer - 1,
                _ => return Err(Error::Training(word.into())),
            }
        }
        Ok(Some(training))
    }

    /// As core says it.
    pub fn mode(&self) -> CompactMode {
        let trainable = Trainable::from_layer(self.from);
        let trainable = if self.biases_only {
            trainable.biases_only()
        } else {
            trainable
        };
        if self.batch {
            CompactMode::mini_batch(trainable, self.momentum)
        } else {
            CompactMode::in_place(trainable)
        }
    }

    /// The same as Rust.
    pub fn code(&self) -> String {
        let biases = if self.biases_only {
            ".biases_only()"
        } else {
            ""
        };
        let trainable = format!("kiln_core::Trainable::from_layer({}){biases}", self.from);
        if self.batch {
            format!(
                "kiln_core::CompactMode::mini_batch({trainable}, {})",
                self.momentum
            )
        } else {
            format!("kiln_core::CompactMode::in_place({trainable})")
        }
    }

    /// The plan of training the model.
    pub fn plan(&self, model: &ModelFile<'_>) -> Result<CompactPlan, Error> {
        CompactPlan::try_of(&Plan::of(model.network()), self.mode()).map_err(Error::Trainable)
    }

    /// Bytes of flash for two slots of trained parameters.
    pub fn storage(&self, model: &ModelFile<'_>) -> Result<usize, Error> {
        let values = size_of::<f32>() * self.plan(model)?.trained_values();
        Ok(2 * (HEADER + values).next_multiple_of(PAGE))
    }

    /// Whether model, samples and storage fit the flash, and the training the RAM.
    pub fn check(&self, board: &Board, files: &Files, model: &ModelFile<'_>) -> Result<(), Error> {
        let plan = self.plan(model)?;
        board.check_flash(files, self.storage(model)?)?;
        board.check_ram(&[
            (
                "trained parameters",
                size_of::<f32>() * plan.trained_values(),
            ),
            ("their gradient", size_of::<f32>() * plan.gradient_values()),
            ("its velocity", size_of::<f32>() * plan.velocity_values()),
            (
                "the arena",
                size_of::<f32>() * plan.arena_values() + plan.winner_bytes(),
            ),
        ])
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
