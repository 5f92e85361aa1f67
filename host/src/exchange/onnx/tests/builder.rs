//! Small graphs, put together node by node.

use super::super::message::*;
use super::*;

pub fn node(operator: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) -> Node {
    Node {
        inputs: inputs.iter().map(|&name| name.into()).collect(),
        outputs: vec![output.into()],
        name: format!("the_{output}"),
        operator: operator.into(),
        attributes,
        domain: String::new(),
    }
}

pub fn ints(name: &str, values: &[i64]) -> Attribute {
    Attribute {
        name: name.into(),
        ints: values.to_vec(),
        kind: INTS,
        ..Attribute::default()
    }
}

pub fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.into(),
        int: value,
        kind: INT,
        ..Attribute::default()
    }
}

pub fn text(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.into(),
        text: value.into(),
        kind: TEXT,
        ..Attribute::default()
    }
}

pub fn tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorMessage {
    TensorMessage {
        dims: dims.to_vec(),
        kind: F32,
        name: name.into(),
        floats: values.to_vec(),
        ..TensorMessage::default()
    }
}

pub fn value(name: &str, dims: &[i64]) -> ValueInfo {
    let dims = dims.iter().map(|&extent| Dimension {
        extent: Some(extent),
        name: String::new(),
    });
    let shape = TensorShape {
        dims: dims.collect(),
    };
    ValueInfo {
        name: name.into(),
        value_type: Type {
            tensor: TensorType { kind: F32, shape },
        },
    }
}

/// What becomes of these nodes, beside a 2x1x3x3 convolution's weights `w`, and a batch
/// normalisation's tensors `+` and `-`: with a positive factor for both channels, and not.
pub fn small_model(nodes: Vec<Node>) -> Model {
    let weights: Vec<f32> = (0_i16..18).map(|tap| f32::from(tap - 9) / 8.0).collect();
    let graph = Graph {
        nodes,
        name: String::new(),
        tensors: vec![
            tensor("w", &[2, 1, 3, 3], &weights),
            tensor("+", &[2], &[0.5, 2.0]),
            tensor("-", &[2], &[0.5, -2.0]),
            tensor("two", &[], &[2.0]),
        ],
        inputs: vec![value("x", &[1, 1, 4, 4])],
        outputs: vec![value("y", &[1, 2])],
    };
    let opset = Opset {
        domain: String::new(),
        version: 13,
    };
    Model {
        ir_version: 7,
        graph,
        opsets: vec![opset],
        ..Model::default()
    }
}

pub fn imported(nodes: Vec<Node>) -> Result<Imported, OnnxError> {
    read(&small_model(nodes).encode_to_vec())
}

pub fn network(nodes: Vec<Node>) -> String {
    imported(nodes).unwrap().network.to_string()
}

pub fn refusal(nodes: Vec<Node>) -> String {
    imported(nodes).unwrap_err().to_string()
}

pub fn conv(input: &str, output: &str) -> Node {
    node("Conv", &[input, "w"], output, Vec::new())
}

pub fn norm(input: &str, weight: &str, output: &str) -> Node {
    let inputs = [input, weight, weight, weight, "+"];
    node("BatchNormalization", &inputs, output, Vec::new())
}

pub fn pool(operator: &str, input: &str, output: &str) -> Node {
    node(
        operator,
        &[input],
        output,
        vec![ints("kernel_shape", &[2, 2])],
    )
}
