//! A model as an ONNX file: raw pixels in, logits out.

mod additions;
mod averages;
mod integers;
mod options;
mod parts;

pub use integers::{graph as graph_of_integers, write_integers};

use super::message::{Entry, Graph, Model, Opset};
use crate::exchange::pytorch::{
    LayerTensors, Module, ModuleInput, ModuleKind, layer_tensors, modules,
};
use crate::exchange::{KEY, Metadata};
use kiln_core::{Layer, ModelFile, Shape};
use options::{conv_options, int, pool_options};
use parts::{GraphParts, SCALED, value};
use prost::Message;

/// Version of the file's structure, and of the operators: both are read by runtimes since 2021.
const IR_VERSION: i64 = 7;
const OPSET: i64 = 13;

/// Names of input and output.
const INPUT: &str = "pixels";
const OUTPUT: &str = "logits";

/// A model as an ONNX file.
///
/// The input `pixels` is N x C x H x W, numbers from 0 to 255 as f32; the output `logits` is N x
/// classes. Tensors are named as in a `state_dict`.
///
/// # Errors
///
/// None that is known: a model is sound when it is opened.
pub fn write(model: &ModelFile<'_>) -> serde_json::Result<Vec<u8>> {
    let metadata = Metadata::of(model).to_text()?;
    Ok(file(graph(model), vec![(KEY, metadata)]).encode_to_vec())
}

/// A file of this graph.
fn file(graph: Graph, metadata: Vec<(&str, String)>) -> Model {
    let entry = |(key, value): (&str, String)| Entry {
        key: key.into(),
        value,
    };
    Model {
        ir_version: IR_VERSION,
        producer: "Kiln".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph,
        opsets: vec![Opset {
            domain: String::new(),
            version: OPSET,
        }],
        metadata: metadata.into_iter().map(entry).collect(),
    }
}

fn graph(model: &ModelFile<'_>) -> Graph {
    let network = model.network();
    let mut writer = GraphWriter::default();
    let scaling = model.scaling();
    writer.parts.scaling(INPUT, scaling);
    let tensors = layer_tensors(network);
    for module in modules(network) {
        let own = tensors.iter().find(|it| it.prefix == module.name);
        writer.module(&module, own, model.parameters());
    }
    // The last node's value has the name of the output.
    let last = writer.value(ModuleInput::Module(writer.values.len() - 1));
    writer.parts.node("Identity", OUTPUT, &[&last], Vec::new());
    let input = network.input_shape();
    let extents = [input.channels, input.height, input.width].map(i64::from);
    Graph {
        nodes: writer.parts.nodes,
        name: "network".into(),
        tensors: writer.parts.tensors,
        inputs: vec![value(INPUT, &extents)],
        outputs: vec![value(OUTPUT, &[network.classes() as i64])],
    }
}

/// Nodes, each behind those that it reads, and the tensors that they read.
#[derive(Default)]
struct GraphWriter {
    parts: GraphParts,
    /// The name of each module's value.
    values: Vec<String>,
}

impl GraphWriter {
    fn value(&self, source: ModuleInput) -> String {
        match source {
            ModuleInput::Input => SCALED.into(),
            ModuleInput::Module(index) => self.values[index].clone(),
        }
    }

    fn module(&mut self, module: &Module, own: Option<&LayerTensors>, parameters: &[f32]) {
        let inputs: Vec<String> = module.inputs.iter().map(|it| self.value(*it)).collect();
        let mut inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let name = match module.kind {
            ModuleKind::Layer { layer, .. } => format!("{}.{}", module.name, layer.name()),
            _ => format!("{}.reshape", module.name),
        };
        match module.kind {
            ModuleKind::Flatten => self
                .parts
                .node("Flatten", &name, &inputs, vec![int("axis", 1)]),
            ModuleKind::Unflatten { channels } => {
                let shape = format!("{name}.shape");
                self.parts.ints(&shape, &[-1, i64::from(channels), 1, 1]);
                inputs.push(&shape);
                self.parts.node("Reshape", &name, &inputs, Vec::new());
            }
            // ONNX's layers have such padding themselves.
            ModuleKind::Pad { .. } => {
                self.values.push(inputs.concat());
                return;
            }
            ModuleKind::Layer {
                layer,
                input,
                output,
                is_flat,
                ..
            } => {
                let tensors = own.map(|own| self.layer_tensors(own, &layer, is_flat, parameters));
                let tensors = tensors.unwrap_or_default();
                inputs.extend(tensors.iter().map(String::as_str));
                self.layer(&layer, [input, output], &name, &inputs);
            }
        }
        self.values.push(name);
    }

    /// Adds the tensors of a layer; gives their names.
    fn layer_tensors(
        &mut self,
        own: &LayerTensors,
        layer: &Layer,
        is_flat: bool,
        parameters: &[f32],
    ) -> Vec<String> {
        let mut names = Vec::new();
        // The channels of maps are the third axis from the end.
        let beside: &[usize] = match layer {
            Layer::ScaleShift if !is_flat => &[1, 1],
            _ => &[],
        };
        let weight = [own.weight.as_slice(), beside].concat();
        let bias = [&[own.outputs], beside].concat();
        let parts = [
            ("weight", weight, &own.weights),
            ("bias", bias, &own.biases),
        ];
        for (part, shape, range) in parts.into_iter().filter(|(_, _, range)| !range.is_empty()) {
            let name = format!("{}.{part}", own.prefix);
            self.parts.tensor(&name, &shape, &parameters[range.clone()]);
            names.push(name);
        }
        names
    }

    fn layer(&mut self, layer: &Layer, shapes: [Shape; 2], name: &str, inputs: &[&str]) {
        let (operator, options) = match layer {
            Layer::Conv2d(conv) => ("Conv", conv_options(conv)),
            Layer::Relu => ("Relu", Vec::new()),
            Layer::Relu6 => return self.relu6(name, inputs),
            Layer::MaxPool2d(pool) => ("MaxPool", pool_options(pool, shapes)),
            Layer::AvgPool2d(pool) => {
                let mut options = pool_options(pool, shapes);
                options.push(int("count_include_pad", pool.count_include_pad.into()));
                ("AveragePool", options)
            }
            Layer::GlobalAvgPool2d => ("GlobalAveragePool", Vec::new()),
            Layer::Linear(_) => ("Gemm", vec![int("transB", 1)]),
            Layer::Add => ("Add", Vec::new()),
            Layer::ScaleShift => return self.scale_shift(name, inputs),
            Layer::Dropout(_) => ("Identity", Vec::new()),
            // A layer that is new to core shows up in the tests of this module.
            _ => (layer.name(), Vec::new()),
        };
        self.parts.node(operator, name, inputs, options);
    }

    fn relu6(&mut self, name: &str, inputs: &[&str]) {
        let bounds = ["relu6.min", "relu6.max"];
        if !self
            .parts
            .tensors
            .iter()
            .any(|tensor| tensor.name == bounds[0])
        {
            self.parts.tensor(bounds[0], &[], &[0.0]);
            self.parts.tensor(bounds[1], &[], &[6.0]);
        }
        self.parts
            .node("Clip", name, &[inputs, &bounds].concat(), Vec::new());
    }

    /// A product and a sum, each rounded, as Kiln computes them.
    fn scale_shift(&mut self, name: &str, inputs: &[&str]) {
        if let [input, scale, shift] = inputs {
            let product = format!("{name}.product");
            self.parts
                .node("Mul", &product, &[input, scale], Vec::new());
            self.parts.node("Add", name, &[&product, shift], Vec::new());
        }
    }
}
