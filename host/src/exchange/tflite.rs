//! Int8 TFLite files as networks of integers that give the same codes.
//!
//! Tables are read where they lie (`flat_table`, `schema`); `importer` keeps the values of the graph and
//! adds layers to the network, operator by operator: those with weights and activations (`layers`),
//! pools and padding (`windows`), and those that only pass codes on (`passing`). What the codes are is
//! TensorFlow Lite's reference kernels' definition,
//! [`Int8Rule::TensorFlowLite`](kiln_core::Int8Rule::TensorFlowLite).

mod constant;
mod error;
mod flat_table;
mod held;
mod importer;
mod layers;
mod names;
mod operation;
mod passing;
mod schema;
mod windows;
mod write;

pub use error::{TfliteError, TfliteFault};
pub use flat_table::TfliteDamage;
pub use write::write;

use super::ImportedInt8;
use importer::TfliteImporter;
use kiln_core::Layer;
use operation::TfliteOperation;
use schema::TfliteGraph;

/// The operator behind the logits of a classifier.
const SOFTMAX: &str = "SOFTMAX";

/// The network and integers of a TFLite file.
///
/// # Errors
///
/// What is wrong with the file, or the first operator that cannot be imported, by its name.
pub fn read(bytes: &[u8]) -> Result<ImportedInt8, TfliteError> {
    let graph = TfliteGraph::read(bytes)?;
    let mut importer = TfliteImporter::start(&graph)?;
    for number in 0..graph.operators.len() {
        let operator = graph.operator(number)?;
        let name = operator.name.clone();
        let operation = TfliteOperation::of(&graph, operator);
        let read = operation.and_then(|operation| apply(&mut importer, &operation));
        read.map_err(|fault| TfliteError::Operator {
            number,
            operator: name,
            fault,
        })?;
    }
    importer.finish()
}

/// Does what the operator does.
fn apply<'a>(
    importer: &mut TfliteImporter<'a>,
    operation: &TfliteOperation<'a>,
) -> Result<(), TfliteFault> {
    match operation.name() {
        "CONV_2D" => importer.convolution(operation),
        "DEPTHWISE_CONV_2D" => importer.depthwise(operation),
        "FULLY_CONNECTED" => importer.fully_connected(operation),
        "ADD" => importer.add(operation),
        "RELU" => importer.activation(operation, Layer::Relu),
        "RELU6" => importer.activation(operation, Layer::Relu6),
        "MAX_POOL_2D" => importer.pool(operation, Layer::MaxPool2d),
        "AVERAGE_POOL_2D" => importer.pool(operation, Layer::AvgPool2d),
        "MEAN" => importer.mean(operation),
        "PAD" => importer.pad(operation),
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" => importer.reshape(operation),
        SOFTMAX => importer.softmax(operation),
        "QUANTIZE" => importer.quantize(operation),
        "DEQUANTIZE" => importer.dequantize(operation),
        _ => Err(TfliteFault::Operator),
    }
}

#[cfg(test)]
mod tests;
