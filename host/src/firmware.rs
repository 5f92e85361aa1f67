//! Builds the firmware, by the firmware folder's own script.

mod compiler;
mod sources;

use crate::boards::{self, Board};
use crate::model::{AnyModel, ModelFacts};
use crate::platform;
use crate::weights::ModelBytes;
use kiln_core::{Int8ModelFile, SamplesParts};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub use compiler::CompilerProgress;
pub use kiln_core::TrainingMemory;
pub use sources::{FirmwareSources, SourcesOrigin};

/// Where the firmware's build reads which model and samples it takes.
const FLOAT: [&str; 2] = ["KILN_MODEL", "KILN_SAMPLES"];
/// The same of a network of integers.
const INT8: [&str; 2] = ["KILN_INT8_MODEL", "KILN_INT8_SAMPLES"];
/// Where the firmware's build reads what training it sets memory aside for.
const TRAINING: &str = "KILN_TRAIN";
/// The same of a network of integers, whose last layers learn.
const INT8_TRAINING: &str = "KILN_INT8_TRAIN";
/// Where it reads by which of its profiles it is built.
const PROFILE: &str = "KILN_FIRMWARE_PROFILE";

/// A firmware that was built, as an ELF file of its own: the next build does not change it.
pub struct Firmware {
    path: PathBuf,
    _folder: TempDir,
}

/// What the firmware holds.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// A model file of either kind.
    pub model: &'a [u8],
    /// A samples file.
    pub samples: &'a [u8],
}

/// How a firmware is optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirmwareProfile {
    /// As it is flashed.
    Release,
    /// Crate by crate, so that a program is linked in a moment: for tests of what it does.
    Quick,
}

/// Why there is no firmware.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The firmware's sources are not where they are looked for.
    #[error(
        "{folder}: no firmware sources there ({origin}): {missing} is missing; name the folder \
         firmware of Kiln's repository by --firmware DIR or KILN_FIRMWARE=DIR"
    )]
    NoSources {
        /// Where they were looked for.
        folder: PathBuf,
        /// Why there.
        origin: SourcesOrigin,
        /// What is not there.
        missing: &'static str,
    },
    /// The firmware has no such program for the board.
    #[error("{0}")]
    NoProgram(String),
    /// No compiler here builds for the board.
    #[error("{0}")]
    NoTarget(String),
    /// The compiler, the linker or the build script refused.
    #[error("the firmware does not build: {0}")]
    Refused(String),
    /// A file cannot be read or written, or the script cannot be run.
    #[error("{path}: {cause}")]
    Files {
        /// What could not be used.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
}

impl<'a> Content<'a> {
    /// Whether its model is one of integers.
    fn is_int8(&self) -> bool {
        Int8ModelFile::is_int8(self.model).unwrap_or(false)
    }

    /// The files with the variables that name them.
    fn files(&self) -> [(&'static str, &'a [u8]); 2] {
        let [model, samples] = match self.is_int8() {
            true => INT8,
            false => FLOAT,
        };
        [(model, self.model), (samples, self.samples)]
    }
}

impl FirmwareProfile {
    /// As the firmware's manifest calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Quick => "quick",
        }
    }
}

impl Firmware {
    /// The ELF file, which is there as long as this value is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Builds one of the firmware's programs from the sources that are found where none are named, and says
/// nothing meanwhile; else as [`FirmwareSources::build`].
///
/// # Errors
///
/// As [`FirmwareSources::find`] and [`FirmwareSources::build`].
pub fn build(
    board: Board,
    program: &str,
    content: Option<Content<'_>>,
    training: Option<TrainingMemory>,
    profile: FirmwareProfile,
) -> Result<Firmware, BuildError> {
    let sources = FirmwareSources::find(None, CompilerProgress::Hidden)?;
    sources.build(board, program, content, training, profile)
}

impl FirmwareSources {
    /// Builds the firmware that does what a desktop asks of a model of either kind on a board: that
    /// evaluates it, and where memory is to be set aside for it, trains it.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); also if the training does not fit the board.
    pub fn build_server(
        &self,
        board: Board,
        model: &ModelBytes,
        training: Option<TrainingMemory>,
    ) -> Result<Firmware, BuildError> {
        let samples =
            no_samples(model).map_err(|reason| BuildError::Refused(reason.to_string()))?;
        let content = Content {
            model: model.as_slice(),
            samples: &samples,
        };
        let program = match content.is_int8() {
            true => "serve_int8",
            false => "serve",
        };
        let profile = FirmwareProfile::Release;
        self.build(board, program, Some(content), training, profile)
    }

