//! A model as an ONNX file: raw pixels in, logits out.

use super::message::{
    Attribute, Dimension, Entry, F32, Graph, I64, INT, INTS, Model, Node, Opset, TensorMessage,
    TensorShape, TensorType, Type, Value,
};
use crate::exchange::{KEY, LayerTensors, Metadata, Module, ModuleKind, layer_tensors, modules};
use kiln_core::{Conv2d, Layer, ModelFile, Padding, Pool2d};
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
    let file = Model {
        ir_version: IR_VERSION,
        producer: "Kiln".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: graph(model),
        opsets: vec![Opset {
            domain: String::new(),
            version: OPSET,
        }],
        metadata: vec![Entry {
            key: KEY.into(),
            value: Metadata::of(model).to_text()?,
        }],
    };
    Ok(file.encode_to_vec())
}

fn graph(model: &ModelFile<'_>) -> Graph {
    let network = model.network();
    let mut chain = ChainWriter {
        nodes: Vec::new(),
        tensors: Vec::new(),
        value: INPUT.into(),
    };
    let scaling = model.scaling();
    // One number for all channels where they are scaled alike.
    let shape = [scaling.scale().len(), 1, 1];
    chain.tensor("scale", &shape, scaling.scale());
    chain.tensor("shift", &shape, scaling.shift());
    chain.node("Mul", "scaled", &["scale"], Vec::new());
    chain.node("Add", "shifted", &["shift"], Vec::new());
    let tensors = layer_tensors(network);
    for module in modules(network) {
        let own = tensors
            .iter()
            .find(|it| it.prefix == module.index.to_string());
        chain.module(&module, own, model.parameters());
    }
    // The last node's value has the name of the output.
    chain.node("Identity", OUTPUT, &[], Vec::new());
    let input = network.input_shape();
    let extents = [input.channels, input.height, input.width].map(i64::from);
    Graph {
        nodes: chain.nodes,
        name: "network".into(),
        tensors: chain.tensors,
        inputs: vec![value(INPUT, &extents)],
        outputs: vec![value(OUTPUT, &[network.classes() as i64])],
    }
}

/// Nodes one behind another, and the tensors that they read.
struct ChainWriter {
    nodes: Vec<Node>,
    tensors: Vec<TensorMessage>,
    /// The value behind the last node.
    value: String,
}

impl ChainWriter {
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
            ModuleKind::Flatten => self.node("Flatten", &name, &[], vec![int("axis", 1)]),
            ModuleKind::Unflatten { channels } => {
                let shape = format!("{name}.shape");
                self.ints(&shape, &[-1, i64::from(channels), 1, 1]);
                self.node("Reshape", &name, &[&shape], Vec::new());
            }
            ModuleKind::Layer { layer, .. } => match layer {
                Layer::Conv2d(conv) => self.node("Conv", &name, &inputs, conv_options(&conv)),
                Layer::Relu => self.node("Relu", &name, &[], Vec::new()),
                Layer::MaxPool2d(pool) => self.node("MaxPool", &name, &[], pool_options(&pool)),
                Layer::AvgPool2d(pool) => {
                    self.node("AveragePool", &name, &[], pool_options(&pool));
                }
                Layer::GlobalAvgPool2d => self.node("GlobalAveragePool", &name, &[], Vec::new()),
                Layer::Linear(_) => self.node("Gemm", &name, &inputs, vec![int("transB", 1)]),
                // A layer that is new to core shows up in the tests of this module.
                _ => self.node(layer.name(), &name, &inputs, Vec::new()),
            },
        }
    }

    /// Adds a node that takes the value before it, and becomes the value.
    fn node(&mut self, operator: &str, name: &str, constants: &[&str], attributes: Vec<Attribute>) {
        let before = std::mem::replace(&mut self.value, name.into());
        let constants = constants.iter().copied().map(String::from);
        self.nodes.push(Node {
            inputs: std::iter::once(before).chain(constants).collect(),
            outputs: vec![name.into()],
            name: name.into(),
            operator: operator.into(),
            attributes,
            domain: String::new(),
        });
    }

    fn tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes());
        self.raw_tensor(name, F32, shape, raw.collect());
    }

    fn ints(&mut self, name: &str, values: &[i64]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes());
        self.raw_tensor(name, I64, &[values.len()], raw.collect());
    }

    fn raw_tensor(&mut self, name: &str, kind: i32, shape: &[usize], raw: Vec<u8>) {
        self.tensors.push(TensorMessage {
            dims: shape.iter().map(|&extent| extent as i64).collect(),
            kind,
            name: name.into(),
            raw: Some(raw),
            ..TensorMessage::default()
        });
    }
}

/// An f32 value of any number of images.
fn value(name: &str, extents: &[i64]) -> Value {
    let batch = Dimension {
        extent: None,
        name: "batch".into(),
    };
    let extents = extents.iter().map(|&extent| Dimension {
        extent: Some(extent),
        name: String::new(),
    });
    let tensor = TensorType {
        kind: F32,
        shape: TensorShape {
            dims: std::iter::once(batch).chain(extents).collect(),
        },
    };
    Value {
        name: name.into(),
        value_type: Type { tensor },
    }
}

fn conv_options(conv: &Conv2d) -> Vec<Attribute> {
    let Padding {
        top,
        left,
        bottom,
        right,
    } = conv.padding;
    vec![
        ints("kernel_shape", &conv.kernel),
        ints("strides", &conv.stride),
        ints("pads", &[top, left, bottom, right]),
        int("group", conv.groups.into()),
    ]
}

fn pool_options(pool: &Pool2d) -> Vec<Attribute> {
    vec![
        ints("kernel_shape", &pool.window),
        ints("strides", &pool.stride),
    ]
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.into(),
        int: value,
        kind: INT,
        ..Attribute::default()
    }
}

fn ints(name: &str, values: &[u16]) -> Attribute {
    Attribute {
        name: name.into(),
        ints: values.iter().copied().map(i64::from).collect(),
        kind: INTS,
        ..Attribute::default()
    }
}
