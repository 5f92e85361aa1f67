//! Classifies the samples in flash, and reports what it took.

use crate::board::{self, Board};
use crate::tally::{Classifier, TallyFailure, classify};
use crate::{memory, model};
use kiln_core::{BufferError, ModelError, SamplesError, Scaling, ScalingError, pack_pixels};

/// Why the samples could not be classified.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// The model in flash is not as it was built.
    Model(ModelError),
    /// The samples in flash are not as they were built.
    Samples(SamplesError),
    /// The scaling is impossible.
    Scaling(ScalingError),
    /// The network failed.
    Tally(TallyFailure),
}

/// The model in flash, in its arena.
struct FlashClassifier<'a> {
    parameters: &'static [f32],
    scaling: &'a Scaling,
    arena: &'a mut [f32],
}

/// Classifies all samples in flash and prints the report.
///
/// # Errors
///
/// A model or samples that are not as they were built, or results that are not the desktop's.
pub fn run(board: &mut Board) -> Result<(), Failure> {
    defmt::println!("board      {=str}", board::NAME);
    let parameters = model::parameters().map_err(Failure::Model)?;
    let samples = model::samples().map_err(Failure::Samples)?;
    let scaling = model::scaling().map_err(Failure::Scaling)?;
    defmt::println!("network    {=istr}", model::description());
    let mut classifier = FlashClassifier {
        parameters,
        scaling: &scaling,
        arena: &mut memory::take().values[..model::ARENA_VALUES],
    };
    let arena = size_of::<f32>() * model::ARENA_VALUES;
    classify(board, &samples, &mut classifier, arena, model::EXPECTED_CRC).map_err(Failure::Tally)
}

impl Classifier for FlashClassifier<'_> {
    type Value = f32;

    fn infer(&mut self, board: &mut Board, image: &[u8]) -> Result<(&[f32], u32), BufferError> {
        let (scaling, parameters) = (self.scaling, self.parameters);
        let arena = &mut *self.arena;
        let fill = |input: &mut [f32]| pack_pixels(scaling, &[image], input);
        let (logits, ticks) = board.time(|| model::INFERENCE.infer(parameters, arena, fill));
        Ok((logits?, ticks))
    }
}

impl Failure {
    /// Prints the failure in one line.
    pub fn report(self) {
        match self {
            Self::Model(ModelError::Checksum) => defmt::println!(
                "error: the model in flash is damaged (its checksum differs); flash it again"
            ),
            Self::Model(_) => {
                defmt::println!("error: the model in flash is damaged; flash it again");
            }
            Self::Samples(_) => {
                defmt::println!("error: the samples in flash are damaged; flash them again");
            }
            Self::Scaling(_) => {
                defmt::println!("error: model and program do not fit; build the firmware again");
            }
            Self::Tally(failure) => failure.report(),
        }
    }
}