    /// Builds one of the firmware's programs for a board, with the files that are committed unless
    /// others are given. Builds wait for one another.
    ///
    /// # Errors
    ///
    /// If there is no such program for the board, no compiler, or the model does not fit.
    pub fn build(
        &self,
        board: Board,
        program: &str,
        content: Option<Content<'_>>,
        training: Option<TrainingMemory>,
        profile: FirmwareProfile,
    ) -> Result<Firmware, BuildError> {
        if let Some(reason) = boards::lacking(&board, program) {
            return Err(BuildError::NoProgram(reason));
        }
        let output = self.folder().join("target");
        let scratch = within(&output, tempfile::tempdir())?;
        within(&output, fs::create_dir_all(&output))?;
        let lock = output.join("kiln.lock");
        let _lock = within(&lock, File::create(&lock).and_then(hold))?;
        let script = self.folder().join("build.sh");
        let mut command = platform::run_script(&script);
        command
            .args(["build", board.name, "--bin", program])
            .env(PROFILE, profile.name())
            .env_remove("CARGO_TARGET_DIR");
        give(&mut command, &output, content.as_ref())?;
        command.env_remove(TRAINING).env_remove(INT8_TRAINING);
        if let Some(training) = training {
            let variable = match program.ends_with("_int8") {
                true => INT8_TRAINING,
                false => TRAINING,
            };
            command
                .args(["--features", "training"])
                .env(variable, training.to_string());
        }
        compiler::run(&mut command, &script, self.progress())?;
        let built = self.programs(&script, board, profile)?.join(program);
        let path = scratch.path().join(program);
        within(&built, fs::copy(&built, &path))?;
        Ok(Firmware {
            path,
            _folder: scratch,
        })
    }
}

impl FirmwareSources {
    /// Where a build leaves a board's programs: the script knows.
    fn programs(
        &self,
        script: &Path,
        board: Board,
        profile: FirmwareProfile,
    ) -> Result<PathBuf, BuildError> {
        let mut command = platform::run_script(script);
        command
            .args(["folder", board.name])
            .env(PROFILE, profile.name())
            .env_remove("CARGO_TARGET_DIR");
        let output = within(script, command.output())?;
        if !output.status.success() {
            let script = script.display();
            let reason = format!(
                "{script} folder {} does not say where it builds",
                board.name
            );
            return Err(BuildError::Refused(reason));
        }
        let folder = String::from_utf8_lossy(&output.stdout);
        Ok(self.folder().join(folder.trim()))
    }
}

/// Hands the content to a build, at the same places for every one, so that the same content is not built
/// again.
fn give(
    command: &mut Command,
    output: &Path,
    content: Option<&Content<'_>>,
) -> Result<(), BuildError> {
    for variable in [FLOAT, INT8].concat() {
        command.env_remove(variable);
    }
    for (variable, bytes) in content.into_iter().flat_map(Content::files) {
        let path = output.join(variable.to_lowercase());
        within(&path, write_changed(&path, bytes))?;
        command.env(variable, path);
    }
    Ok(())
}

/// The file once nobody else holds it; it is let go of when it is closed.
fn hold(file: File) -> io::Result<File> {
    file.lock()?;
    Ok(file)
}

/// Leaves a file with the same content as it is, so that its date does not change.
fn write_changed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|content| content == bytes) {
        return Ok(());
    }
    fs::write(path, bytes)
}

fn within<T>(path: &Path, result: io::Result<T>) -> Result<T, BuildError> {
    result.map_err(|cause| BuildError::Files {
        path: path.into(),
        cause,
    })
}

/// A samples file of no samples, of the shape that the model takes.
fn no_samples(model: &ModelBytes) -> anyhow::Result<Vec<u8>> {
    let model = AnyModel::open(model)?;
    let parts = SamplesParts {
        shape: model.network().input_shape(),
        labels: &[],
        pixels: &[],
    };
    let mut bytes = vec![0; parts.encoded_len()?];
    parts.write(&mut bytes)?;
    Ok(bytes)
}
