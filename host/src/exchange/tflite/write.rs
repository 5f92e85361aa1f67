//! A network of integers as a TFLite file, its codes in and its codes out.
//!
//! Maps are 1 x rows x columns x channels, what linear layers give 1 x values. An activation that alone
//! reads a layer is within that layer's operator. Padding that is neither SAME nor VALID is a PAD in
//! front of it. TensorFlow Lite's arithmetic is its own: convolutions and additions round twice.

pub(super) mod flatbuffer;
mod layers;
mod windows;

use super::layers::limits;
use crate::exchange::integers::{IntegerNode, WriteFault, WriteIntegersError, integer_nodes};
use crate::exchange::{KEY, Metadata, WrittenIntegers};
use flatbuffer::{WrittenGraph, WrittenTensor};
use kiln_core::{Int8ModelFile, Int8Rule, Layer, Quantization, QuantizedNetwork};
use layers::{NONE_BEHIND, RELU, RELU_BEHIND, RELU6, RELU6_BEHIND, maps};
use std::collections::HashMap;

/// A model of integers as a TFLite file.
///
/// # Errors
///
/// The first layer that no operator computes.
pub fn write(model: &Int8ModelFile<'_>) -> Result<WrittenIntegers, WriteIntegersError> {
    let quantized = model.quantized();
    let mut writer = TfliteWriter::start(&quantized);
    let nodes = integer_nodes(&quantized);
    for node in &nodes {
        writer
            .node(node, &nodes)
            .map_err(|fault| node.refused(fault))?;
    }
    let metadata = Metadata::of_integers(model).to_text()?;
    let remarks = remarks(&quantized, &nodes, writer.remarks);
    let graph = WrittenGraph {
        output: writer.values.last().copied().unwrap_or_default(),
        metadata: vec![(KEY, metadata)],
        ..writer.graph
    };
    Ok(WrittenIntegers {
        bytes: graph.bytes(),
        remarks,
    })
}

/// What LiteRT computes otherwise.
fn remarks(
    quantized: &QuantizedNetwork<'_>,
    nodes: &[IntegerNode<'_>],
    mut remarks: Vec<String>,
) -> Vec<String> {
    if quantized.rule() == Int8Rule::Once {
        remarks.push(
            "TensorFlow Lite rounds the sums of convolutions and additions twice, the model once: now \
             and then a code is a neighbour of the model's"
                .into(),
        );
    }
    let is_narrow = |node: &IntegerNode<'_>| {
        let is_activation = matches!(node.layer, Layer::Relu | Layer::Relu6);
        !is_activation && node.activation.is_none() && node.quantization.low > i8::MIN
    };
    if nodes.iter().any(is_narrow) {
        remarks.push("codes may be -128 there, where the model stops at -127".into());
    }
    for node in nodes {
        let Quantization { low, high, .. } = node.quantization;
        if let Some(own) = limits(node.layer, &node.quantization)
            && (own.low.max(-127), own.high) != (low.max(-127), high)
        {
            remarks.push(format!(
                "layer {} ({}) keeps codes from {} to {} there, from {low} to {high} in the model",
                node.number,
                node.layer.name(),
                own.low,
                own.high
            ));
        }
    }
    remarks
}

/// What is written so far.
struct TfliteWriter {
    graph: WrittenGraph,
    /// The tensor of each value.
    values: Vec<usize>,
    /// The tensor of each activation that is within an operator before it, by the node's number.
    fused: HashMap<usize, usize>,
    remarks: Vec<String>,
}

impl TfliteWriter {
    fn start(quantized: &QuantizedNetwork<'_>) -> Self {
        let shape = quantized.network().input_shape();
        let mut writer = Self {
            graph: WrittenGraph::default(),
            values: Vec::new(),
            fused: HashMap::new(),
            remarks: Vec::new(),
        };
        let dims = match shape.map_elements() {
            1 => vec![1, shape.elements()],
            _ => maps(shape),
        };
        let input = WrittenTensor::codes("input".into(), dims, &quantized.values()[0]);
        let input = writer.tensor(input);
        writer.values.push(input);
        writer
    }

    /// Writes a node, and the activation behind it where both are one operator.
    fn node(&mut self, node: &IntegerNode<'_>, all: &[IntegerNode<'_>]) -> Result<(), WriteFault> {
        if let Some(given) = self.fused.remove(&node.number) {
            self.values.push(given);
            return Ok(());
        }
        let behind = node.activation.map(|index| &all[index]);
        let behind = behind.filter(|_| has_activations(node.layer));
        let fused = match behind.map(|node| node.layer) {
            Some(Layer::Relu) => RELU_BEHIND,
            Some(Layer::Relu6) => RELU6_BEHIND,
            _ => NONE_BEHIND,
        };
        let given = match node.layer {
            Layer::Conv2d(conv) => self.convolution(node, &conv, fused)?,
            Layer::Linear(_) => self.linear(node, fused)?,
            Layer::Add => self.addition(node, fused),
            Layer::Relu => self.activation(node, RELU),
            Layer::Relu6 => self.activation(node, RELU6),
            Layer::MaxPool2d(pool) => self.max_pool(node, &pool, fused)?,
            Layer::AvgPool2d(pool) => self.average_pool(node, &pool, fused)?,
            Layer::GlobalAvgPool2d => self.mean(node),
            _ => return Err(WriteFault::Layer),
        };
        if let Some(behind) = behind {
            self.fused.insert(behind.number, given);
        }
        self.values.push(given);
        Ok(())
    }
}

/// Whether the operator of a layer may have an activation in it.
fn has_activations(layer: Layer) -> bool {
    !matches!(layer, Layer::Relu | Layer::Relu6 | Layer::GlobalAvgPool2d)
}
