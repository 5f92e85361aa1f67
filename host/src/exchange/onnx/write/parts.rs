//! The parts of a graph that is written: nodes, each with the value of its own name, and tensors.

use crate::exchange::onnx::message::{
    Attribute, Dimension, F32, I8, I32, I64, Node, TensorMessage, TensorShape, TensorType, Type,
    ValueInfo,
};
use kiln_core::{Quantization, Scaling};

/// The name of the input, scaled.
pub const SCALED: &str = "shifted";

/// Nodes, each behind those that it reads, and the tensors that they read.
#[derive(Default)]
pub struct GraphParts {
    pub nodes: Vec<Node>,
    pub tensors: Vec<TensorMessage>,
}

impl GraphParts {
    /// Scales the value `input`; what is given is [`SCALED`].
    pub fn scaling(&mut self, input: &str, scaling: &Scaling) {
        // One number for all channels where they are scaled alike.
        let shape = [scaling.scale().len(), 1, 1];
        self.tensor("scale", &shape, scaling.scale());
        self.tensor("shift", &shape, scaling.shift());
        self.node("Mul", "scaled", &[input, "scale"], Vec::new());
        self.node("Add", SCALED, &["scaled", "shift"], Vec::new());
    }

    /// Adds a node that gives a value of its own name.
    pub fn node(
        &mut self,
        operator: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) {
        self.nodes.push(Node {
            inputs: inputs.iter().copied().map(String::from).collect(),
            outputs: vec![name.into()],
            name: name.into(),
            operator: operator.into(),
            attributes,
            domain: String::new(),
        });
    }

    pub fn tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes());
        self.raw_tensor(name, F32, shape, raw.collect());
    }

    pub fn ints(&mut self, name: &str, values: &[i64]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes());
        self.raw_tensor(name, I64, &[values.len()], raw.collect());
    }

    pub fn raw_tensor(&mut self, name: &str, kind: i32, shape: &[usize], raw: Vec<u8>) {
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
pub fn value(name: &str, extents: &[i64]) -> ValueInfo {
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
    ValueInfo {
        name: name.into(),
        value_type: Type { tensor },
    }
}

/// Names of the scale and the zero of these codes, which are written once.
pub fn codes(parts: &mut GraphParts, own: &Quantization) -> [String; 2] {
    // The text of an f32 is that of no other.
    let scale = format!("scale.{}", own.scale);
    if !parts.has_tensor(&scale) {
        parts.tensor(&scale, &[], &[own.scale]);
    }
    [scale, parts.code(own.zero)]
}

impl GraphParts {
    /// Name of the tensor that is a code, which is written once.
    pub fn code(&mut self, code: i8) -> String {
        let name = format!("code.{code}");
        if !self.has_tensor(&name) {
            self.codes_tensor(&name, &[], &[code]);
        }
        name
    }

    pub fn has_tensor(&self, name: &str) -> bool {
        self.tensors.iter().any(|tensor| tensor.name == name)
    }

    pub fn codes_tensor(&mut self, name: &str, shape: &[usize], codes: &[i8]) {
        let raw = codes.iter().map(|code| *code as u8).collect();
        self.raw_tensor(name, I8, shape, raw);
    }

    pub fn wide_ints(&mut self, name: &str, values: &[i32]) {
        let raw = values.iter().flat_map(|value| value.to_le_bytes());
        self.raw_tensor(name, I32, &[values.len()], raw.collect());
    }
}
