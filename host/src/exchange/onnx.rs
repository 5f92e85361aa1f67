//! ONNX files: a model as a graph that any runtime runs, and graphs of layers one behind another
//! as models.
//!
//! What Kiln writes takes raw pixels, 0 to 255 as f32, N x C x H x W, and gives logits. What it
//! reads may be by either of PyTorch's exporters: `chain` follows the one path from the input to
//! the output, and refuses everything else by the node's name.

mod chain;
mod constants;
mod elementwise;
mod error;
mod layers;
mod message;
mod node;
mod reshape;
mod write;

pub use error::{Fault, OnnxError, TensorFault};
pub use write::write;

use super::{Imported, KEY, Metadata};
use chain::Chain;
use constants::Constants;
use message::Model;
use node::OnnxOperation;

/// Most bytes of a file, enough for 16 million parameters: decoding copies it, and a message takes up to
/// 75 times the memory of its bytes.
pub const MAX_BYTES: usize = 1 << 26;

/// The first opset in which operators broadcast as they do now.
const FIRST_OPSET: i64 = 7;

/// The network and parameters of an ONNX file.
///
/// # Errors
///
/// What is wrong with the file, or the first node that cannot be imported, by its name.
pub fn read(bytes: &[u8]) -> Result<Imported, OnnxError> {
    if bytes.len() > MAX_BYTES {
        return Err(OnnxError::TooLarge);
    }
    let model = Model::read(bytes)?;
    let found = model.opset();
    if found < FIRST_OPSET {
        return Err(OnnxError::Opset { found });
    }
    let graph = &model.graph;
    let mut constants = Constants::of(&graph.tensors);
    let mut chain = Chain::start(&graph.inputs, &constants)?;
    for node in &graph.nodes {
        let operation = OnnxOperation {
            node,
            constants: &constants,
        };
        let constant = operation.constant(chain.dims());
        if let Some(constant) = constant.map_err(|fault| operation.refused(fault))? {
            constants.add(node, constant);
            continue;
        }
        let added = chain.add(&operation);
        added.map_err(|fault| operation.refused(fault))?;
    }
    let metadata = model.metadata.iter().find(|entry| entry.key == KEY);
    let metadata = metadata.and_then(|entry| Metadata::parse(&entry.value));
    chain.finish(&graph.outputs, metadata)
}

#[cfg(test)]
mod tests;
