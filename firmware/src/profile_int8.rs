//! Tells what inference by the int8 model takes on the samples in flash, step by step.
//!
//! Each sample runs twice: as ever, which gives `whole`, from the codes of the input on, and with
//! somebody looking, as [`profile`](crate::profile) has it.

use crate::board::{self, Board};
use crate::int8_model::{self, INFERENCE};
use crate::profile::Told;
use kiln_core::{BufferError, SamplesError};

/// Why nothing can be told.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The memory has been taken before.
    Memory,
    /// A buffer does not fit the program.
    Buffer(BufferError),
    /// The stack was too short, and what lies behind it was written over.
    Overflowed,
}

/// Runs all samples in flash and prints.
///
/// # Errors
///
/// Samples that are not as they were built.
pub fn run(mut board: Board) -> Result<(), Failure> {
    let samples = int8_model::samples().map_err(Failure::Samples)?;
    let arena = int8_model::arena().ok_or(Failure::Memory)?;
    let network = int8_model::network();
    for (_, image) in samples.samples() {
        let input = INFERENCE.input_codes();
        let (_, packing) = board.time(|| int8_model::fill(image, &mut arena[input.clone()]));
        let (done, ticks) = board.time(|| INFERENCE.infer_arranged(&network, arena, |_| ()).err());
        done.map_or(Ok(()), Err).map_err(Failure::Buffer)?;
        int8_model::fill(image, &mut arena[input]);
        let mut told = Told::new(&mut board, defmt::intern!("inference"));
        told.piece(defmt::intern!("whole"), ticks);
        told.piece(defmt::intern!("input"), packing);
        told.restart();
        INFERENCE
            .infer_arranged_observed(&network, arena, |_| (), &mut told)
            .map_err(Failure::Buffer)?;
    }
    match board::stack_has_overflowed() {
        true => Err(Failure::Overflowed),
        false => Ok(()),
    }
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            Self::Memory | Self::Buffer(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Overflowed => defmt::println!(
                "error: the stack overflowed; nothing that was computed can be believed"
            ),
        }
    }
}
