//! The messages of ONNX, as far as networks need them; tags as in `onnx.proto3`.
//!
//! Lists of numbers are written unpacked, as ONNX's own library writes them, and read either way.

use super::error::OnnxError;
use super::parts::OnnxParts;
use prost::Message;

/// Most parts of one kind that a message may have; networks of Kiln's have far fewer. Nodes copy
/// lists that came before them, and go over the parameters of layers.
pub const LIMIT: usize = 4_096;

/// Numbers of the kinds of tensors.
pub const F32: i32 = 1;
pub const U8: i32 = 2;
pub const I8: i32 = 3;
pub const U16: i32 = 4;
pub const I16: i32 = 5;
pub const I32: i32 = 6;
pub const I64: i32 = 7;
pub const BOOL: i32 = 9;
pub const F16: i32 = 10;
pub const F64: i32 = 11;
pub const BF16: i32 = 16;
/// Those of floating-point numbers.
pub const FLOATS: [i32; 4] = [F32, F16, F64, BF16];

/// Numbers of the kinds of attributes.
pub const FLOAT: i32 = 1;
pub const INT: i32 = 2;
pub const TEXT: i32 = 3;
pub const INTS: i32 = 7;

/// A `ModelProto`.
#[derive(Message)]
pub struct Model {
    /// Version of the file's structure.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    #[prost(string, tag = "2")]
    pub producer: String,
    #[prost(string, tag = "3")]
    pub producer_version: String,
    #[prost(message, required, tag = "7")]
    pub graph: Graph,
    #[prost(message, repeated, tag = "8")]
    pub opsets: Vec<Opset>,
    #[prost(message, repeated, tag = "14")]
    pub metadata: Vec<Entry>,
}

/// An `OperatorSetIdProto`.
#[derive(Message)]
pub struct Opset {
    #[prost(string, tag = "1")]
    pub domain: String,
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// A `StringStringEntryProto`.
#[derive(Message)]
pub struct Entry {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A `GraphProto`.
#[derive(Message)]
pub struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<Node>,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(message, repeated, tag = "5")]
    pub tensors: Vec<TensorMessage>,
    #[prost(message, repeated, tag = "11")]
    pub inputs: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub outputs: Vec<ValueInfo>,
}

/// A `NodeProto`.
#[derive(Message)]
pub struct Node {
    #[prost(string, repeated, tag = "1")]
    pub inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub outputs: Vec<String>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub operator: String,
    #[prost(message, repeated, tag = "5")]
    pub attributes: Vec<Attribute>,
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// An `AttributeProto`; only the part its kind names means anything.
#[derive(Message)]
pub struct Attribute {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(float, tag = "2")]
    pub float: f32,
    #[prost(int64, tag = "3")]
    pub int: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub text: Vec<u8>,
    #[prost(message, optional, boxed, tag = "5")]
    pub tensor: Option<Box<TensorMessage>>,
    #[prost(float, repeated, packed = "false", tag = "7")]
    pub floats: Vec<f32>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    #[prost(int32, tag = "20")]
    pub kind: i32,
}

/// A `TensorProto`.
#[derive(Message)]
pub struct TensorMessage {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub kind: i32,
    /// f32 values, where they are not raw.
    #[prost(float, repeated, tag = "4")]
    pub floats: Vec<f32>,
    /// Values of up to 32 bits, where they are not raw.
    #[prost(int32, repeated, packed = "false", tag = "5")]
    pub words: Vec<i32>,
    /// i64 values, where they are not raw.
    #[prost(int64, repeated, tag = "7")]
    pub ints: Vec<i64>,
    #[prost(string, tag = "8")]
    pub name: String,
    #[prost(bytes = "vec", optional, tag = "9")]
    pub raw: Option<Vec<u8>>,
    /// f64 values, where they are not raw.
    #[prost(double, repeated, tag = "10")]
    pub doubles: Vec<f64>,
    /// Where in another file the values are.
    #[prost(message, repeated, tag = "13")]
    pub external: Vec<Entry>,
    /// Not 0 where the values are in another file.
    #[prost(int32, tag = "14")]
    pub location: i32,
}

/// A `ValueInfoProto`.
#[derive(Message)]
pub struct ValueInfo {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, required, tag = "2")]
    pub value_type: Type,
}

/// A `TypeProto`; of the kinds that there are, only a tensor.
#[derive(Message)]
pub struct Type {
    #[prost(message, required, tag = "1")]
    pub tensor: TensorType,
}

/// A `TypeProto.Tensor`.
#[derive(Message)]
pub struct TensorType {
    /// 0 where the type is not said.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(message, required, tag = "2")]
    pub shape: TensorShape,
}

/// A `TensorShapeProto`.
#[derive(Message)]
pub struct TensorShape {
    #[prost(message, repeated, tag = "1")]
    pub dims: Vec<Dimension>,
}

/// A `TensorShapeProto.Dimension`.
#[derive(Message)]
pub struct Dimension {
    /// `None` where the extent is a name or unknown.
    #[prost(int64, optional, tag = "1")]
    pub extent: Option<i64>,
    #[prost(string, tag = "2")]
    pub name: String,
}

impl Model {
    /// The model that a file's bytes hold.
    pub fn read(bytes: &[u8]) -> Result<Self, OnnxError> {
        if !OnnxParts::of(bytes).are_few() {
            return Err(OnnxError::TooManyParts);
        }
        let model = Self::decode(bytes).map_err(|_| OnnxError::Damaged)?;
        match model.graph.is_small() {
            true => Ok(model),
            false => Err(OnnxError::Damaged),
        }
    }

    /// Version of ONNX's own operators; 0 where the file names none.
    pub fn opset(&self) -> i64 {
        let mut opsets = self.opsets.iter();
        let own = opsets.rfind(|opset| matches!(opset.domain.as_str(), "" | "ai.onnx"));
        own.map_or(0, |opset| opset.version)
    }
}

impl Graph {
    /// Whether all that may be gone over or copied again and again is within the limit.
    fn is_small(&self) -> bool {
        let mut attributes = self.nodes.iter().flat_map(|node| &node.attributes);
        self.nodes.len() <= LIMIT
            && self.tensors.iter().all(TensorMessage::is_small)
            && attributes.all(|attribute| {
                let mut tensor = attribute.tensor.iter();
                attribute.ints.len() <= LIMIT
                    && attribute.floats.len() <= LIMIT
                    && tensor.all(|tensor| tensor.is_small())
            })
    }
}

impl TensorMessage {
    /// Whether its values are in another file.
    pub fn is_elsewhere(&self) -> bool {
        self.location != 0 || !self.external.is_empty()
    }

    /// How many numbers, or a quarter of the bytes, the message holds.
    pub fn stored(&self) -> usize {
        let raw = self.raw.as_ref().map_or(0, |raw| raw.len() / 4);
        raw + self.floats.len() + self.words.len() + self.ints.len() + self.doubles.len()
    }

    fn is_small(&self) -> bool {
        self.dims.len() <= LIMIT
    }
}

impl ValueInfo {
    /// Number of the kind; 0 where the type is not said.
    pub fn kind(&self) -> i32 {
        self.value_type.tensor.kind
    }

    /// An extent for each axis; `None` where it is a name or unknown.
    pub fn dims(&self) -> Vec<Option<i64>> {
        let dims = &self.value_type.tensor.shape.dims;
        dims.iter().map(|dimension| dimension.extent).collect()
    }
}
