//! What a file tells of a network of integers.

use crate::exchange::{Affine, Metadata};
use crate::quantization::QuantizedTables;
use kiln_core::ModelTask;

/// A network of integers as a file tells it.
#[derive(Clone, Debug)]
pub struct ImportedInt8 {
    /// The network with its tables, checked.
    pub tables: QuantizedTables,
    /// The first operator left out behind the last layer: `SOFTMAX`, for example.
    pub left_out: Option<String>,
    /// Whether the file takes numbers, and makes codes of them itself.
    pub takes_numbers: bool,
    /// What the file does to its input before that becomes codes.
    pub input: Option<Affine>,
    /// What Kiln wrote into the file when it made it.
    pub metadata: Option<Metadata>,
    /// What became of the file's parts, a line each, for people to read.
    pub remarks: Vec<String>,
}

impl ImportedInt8 {
    /// What its output means, where Kiln noted nothing: as many values as come in, and no softmax
    /// behind them, are an autoencoder's.
    pub fn task(&self) -> ModelTask {
        if let Some(metadata) = &self.metadata {
            return metadata.task;
        }
        let network = &self.tables.network;
        let is_input = network.classes() == network.input_shape().elements();
        let left_out = self.left_out.as_deref().unwrap_or_default();
        match is_input && !left_out.to_ascii_uppercase().contains("SOFTMAX") {
            true => ModelTask::Reconstruction,
            false => ModelTask::Classification,
        }
    }
}
