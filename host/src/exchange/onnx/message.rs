//! The messages of ONNX, as far as a chain of layers needs them; numbers as in `onnx.proto3`.

use super::wire::{Field, Fields, WireError};

/// Most parts of one kind that a message may have; networks of Kiln's have far fewer.
const LIMIT: usize = 4_096;

/// A `ModelProto`.
#[derive(Debug, Default)]
pub struct Model<'a> {
    /// Version of ONNX's own operators; 0 where the file names none.
    pub opset: u64,
    pub metadata: Vec<(&'a str, &'a str)>,
    pub graph: Graph<'a>,
}

/// A `GraphProto`.
#[derive(Debug, Default)]
pub struct Graph<'a> {
    pub nodes: Vec<Node<'a>>,
    pub tensors: Vec<Tensor<'a>>,
    pub inputs: Vec<Value<'a>>,
    pub outputs: Vec<Value<'a>>,
}

/// A `NodeProto`.
#[derive(Debug, Default)]
pub struct Node<'a> {
    pub inputs: Vec<&'a str>,
    pub outputs: Vec<&'a str>,
    pub name: &'a str,
    pub operator: &'a str,
    pub domain: &'a str,
    pub attributes: Vec<Attribute<'a>>,
}

/// An `AttributeProto`; only the part its kind names means anything.
#[derive(Debug, Default)]
pub struct Attribute<'a> {
    pub name: &'a str,
    pub kind: u64,
    pub float: f32,
    pub int: i64,
    pub text: &'a [u8],
    pub tensor: Option<Tensor<'a>>,
    pub ints: Vec<i64>,
}

/// A `TensorProto`.
#[derive(Clone, Debug, Default)]
pub struct Tensor<'a> {
    pub name: &'a str,
    pub dims: Vec<i64>,
    pub kind: u64,
    pub raw: Option<&'a [u8]>,
    /// Packed f32 values, where they are not raw.
    pub floats: &'a [u8],
    pub ints: Vec<i64>,
    /// Whether the values are in another file.
    pub external: bool,
}

/// A `ValueInfoProto`.
#[derive(Debug, Default)]
pub struct Value<'a> {
    pub name: &'a str,
    /// 0 where the type is not said.
    pub kind: u64,
    /// An extent for each axis; `None` where it is a name or unknown.
    pub dims: Vec<Option<i64>>,
}

impl<'a> Model<'a> {
    /// The model that a file's bytes hold.
    pub fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut model = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (7, field) => model.graph = Graph::read(message(field)?)?,
                (8, field) => {
                    let (domain, version) = opset(message(field)?)?;
                    if matches!(domain, "" | "ai.onnx") {
                        model.opset = version;
                    }
                }
                (14, field) => push(&mut model.metadata, entry(message(field)?)?)?,
                _ => {}
            }
        }
        Ok(model)
    }
}

impl<'a> Graph<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut graph = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => push(&mut graph.nodes, Node::read(message(field)?)?)?,
                (5, field) => push(&mut graph.tensors, Tensor::read(message(field)?)?)?,
                (11, field) => push(&mut graph.inputs, Value::read(message(field)?)?)?,
                (12, field) => push(&mut graph.outputs, Value::read(message(field)?)?)?,
                _ => {}
            }
        }
        Ok(graph)
    }
}

impl<'a> Node<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut node = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => push(&mut node.inputs, text(field)?)?,
                (2, field) => push(&mut node.outputs, text(field)?)?,
                (3, field) => node.name = text(field)?,
                (4, field) => node.operator = text(field)?,
                (5, field) => push(&mut node.attributes, Attribute::read(message(field)?)?)?,
                (7, field) => node.domain = text(field)?,
                _ => {}
            }
        }
        Ok(node)
    }
}

impl<'a> Attribute<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut attribute = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => attribute.name = text(field)?,
                (2, Field::Fixed32(bytes)) => attribute.float = f32::from_le_bytes(bytes),
                (3, field) => attribute.int = number(field)? as i64,
                (4, field) => attribute.text = message(field)?,
                (5, field) => attribute.tensor = Some(Tensor::read(message(field)?)?),
                (8, field) => ints(&mut attribute.ints, field)?,
                (20, field) => attribute.kind = number(field)?,
                _ => {}
            }
        }
        Ok(attribute)
    }
}

impl<'a> Tensor<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut tensor = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => ints(&mut tensor.dims, field)?,
                (2, field) => tensor.kind = number(field)?,
                (4, field) => tensor.floats = message(field)?,
                (7, field) => ints(&mut tensor.ints, field)?,
                (8, field) => tensor.name = text(field)?,
                (9, field) => tensor.raw = Some(message(field)?),
                (13, _) => tensor.external = true,
                (14, field) => tensor.external |= number(field)? != 0,
                _ => {}
            }
        }
        Ok(tensor)
    }
}

impl<'a> Value<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, WireError> {
        let mut value = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => value.name = text(field)?,
                // Of the kinds a type can have, 1 is a tensor.
                (2, field) => {
                    for field in Fields::of(message(field)?) {
                        if let (1, field) = field? {
                            value.read_tensor_type(message(field)?)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(value)
    }

    fn read_tensor_type(&mut self, bytes: &'a [u8]) -> Result<(), WireError> {
        for field in Fields::of(bytes) {
            match field? {
                (1, field) => self.kind = number(field)?,
                (2, field) => {
                    for field in Fields::of(message(field)?) {
                        if let (1, field) = field? {
                            push(&mut self.dims, dimension(message(field)?)?)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn dimension(bytes: &[u8]) -> Result<Option<i64>, WireError> {
    let mut extent = None;
    for field in Fields::of(bytes) {
        if let (1, field) = field? {
            extent = Some(number(field)? as i64);
        }
    }
    Ok(extent)
}

fn opset(bytes: &[u8]) -> Result<(&str, u64), WireError> {
    let (mut domain, mut version) = ("", 0);
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => domain = text(field)?,
            (2, field) => version = number(field)?,
            _ => {}
        }
    }
    Ok((domain, version))
}

fn entry(bytes: &[u8]) -> Result<(&str, &str), WireError> {
    let (mut key, mut value) = ("", "");
    for field in Fields::of(bytes) {
        match field? {
            (1, field) => key = text(field)?,
            (2, field) => value = text(field)?,
            _ => {}
        }
    }
    Ok((key, value))
}

fn message(field: Field<'_>) -> Result<&[u8], WireError> {
    match field {
        Field::Bytes(bytes) => Ok(bytes),
        _ => Err(WireError),
    }
}

fn text(field: Field<'_>) -> Result<&str, WireError> {
    str::from_utf8(message(field)?).map_err(|_| WireError)
}

fn number(field: Field<'_>) -> Result<u64, WireError> {
    match field {
        Field::Varint(value) => Ok(value),
        _ => Err(WireError),
    }
}

/// Adds a number, or all of a packed field.
fn ints(list: &mut Vec<i64>, field: Field<'_>) -> Result<(), WireError> {
    let Field::Bytes(bytes) = field else {
        return push(list, number(field)? as i64);
    };
    let mut fields = Fields::of(bytes);
    while !fields.is_empty() {
        push(list, fields.varint()? as i64)?;
    }
    Ok(())
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), WireError> {
    if list.len() == LIMIT {
        return Err(WireError);
    }
    list.push(item);
    Ok(())
}
