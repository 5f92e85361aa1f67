//! What is trained of a network, as Rust.

use crate::error::GenerateError;
use crate::module::{check_memory, program};
use crate::options::{ModuleOptions, ModuleTraining, TrainedLayers};
use kiln_core::{Network, Program, Purpose, TrainingMemory};

/// The mode of a training: an expression of type `kiln_core::CompactMode`.
pub fn mode(memory: &TrainingMemory) -> String {
    let TrainingMemory {
        from,
        biases_only,
        batch,
        momentum,
    } = memory;
    format!(
        "kiln_core::TrainingMemory {{ from: {from}, biases_only: {biases_only}, batch: {batch}, \
         momentum: {momentum} }}.mode()"
    )
}

/// A trainer of a network, and where its input and its first parameters come from, as Rust.
pub(crate) struct TrainerParts<'a> {
    /// The network that learns.
    pub network: &'a Network,
    /// Its name in the module.
    pub name: &'a str,
    /// What of it.
    pub memory: TrainingMemory,
    /// What its input is made by: a type.
    pub source: &'a str,
    /// Bytes that this takes.
    pub source_bytes: usize,
    /// All parameters where they are read: an expression.
    pub parameters: &'a str,
    /// What sets the `trained` parameters: a block.
    pub start: &'a str,
    /// CRC-32 that ends the model file.
    pub file_crc: u32,
}

impl TrainerParts<'_> {
    /// The module's items for it.
    pub fn items(&self, options: &ModuleOptions<'_>) -> Result<String, GenerateError> {
        let purpose = Purpose::Compact(self.memory.mode());
        let program = program(options, self.network, purpose)?;
        self.check(options, &program)?;
        let frozen = match program.frozen_values() {
            0 => "&[]",
            _ => self.parameters,
        };
        Ok(TEMPLATE
            .replace("{type}", "Learner")
            .replace("{network}", self.name)
            .replace("{mode}", &mode(&self.memory))
            .replace("{steps}", &program.steps().len().to_string())
            .replace("{source}", self.source)
            .replace("{trained}", &program.trained_values().to_string())
            .replace("{gradient}", &program.gradient_values().to_string())
            .replace("{velocity}", &program.velocity_values().to_string())
            .replace("{arena}", &program.arena_packets().to_string())
            .replace("{winners}", &program.winner_bytes().to_string())
            .replace("{in_place}", &(!self.memory.batch).to_string())
            .replace("{file_crc}", &self.file_crc.to_string())
            .replace("{frozen}", frozen)
            .replace("{start}", self.start))
    }

    fn check(&self, options: &ModuleOptions<'_>, program: &Program) -> Result<(), GenerateError> {
        let bytes = |values| size_of::<f32>() * values;
        let parts = [
            ("trained parameters", bytes(program.trained_values())),
            ("their gradient", bytes(program.gradient_values())),
            ("its velocity", bytes(program.velocity_values())),
            (
                "the trainer's arena",
                bytes(program.arena_packets()) + program.winner_bytes(),
            ),
            ("the trunk's arena", self.source_bytes),
        ];
        check_memory(options, "RAM", &parts)
    }
}

/// What is trained, as the layers of the network are counted.
pub(crate) fn memory(
    options: &ModuleOptions<'_>,
    network: &Network,
    training: &ModuleTraining,
) -> Result<TrainingMemory, GenerateError> {
    let from = match training.layers {
        TrainedLayers::All => 1,
        TrainedLayers::From(layer) => layer,
        TrainedLayers::Last(asked) => {
            let layers = 0..network.layers().len();
            let trainable: Vec<usize> = layers
                .filter(|index| network.layer_cost(*index).parameters > 0)
                .collect();
            let found = trainable.len();
            match found.checked_sub(asked) {
                Some(first) if asked > 0 => trainable[first] + 1,
                _ => {
                    return Err(GenerateError::LastLayers {
                        path: options.path.into(),
                        asked,
                        found,
                    });
                }
            }
        }
    };
    Ok(TrainingMemory {
        from,
        biases_only: training.biases_only,
        batch: training.batch,
        momentum: training.momentum,
    })
}

/// The module's items, with places in braces for what differs.
const TEMPLATE: &str = r"
/// The program of the training, with the kernels of what learns alone.
pub static TRAINING: kiln_core::LinkedTraining<{steps}> =
    kiln_core::LinkedTraining::of(&{network}, {mode});

/// What learns, as the trainer knows it.
#[derive(Clone, Copy, Debug)]
pub struct {type};

impl ::kiln::TrainedPart<{steps}> for Learner {
    type Source = {source};
    type Trained = [f32; {trained}];
    type Gradient = [f32; {gradient}];
    type Velocity = [f32; {velocity}];
    type TrainingArena = [f32; {arena}];
    type Winners = [u8; {winners}];
    const FILE_CRC: u32 = {file_crc};
    const IN_PLACE: bool = {in_place};
    fn training() -> &'static kiln_core::LinkedTraining<{steps}> {
        &TRAINING
    }
    fn frozen() -> &'static [f32] {
        {frozen}
    }
    fn start(trained: &mut [f32]) -> Result<(), ::kiln::DeviceError> {
        {start}
    }
}

/// Learns, and classifies by what it has learned.
pub type Trainer = ::kiln::ModelTrainer<Learner, {steps}>;
";
