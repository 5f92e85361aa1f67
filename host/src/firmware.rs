//! Builds the firmware with a model, by the firmware folder's own script.

use crate::boards::Board;
use crate::weights::ModelBytes;
use anyhow::{Context, Result, bail};
use kiln::link::Training;
use kiln::{ModelFile, SamplesParts};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Says where the firmware folder is, where it is not beside the host program's sources.
const FOLDER: &str = "KILN_FIRMWARE";
/// Where it was when this program was built.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware");
/// The script's exit code where no compiler can build for the board.
const NO_TARGET: i32 = 3;

/// Which of the firmware's programs does what a desktop asks.
#[derive(Clone, Copy, Debug)]
pub enum Application {
    /// The one that evaluates only.
    Serve,
    /// The one that trains, too, with memory for this training.
    Train(Training),
}

impl Application {
    /// Name of the program.
    const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Train(_) => "train_serve",
        }
    }

    /// What the build sets memory aside for: `KILN_TRAIN`, as the firmware's build reads it.
    fn training(self) -> String {
        let Self::Train(training) = self else {
            return String::new();
        };
        let mut words = vec![format!("{}", training.trainable)];
        if training.batch > 1 || training.sgd.momentum != 0.0 {
            words.push("batch".into());
        }
        if training.sgd.momentum != 0.0 {
            words.push("momentum".into());
        }
        words.join(",")
    }
}

/// Builds the firmware that serves a model on a board; gives its ELF file.
///
/// # Errors
///
/// If there is no firmware folder or no compiler for the board, or the model or its training does
/// not fit it.
pub fn build(board: Board, bytes: &ModelBytes, application: Application) -> Result<PathBuf> {
    let folder = folder()?;
    let scratch = tempfile::tempdir()?;
    let (model, samples) = (
        scratch.path().join("model.kiln"),
        scratch.path().join("model.samples"),
    );
    fs::write(&model, bytes.as_slice())?;
    fs::write(&samples, no_samples(&bytes.open()?)?)?;
    let output = Command::new(folder.join("build.sh"))
        .args(["build", board.name, "--quiet", "--bin", application.name()])
        .env("KILN_TRAIN", application.training())
        .env("KILN_MODEL", model)
        .env("KILN_SAMPLES", samples)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .with_context(|| folder.join("build.sh").display().to_string())?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{}", reason(&errors, output.status.code()));
    }
    Ok(folder
        .join("target")
        .join(board.target)
        .join("release")
        .join(application.name()))
}

/// The firmware folder.
fn folder() -> Result<PathBuf> {
    let folder = env::var_os(FOLDER).map_or_else(|| PathBuf::from(SOURCES), PathBuf::from);
    if !folder.join("build.sh").exists() {
        bail!(
            "no firmware folder at {}; name it with {FOLDER}=DIR, or a built firmware with \
             --firmware ELF",
            folder.display()
        );
    }
    Ok(folder)
}

/// A samples file of no samples, of the shape that the model takes.
fn no_samples(model: &ModelFile<'_>) -> Result<Vec<u8>> {
    let parts = SamplesParts {
        shape: model.network().input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut bytes = vec![0; parts.encoded_len()?];
    parts.write(&mut bytes)?;
    Ok(bytes)
}

/// The line of a failed build that says why.
fn reason(errors: &str, code: Option<i32>) -> String {
    let mut lines = errors.lines().map(str::trim);
    let found = lines.find_map(|line| {
        let (_, reason) = line.split_once("error: ").or(line.split_once("error:"))?;
        (!reason.is_empty()).then_some(reason)
    });
    let found = found.unwrap_or("no reason given");
    match code {
        Some(NO_TARGET) => found.into(),
        _ => format!("the firmware does not build: {found}"),
    }
}
