//! A node with the constants it may read: its attributes, checked, and its name for messages.

use super::constants::Constants;
use super::error::{Fault, OnnxError};
use super::message::{Attribute, FLOAT, INT, INTS, Node, TEXT};

/// A node, and what is known before it.
#[derive(Clone, Copy, Debug)]
pub struct OnnxOperation<'c, 'm> {
    pub node: &'m Node,
    pub constants: &'c Constants<'m>,
}

impl<'m> OnnxOperation<'_, 'm> {
    /// The operator; one that is not ONNX's own has none here.
    pub fn operator(&self) -> &'m str {
        match self.node.domain.as_str() {
            "" | "ai.onnx" => &self.node.operator,
            _ => "",
        }
    }

    /// The error that names the node.
    pub fn refused(&self, fault: Fault) -> OnnxError {
        let node = described(self.node);
        OnnxError::Node { node, fault }
    }

    /// What it is called in remarks.
    pub fn label(&self) -> String {
        let output = self.node.outputs.first().map_or("", String::as_str);
        let name = if self.node.name.is_empty() {
            output
        } else {
            &self.node.name
        };
        format!("{} ({})", name.escape_debug(), shown_operator(self.node))
    }

    /// Refuses attributes other than these: what is not known may mean anything.
    pub fn only(&self, known: &[&str]) -> Result<(), Fault> {
        let mut all = self.node.attributes.iter();
        match all.find(|attribute| !known.contains(&attribute.name.as_str())) {
            Some(attribute) => Err(Fault::Unknown {
                name: attribute.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// A whole number, or its default.
    pub fn int(&self, name: &'static str, default: i64) -> Result<i64, Fault> {
        Ok(self.attribute(name, INT)?.map_or(default, |it| it.int))
    }

    /// A number, or its default.
    pub fn float(&self, name: &'static str, default: f32) -> Result<f32, Fault> {
        Ok(self.attribute(name, FLOAT)?.map_or(default, |it| it.float))
    }

    /// A list of whole numbers, if there is one.
    pub fn list(&self, name: &'static str) -> Result<Option<&'m [i64]>, Fault> {
        let attribute = self.attribute(name, INTS)?;
        Ok(attribute.map(|attribute| attribute.ints.as_slice()))
    }

    /// A pair of whole numbers that fit a layer's options, or its default.
    pub fn pair(&self, name: &'static str, default: [u16; 2]) -> Result<[u16; 2], Fault> {
        let Some(list) = self.list(name)? else {
            return Ok(default);
        };
        pair(list).ok_or_else(|| attribute_fault(name, list, "two numbers up to 65535"))
    }

    /// Refuses a whole number that is not `expected`.
    pub fn require(&self, name: &'static str, expected: i64) -> Result<(), Fault> {
        let found = self.int(name, expected)?;
        match found == expected {
            true => Ok(()),
            false => Err(attribute_fault(name, &[found], &expected.to_string())),
        }
    }

    /// Refuses a list with a number other than `expected`.
    pub fn require_all(&self, name: &'static str, expected: i64) -> Result<(), Fault> {
        match self.list(name)? {
            Some(list) if list.iter().any(|&value| value != expected) => {
                Err(attribute_fault(name, list, &expected.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// A text's bytes, or their default.
    pub fn text(&self, name: &'static str, default: &'static str) -> Result<&'m [u8], Fault> {
        let attribute = self.attribute(name, TEXT)?;
        Ok(attribute.map_or(default.as_bytes(), |it| it.text.as_slice()))
    }

    /// Whether there is an input at this place.
    pub fn has_input(&self, index: usize) -> bool {
        let name = self.node.inputs.get(index);
        name.is_some_and(|name| !name.is_empty())
    }

    fn attribute(&self, name: &'static str, kind: i32) -> Result<Option<&'m Attribute>, Fault> {
        let node: &'m Node = self.node;
        let found = node.attributes.iter().find(|it| it.name == name);
        match found {
            Some(attribute) if ![0, kind].contains(&attribute.kind) => Err(Fault::Attribute {
                name,
                found: format!("of ONNX's kind {}", attribute.kind),
                expected: format!("kind {kind}"),
            }),
            found => Ok(found),
        }
    }
}

/// What a node is called in errors.
pub fn described(node: &Node) -> String {
    let output = node.outputs.first().map_or("", String::as_str);
    match node.name.as_str() {
        "" => format!("the node that gives {output:?} ({})", shown_operator(node)),
        name => format!("node {name:?} ({})", shown_operator(node)),
    }
}

/// The operator, without anything that a terminal would obey.
fn shown_operator(node: &Node) -> impl std::fmt::Display + '_ {
    node.operator.escape_debug()
}

/// The fault of an attribute with a value that cannot be imported.
pub fn attribute_fault(name: &'static str, found: &[i64], expected: &str) -> Fault {
    let found: Vec<String> = found.iter().map(i64::to_string).collect();
    Fault::Attribute {
        name,
        found: found.join(", "),
        expected: expected.into(),
    }
}

fn pair(list: &[i64]) -> Option<[u16; 2]> {
    match *list {
        [rows, columns] => Some([rows.try_into().ok()?, columns.try_into().ok()?]),
        _ => None,
    }
}
