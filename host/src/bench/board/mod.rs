//! What a network takes on an emulated board, in instructions.

mod int8;
mod log;
mod profile;
mod report;

pub use int8::profile_int8;
pub use log::{PassLog, ProfileLog};
pub use profile::{BoardBenchError, BoardResult, profile};
pub use report::{BoardInference, BoardLayer, BoardNetwork, BoardTraining, TrainedBoardLayer};
