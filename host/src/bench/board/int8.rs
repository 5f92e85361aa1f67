//! What a network of integers takes on a board.

use super::log::PassLog;
use super::profile::{BoardBenchError, SAMPLES, missing_of, run, samples_file};
use super::report::{BoardNetwork, inferred};
use crate::bench::BenchModel;
use crate::bench::networks::random_samples;
use crate::boards::{self, Board, Need};
use crate::emulator::EmulationError;
use crate::firmware::{BuildError, Content, FirmwareSources};
use crate::quantization::Int8Footprint;
use kiln_core::{Program, Purpose};

/// Measures an inference by a model of integers on random samples. Its weights are its own: what of them
/// the processor's loops can take depends on their numbers.
///
/// # Errors
///
/// As [`profile`](super::profile()). A network that does not fit the board is none: the result says so.
pub fn profile_int8(
    (board, sources): (Board, &FirmwareSources),
    subject: &BenchModel,
) -> Result<BoardNetwork, BoardBenchError> {
    if board.emulated.is_none() {
        return Err(EmulationError::NotEmulated(board.name).into());
    }
    let model = subject.open()?;
    let (network, quantized) = (model.network(), model.quantized());
    let samples = samples_file(&random_samples(network, SAMPLES, 1)?)?;
    let footprint = Int8Footprint::of(&quantized, model.scaling(), boards::int8_target(&board))?;
    let mut result = BoardNetwork {
        network: subject.name().into(),
        inference: None,
        training: None,
        note: None,
    };
    let flash = Need::of_int8_flash(&board, footprint.flash + samples.len());
    if let Some(missing) = missing_of(flash, Need::of_ram(&board, footprint.arena)) {
        result.note = Some(format!("does not fit: {missing}"));
        return Ok(result);
    }
    let content = Content {
        model: subject.bytes().as_slice(),
        samples: &samples,
    };
    let log: PassLog = match run((board, sources), "profile_int8", content, None) {
        Ok(log) => log.inference.mean(),
        // The linker knows better than the sums above.
        Err(BoardBenchError::Build(BuildError::Refused(reason))) => {
            result.note = Some(reason);
            return Ok(result);
        }
        Err(error) => return Err(error),
    };
    let program: Program = Program::try_of(network, Purpose::Int8(quantized.rule()))?;
    result.inference = Some(inferred(network, &program, &log));
    Ok(result)
}
