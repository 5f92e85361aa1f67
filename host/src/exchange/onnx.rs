//! ONNX files: a model as a graph that any runtime runs, and graphs as models.
//!
//! What Kiln writes takes raw pixels, 0 to 255 as f32, N x C x H x W, and gives logits. What it
//! reads may be by either of PyTorch's exporters: `order` walks from the output backwards,
//! `importer` reads the nodes on the way into a `draft`, or refuses one by its name, `settle`
//! folds what is left between the layers, and `assemble` makes the network.

mod array;
mod assemble;
mod compute;
mod constants;
mod draft;
mod elementwise;
mod error;
mod evaluate;
mod external;
mod held;
mod importer;
mod input;
mod integers;
mod layers;
mod layout;
mod matrix;
mod message;
mod node;
mod order;
mod pads;
mod parts;
mod reduce;
mod reshape;
mod settle;
mod tensors;
mod view;
mod windows;
mod write;

pub use error::{Fault, OnnxError, TensorFault};
pub use write::{write, write_integers};

use super::{Imported, ImportedInt8, KEY, Metadata};
use constants::Constants;
use importer::Importer;
use message::{Model, Node, TensorMessage};
use node::OnnxOperation;
use order::NodeOrder;
use std::path::Path;

/// Most bytes of a file, enough for 16 million parameters: decoding copies it.
pub const MAX_BYTES: usize = 1 << 26;

/// The first opset in which operators broadcast as they do now.
const FIRST_OPSET: i64 = 7;

/// What an ONNX file holds.
#[derive(Clone, Debug)]
pub enum ImportedGraph {
    /// A network of floating-point numbers.
    Float(Box<Imported>),
    /// One of integers.
    Int8(Box<ImportedInt8>),
}

/// The network of an ONNX file: of integers where any of its nodes makes or takes codes. What of it is
/// in other files is read from the folder, if there is one.
///
/// # Errors
///
/// What is wrong with the file, or the first node that cannot be imported, by its name.
pub fn read(bytes: &[u8], folder: Option<&Path>) -> Result<ImportedGraph, OnnxError> {
    if bytes.len() > MAX_BYTES {
        return Err(OnnxError::TooLarge);
    }
    let mut model = Model::read(bytes)?;
    let found = model.opset();
    if found < FIRST_OPSET {
        return Err(OnnxError::Opset { found });
    }
    if let Some(folder) = folder {
        external::load(&mut model, folder)?;
    }
    Ok(match integers::has_codes(&model) {
        true => ImportedGraph::Int8(Box::new(integers::read(&model)?)),
        false => ImportedGraph::Float(Box::new(read_floats(&model)?)),
    })
}

/// The network and parameters of a graph of floating-point numbers.
fn read_floats(model: &Model) -> Result<Imported, OnnxError> {
    let order = NodeOrder::of(&model.graph)?;
    let mut constants = Constants::of(&model.graph.tensors);
    let told = layout_constants(&model.graph.tensors, &order.nodes);
    let mut importer = Importer::start(&model.graph.inputs, &order.nodes, &told, &model.producer)?;
    for node in &order.nodes {
        let operation = OnnxOperation {
            node,
            constants: &constants,
        };
        let refused = |fault| operation.refused(fault);
        match operation
            .constant(|name| importer.extents(name))
            .map_err(refused)?
        {
            Some(constant) => {
                let added = constants.add(node, constant);
                let node = node::described(node);
                added.map_err(|fault| OnnxError::Node { node, fault })?;
            }
            None => importer.read(&operation).map_err(refused)?,
        }
    }
    let finished = importer.finish(order.output)?;
    let metadata = model.metadata.iter().find(|entry| entry.key == KEY);
    let metadata = metadata.and_then(|entry| Metadata::parse(&entry.value));
    settle::settle(finished, metadata)
}

/// Initializers and constant nodes: what may tell how the input lies, before any node is read.
fn layout_constants<'m>(tensors: &'m [TensorMessage], nodes: &[&'m Node]) -> Constants<'m> {
    let mut constants = Constants::of(tensors);
    for node in nodes.iter().filter(|node| node.operator == "Constant") {
        let operation = OnnxOperation {
            node,
            constants: &constants,
        };
        // What is wrong with one is said when it is read.
        if let Ok(Some(constant)) = operation.constant(|_| None) {
            let _ = constants.add(node, constant);
        }
    }
    constants
}

#[cfg(test)]
mod tests;
