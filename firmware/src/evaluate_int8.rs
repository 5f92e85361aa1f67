//! Classifies the samples in flash by the int8 model, and reports what it took.

use crate::board::{self, Board};
use crate::int8_model;
use crate::tally::{Classifier, TallyFailure, classify};
use kiln_core::{ArrangedNetwork, BufferError, SamplesError};

/// Why the samples could not be classified.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The memory has been taken before.
    Memory,
    /// The network failed.
    Tally(TallyFailure),
}

/// The int8 model in flash, in its arena.
struct Int8FlashClassifier {
    network: ArrangedNetwork<'static>,
    arena: &'static mut [i8],
}

/// Classifies all samples in flash and prints the report.
///
/// # Errors
///
/// Samples that are not as they were built, or results that are not the desktop's.
pub fn run(board: &mut Board) -> Result<(), Failure> {
    defmt::println!("board      {=str}", board::NAME);
    defmt::println!("network    int8, {=istr}", int8_model::description());
    let samples = int8_model::samples().map_err(Failure::Samples)?;
    let mut classifier = Int8FlashClassifier {
        network: int8_model::network(),
        arena: int8_model::arena().ok_or(Failure::Memory)?,
    };
    let expected = int8_model::EXPECTED_CRC;
    let arena = int8_model::ARENA_BYTES;
    classify(board, &samples, &mut classifier, arena, expected).map_err(Failure::Tally)
}

impl Classifier for Int8FlashClassifier {
    type Value = i8;

    /// What it takes is counted from the codes of the input on.
    fn infer(&mut self, board: &mut Board, image: &[u8]) -> Result<(&[i8], u32), BufferError> {
        let arena = &mut *self.arena;
        int8_model::fill(image, &mut arena[int8_model::INFERENCE.input_codes()]);
        let network = &self.network;
        let (codes, ticks) =
            board.time(|| int8_model::INFERENCE.infer_arranged(network, arena, |_| ()));
        Ok((codes?, ticks))
    }
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            Self::Memory => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Tally(failure) => failure.report(),
        }
    }
}
