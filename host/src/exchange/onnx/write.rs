//! A model as an ONNX file: raw pixels in, logits out.

use super::wire::Message;
use crate::exchange::{KEY, LayerTensors, Metadata, Module, ModuleKind, layer_tensors, modules};
use kiln::{Conv2d, Layer, ModelFile, Pool2d, Shape};

/// Version of the file's structure, and of the operators: both are read by runtimes since 2021.
const IR_VERSION: u64 = 7;
const OPSET: u64 = 13;

/// ONNX's numbers for kinds of tensors.
const F32: u64 = 1;
const I64: u64 = 7;
/// ONNX's numbers for kinds of attributes.
const INT: u64 = 2;
const INTS: u64 = 7;

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
    let graph = Graph::of(model);
    let mut file = Message::default();
    file.number(1, IR_VERSION);
    file.bytes(2, "Kiln");
    file.bytes(3, env!("CARGO_PKG_VERSION"));
    file.message(7, &graph.finish(model));
    let mut opset = Message::default();
    opset.bytes(1, "");
    opset.number(2, OPSET);
    file.message(8, &opset);
    let mut entry = Message::default();
    entry.bytes(1, KEY);
    entry.bytes(2, Metadata::of(model).to_text()?);
    file.message(14, &entry);
    Ok(file.into_bytes())
}

/// A graph that grows node by node.
struct Graph {
    message: Message,
    /// The value behind the last node.
    value: String,
}

impl Graph {
    fn of(model: &ModelFile<'_>) -> Self {
        let mut graph = Self {
            message: Message::default(),
            value: INPUT.into(),
        };
        let scaling = model.scaling();
        let shape = [scaling.channels(), 1, 1];
        graph.tensor("scale", &shape, scaling.scale());
        graph.tensor("shift", &shape, scaling.shift());
        graph.node("Mul", "scaled", &["scale"], &[]);
        graph.node("Add", "shifted", &["shift"], &[]);
        let tensors = layer_tensors(model.network());
        for module in modules(model.network()) {
            let own = tensors
                .iter()
                .find(|it| it.prefix == module.index.to_string());
            graph.module(&module, own, model.parameters());
        }
        graph
    }

    fn module(&mut self, module: &Module, own: Option<&LayerTensors>, parameters: &[f32]) {
        let inputs = own.map(|layer| {
            let [weight, bias] = ["weight", "bias"].map(|it| format!("{}.{it}", layer.prefix));
            self.tensor(&weight, &layer.weight, &parameters[layer.weights.clone()]);
            self.tensor(&bias, &[layer.outputs], &parameters[layer.biases.clone()]);
            [weight, bias]
        });
        let inputs = inputs.iter().flatten().map(String::as_str);
        let inputs: Vec<&str> = inputs.collect();
        let name = match module.kind {
            ModuleKind::Layer { layer, .. } => format!("{}.{}", module.index, layer.name()),
            _ => format!("{}.reshape", module.index),
        };
        match module.kind {
            ModuleKind::Flatten => self.node("Flatten", &name, &[], &[int("axis", 1)]),
            ModuleKind::Unflatten { channels } => {
                let shape = format!("{name}.shape");
                self.ints(&shape, &[-1, i64::from(channels), 1, 1]);
                self.node("Reshape", &name, &[&shape], &[]);
            }
            ModuleKind::Layer { layer, .. } => match layer {
                Layer::Conv2d(conv) => self.node("Conv", &name, &inputs, &conv_options(&conv)),
                Layer::Relu => self.node("Relu", &name, &[], &[]),
                Layer::MaxPool2d(pool) => self.node("MaxPool", &name, &[], &pool_options(&pool)),
                Layer::AvgPool2d(pool) => {
                    self.node("AveragePool", &name, &[], &pool_options(&pool));
                }
                Layer::GlobalAvgPool2d => self.node("GlobalAveragePool", &name, &[], &[]),
                Layer::Linear(_) => self.node("Gemm", &name, &inputs, &[int("transB", 1)]),
                // A layer that is new to core shows up in the tests of this module.
                _ => self.node(layer.name(), &name, &inputs, &[]),
            },
        }
    }

    /// Adds a node that takes the value before it, and becomes the value.
    fn node(&mut self, operator: &str, name: &str, constants: &[&str], attributes: &[Message]) {
        let mut node = Message::default();
        node.bytes(1, &self.value);
        constants
            .iter()
            .for_each(|constant| node.bytes(1, constant));
        node.bytes(2, name);
        node.bytes(3, name);
        node.bytes(4, operator);
        attributes
            .iter()
            .for_each(|attribute| node.message(5, attribute));
        self.message.message(1, &node);
        self.value = name.into();
    }

    fn tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.raw_tensor(name, F32, shape, &raw);
    }

    fn ints(&mut self, name: &str, values: &[i64]) {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.raw_tensor(name, I64, &[values.len()], &raw);
    }

    fn raw_tensor(&mut self, name: &str, kind: u64, shape: &[usize], raw: &[u8]) {
        let mut tensor = Message::default();
        shape
            .iter()
            .for_each(|&extent| tensor.number(1, extent as u64));
        tensor.number(2, kind);
        tensor.bytes(8, name);
        tensor.bytes(9, raw);
        self.message.message(5, &tensor);
    }

    /// The graph with its name, input and output.
    fn finish(mut self, model: &ModelFile<'_>) -> Message {
        let network = model.network();
        let Shape {
            channels,
            height,
            width,
        } = network.input_shape();
        // The last node's value has the name of the output.
        let mut last = Message::default();
        last.bytes(1, &self.value);
        last.bytes(2, OUTPUT);
        last.bytes(3, OUTPUT);
        last.bytes(4, "Identity");
        self.message.message(1, &last);
        self.message.bytes(2, "network");
        let extents = [channels, height, width].map(u64::from);
        self.message.message(11, &value(INPUT, &extents));
        self.message
            .message(12, &value(OUTPUT, &[network.classes() as u64]));
        self.message
    }
}

/// An f32 value of any number of images.
fn value(name: &str, extents: &[u64]) -> Message {
    let mut shape = Message::default();
    let mut batch = Message::default();
    batch.bytes(2, "batch");
    shape.message(1, &batch);
    for &extent in extents {
        let mut dimension = Message::default();
        dimension.number(1, extent);
        shape.message(1, &dimension);
    }
    let mut tensor = Message::default();
    tensor.number(1, F32);
    tensor.message(2, &shape);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut value = Message::default();
    value.bytes(1, name);
    value.message(2, &kind);
    value
}

fn conv_options(conv: &Conv2d) -> [Message; 4] {
    let [rows, columns] = conv.padding;
    [
        ints("kernel_shape", &conv.kernel),
        ints("strides", &conv.stride),
        ints("pads", &[rows, columns, rows, columns]),
        int("group", conv.groups.into()),
    ]
}

fn pool_options(pool: &Pool2d) -> [Message; 2] {
    [
        ints("kernel_shape", &pool.window),
        ints("strides", &pool.stride),
    ]
}

fn int(name: &str, value: u64) -> Message {
    let mut attribute = Message::default();
    attribute.bytes(1, name);
    attribute.number(3, value);
    attribute.number(20, INT);
    attribute
}

fn ints(name: &str, values: &[u16]) -> Message {
    let mut attribute = Message::default();
    attribute.bytes(1, name);
    values
        .iter()
        .for_each(|&value| attribute.number(8, value.into()));
    attribute.number(20, INTS);
    attribute
}
