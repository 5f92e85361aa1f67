//! Builds the firmware that measures a network, and runs it.

use super::log::{PassLog, ProfileLog};
use crate::bench::networks::BenchNetwork;
use crate::boards::{Board, Need, storage_bytes};
use crate::data::Samples;
use crate::emulator::{
    EmulatedProgram, EmulatedProgramError, EmulatedSerial, Emulation, EmulationError,
};
use crate::firmware::{BuildError, Content, FirmwareProfile, FirmwareSources, TrainingMemory};
use crate::memory_limit::MemoryError;
use crate::quantization::FootprintError;
use crate::weights::ModelBytes;
use kiln_core::{
    Loss, ModelError, ModelParts, ModelTask, Program, ProgramError, Purpose, SamplesError,
    SamplesParts, Shape,
};

/// Samples that are measured.
pub(super) const SAMPLES: usize = 2;

/// What a network takes on a board.
#[derive(Clone, Debug)]
pub struct BoardResult {
    /// Inferences; nothing where the network does not fit.
    pub inference: Option<PassLog>,
    /// Training steps in place; nothing where the network does not fit.
    pub training: Option<PassLog>,
    /// What runs for an inference.
    pub inference_program: Program,
    /// What runs for a training step, where one fits.
    pub training_program: Option<Program>,
    /// Why something was not measured.
    pub note: Option<String>,
}

/// Why nothing can be measured on a board.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoardBenchError {
    /// The network cannot be deployed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// No model file can hold it.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No samples file can hold its samples.
    #[error(transparent)]
    Samples(#[from] SamplesError),
    /// There is no memory for its samples.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// No device can run it.
    #[error(transparent)]
    Footprint(#[from] FootprintError),
    /// The firmware cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What was built is no firmware.
    #[error(transparent)]
    Firmware(#[from] EmulatedProgramError),
    /// It cannot be emulated.
    #[error(transparent)]
    Emulation(#[from] EmulationError),
    /// It did not come to its end.
    #[error("the firmware ended with {status}: {last}")]
    Ended {
        /// How.
        status: std::process::ExitStatus,
        /// The last line that it printed.
        last: String,
    },
}

/// What a network needs of a board, and what is missing.
struct Fitting {
    inference: Program,
    training: Option<Program>,
    /// Whether there is memory for an inference.
    fits: bool,
    missing: Option<String>,
}

/// Measures a network with its first parameters and random samples.
///
/// # Errors
///
/// If there is no compiler for the board or no emulator, or the firmware fails. A
/// network that does not fit the board is none: the result says so.
pub fn profile(
    (board, sources): (Board, &FirmwareSources),
    network: &BenchNetwork,
) -> Result<BoardResult, BoardBenchError> {
    if board.emulated.is_none() {
        return Err(EmulationError::NotEmulated(board.name).into());
    }
    let model = model(network)?;
    let samples = samples_file(&network.samples(SAMPLES, 1)?)?;
    let fitting = fitting(&board, network, model.as_slice().len() + samples.len())?;
    let mut result = BoardResult {
        inference: None,
        training: None,
        inference_program: fitting.inference,
        training_program: fitting.training,
        note: fitting.missing,
    };
    if !fitting.fits {
        return Ok(result);
    }
    let content = Content {
        model: model.as_slice(),
        samples: &samples,
    };
    let training = result.training_program.as_ref();
    let memory = training.map(|_| TrainingMemory::default());
    let log = match run((board, sources), "profile", content, memory) {
        Ok(log) => log,
        // The linker knows better than the sums above.
        Err(BoardBenchError::Build(BuildError::Refused(reason))) => {
            result.note = Some(reason);
            return Ok(result);
        }
        Err(error) => return Err(error),
    };
    result.inference = (log.inference.passes > 0).then_some(log.inference);
    result.training = (log.training.passes > 0).then_some(log.training);
    Ok(result)
}

/// Builds one of the firmware's programs, and takes what it prints.
pub(super) fn run(
    (board, sources): (Board, &FirmwareSources),
    program: &str,
    content: Content<'_>,
    memory: Option<TrainingMemory>,
) -> Result<ProfileLog, BoardBenchError> {
    let profile = FirmwareProfile::Release;
    let firmware = sources.build(board, program, Some(content), memory, profile)?;
    let program = EmulatedProgram::read(firmware.path())?;
    let mut emulation = Emulation::start(&program, board, EmulatedSerial::Nowhere)?;
    let (mut log, mut last) = (ProfileLog::default(), String::new());
    let status = emulation.follow(&program, |line| {
        log.line(line);
        last = line.escape_debug().to_string();
        Ok(())
    })?;
    match status.success() {
        true => Ok(log),
        false => Err(BoardBenchError::Ended { status, last }),
    }
}

fn fitting(
    board: &Board,
    network: &BenchNetwork,
    content: usize,
) -> Result<Fitting, BoardBenchError> {
    let inference: Program = Program::try_of(network.folded(), Purpose::Inference)?;
    let needs = |flash, ram| missing_of(Need::of_flash(board, flash), Need::of_ram(board, ram));
    let missing = needs(content, inference.working_bytes(1));
    if missing.is_some() {
        return Ok(Fitting {
            inference,
            training: None,
            fits: false,
            missing: missing.map(|missing| format!("does not fit: {missing}")),
        });
    }
    let purpose = Purpose::Compact(TrainingMemory::default().mode());
    let (training, missing) = match Program::try_of(network.folded(), purpose) {
        _ if network.loss() != Loss::CROSS_ENTROPY => {
            (None, Some("a device trains by cross-entropy alone".into()))
        }
        Err(error) => (None, Some(format!("training: {error}"))),
        Ok(program) => {
            let storage = storage_bytes(program.trained_values());
            match needs(content + storage, program.compact_bytes()) {
                None => (Some(program), None),
                Some(missing) => (None, Some(format!("training does not fit: {missing}"))),
            }
        }
    };
    Ok(Fitting {
        inference,
        training,
        fits: true,
        missing,
    })
}

/// What a board lacks of the memory that is needed, in words.
pub(super) fn missing_of(flash: Need, ram: Need) -> Option<String> {
    let lacks = [flash.missing("flash"), ram.missing("RAM")];
    let lacks: Vec<String> = lacks.into_iter().flatten().collect();
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

fn model(network: &BenchNetwork) -> Result<ModelBytes, ModelError> {
    ModelBytes::encode(&ModelParts {
        task: ModelTask::Classification,
        network: network.folded(),
        scaling: network.scaling(),
        class_names: &[],
        notes: "",
        parameters: network.folded_parameters(),
    })
}

/// The samples file of random samples, which are bytes.
pub(super) fn samples_file(samples: &Samples) -> Result<Vec<u8>, SamplesError> {
    let Ok(bytes) = samples.bytes() else {
        unreachable!("random samples are bytes");
    };
    let [channels, height, width] = [
        samples.shape.channels,
        samples.shape.height,
        samples.shape.width,
    ]
    .map(|own| own as u32);
    let parts = SamplesParts {
        shape: Shape::new(channels, height, width),
        labels: &samples.labels,
        pixels: bytes.pixels(),
    };
    let mut encoded = vec![0; parts.encoded_len()?];
    parts.write(&mut encoded)?;
    Ok(encoded)
}
