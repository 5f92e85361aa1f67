//! How much memory decoding a file would take, found out before it is decoded: a part of two bytes becomes a
//! message of a hundred and more, and a number of one byte one of eight.

use super::array::MAX_NUMBERS;
use prost::DecodeError;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Most messages and texts of a file, several times what a network of Kiln's may have.
pub const MAX_PARTS: usize = 1 << 16;

/// Messages and numbers that decoding would make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnnxParts {
    parts: usize,
    numbers: usize,
}

/// What is known of a field.
#[derive(Clone, Copy)]
enum OnnxField {
    Message(OnnxMessage),
    /// A text, of a list.
    Text,
    /// Numbers of so many bytes; 0 where it differs from one to the next.
    Numbers(usize),
    /// Nothing that takes more memory than it has bytes.
    Other,
}

/// A message that has lists.
#[derive(Clone, Copy)]
enum OnnxMessage {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// One without lists.
    Flat,
}

impl OnnxParts {
    /// What decoding `bytes` would make, as far as it would come.
    pub fn of(bytes: &[u8]) -> Self {
        let mut parts = Self::default();
        // Where the bytes are no messages, decoding stops as well.
        let _ = parts.add(OnnxMessage::Model, bytes);
        parts
    }

    /// Whether it is within what a network may have.
    pub fn are_few(self) -> bool {
        self.parts <= MAX_PARTS && self.numbers <= MAX_NUMBERS
    }

    fn add(&mut self, message: OnnxMessage, mut bytes: &[u8]) -> Result<(), DecodeError> {
        while !bytes.is_empty() && self.are_few() {
            let (tag, wire) = decode_key(&mut bytes)?;
            match (message.field(tag), wire) {
                (OnnxField::Message(inner), WireType::LengthDelimited) => {
                    self.parts += 1;
                    self.add(inner, taken(&mut bytes)?)?;
                }
                (OnnxField::Text, WireType::LengthDelimited) => {
                    self.parts += 1;
                    taken(&mut bytes)?;
                }
                (OnnxField::Numbers(size), WireType::LengthDelimited) => {
                    let packed = taken(&mut bytes)?;
                    self.numbers += match size {
                        0 => packed.iter().filter(|byte| **byte < 0x80).count(),
                        size => packed.len() / size,
                    };
                }
                (field, _) => {
                    self.numbers += usize::from(matches!(field, OnnxField::Numbers(_)));
                    skip_field(wire, tag, &mut bytes, DecodeContext::default())?;
                }
            }
        }
        Ok(())
    }
}

/// The bytes of a field, which are passed over.
fn taken<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let length = usize::try_from(decode_varint(bytes)?).unwrap_or(usize::MAX);
    // Too long a field is the decoder's to refuse, behind what is here.
    let (taken, rest) = bytes.split_at(length.min(bytes.remaining()));
    *bytes = rest;
    Ok(taken)
}

impl OnnxMessage {
    /// By the tags in `message`.
    fn field(self, tag: u32) -> OnnxField {
        use OnnxField::{Message, Numbers, Other, Text};
        match (self, tag) {
            (Self::Model, 7) => Message(Self::Graph),
            (Self::Model, 8 | 14) | (Self::Tensor, 13) | (Self::Shape, 1) => Message(Self::Flat),
            (Self::Graph, 1) => Message(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Message(Self::Tensor),
            (Self::Graph, 11 | 12) => Message(Self::ValueInfo),
            (Self::Node, 1 | 2) => Text,
            (Self::Node, 5) => Message(Self::Attribute),
            (Self::ValueInfo, 2) => Message(Self::Type),
            (Self::Type, 1) => Message(Self::TensorType),
            (Self::TensorType, 2) => Message(Self::Shape),
            (Self::Attribute, 7) | (Self::Tensor, 4) => Numbers(4),
            (Self::Attribute, 8) | (Self::Tensor, 1 | 5 | 7) => Numbers(0),
            (Self::Tensor, 10) => Numbers(8),
            _ => Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{
        Attribute, Dimension, F32, Graph, Model, Node, TensorMessage, TensorShape, TensorType,
        Type, ValueInfo,
    };
    use super::*;
    use prost::Message;

    fn tensor() -> TensorMessage {
        TensorMessage {
            dims: vec![2, 300],
            kind: F32,
            floats: vec![1.0, 2.0, 3.0],
            ints: vec![1, 1 << 40],
            doubles: vec![4.0],
            words: vec![7],
            ..TensorMessage::default()
        }
    }

    fn model() -> Model {
        let node = Node {
            inputs: vec!["x".into(), String::new()],
            attributes: vec![Attribute {
                ints: vec![1, 2],
                floats: vec![0.5],
                tensor: Some(Box::new(tensor())),
                ..Attribute::default()
            }],
            ..Node::default()
        };
        let shape = TensorShape {
            dims: (0..3).map(|_| Dimension::default()).collect(),
        };
        Model {
            graph: Graph {
                nodes: vec![node],
                tensors: vec![tensor()],
                inputs: vec![ValueInfo {
                    name: "x".into(),
                    value_type: Type {
                        tensor: TensorType { kind: F32, shape },
                    },
                }],
                ..Graph::default()
            },
            ..Model::default()
        }
    }

    #[test]
    fn all_that_decoding_makes_is_counted_however_it_is_written() {
        let bytes = model().encode_to_vec();
        let parts = OnnxParts::of(&bytes);
        // A graph, a node with two texts, an attribute and its tensor, a tensor, and an input of seven.
        let counted = OnnxParts {
            parts: 1 + 3 + 2 + 1 + 7,
            numbers: 3 + 2 * 9,
        };
        assert_eq!(parts, counted);
        assert!(parts.are_few());
    }

    #[test]
    fn too_many_are_noticed_behind_anything_unknown() {
        let mut bytes = model().encode_to_vec();
        // A group that nobody knows.
        bytes.extend([0x9b, 0x06, 0x9c, 0x06]);
        let nodes = [0x0a, 0].repeat(MAX_PARTS);
        bytes.push(0x3a);
        prost::encoding::encode_varint(nodes.len() as u64, &mut bytes);
        bytes.extend(nodes);
        assert!(!OnnxParts::of(&bytes).are_few());
    }
}
