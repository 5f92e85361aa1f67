//! Where channels, rows and columns are among an input's axes: ONNX does not say.
//!
//! PyTorch's graphs take N x channels x rows x columns. TensorFlow's take channels last, and transpose
//! them before the first convolution; that transposition tells one from the other.

use super::constants::Constants;
use super::message::{Node, ValueInfo};
use super::node::OnnxOperation;
use super::view::AxesView;
use crate::exchange::output_shape;
use kiln_core::{Layer, Shape};
use std::collections::HashSet;

/// Shape and axes of an input, which the nodes read. `producer` is the file's writer, by its own word.
pub fn input_axes(
    input: &ValueInfo,
    nodes: &[&Node],
    constants: &Constants<'_>,
    producer: &str,
) -> Option<(Shape, AxesView)> {
    let dims = input.dims();
    let extents: Option<Vec<u32>> = dims
        .get(1..)?
        .iter()
        .map(|&extent| u32::try_from(extent?).ok())
        .collect();
    let (shape, view) = match *extents?.as_slice() {
        [values] => (Shape::new(values, 1, 1), AxesView::ROW),
        [rows, columns] => (Shape::new(1, rows, columns), AxesView::PLANES),
        [first, second, third] => {
            let evidence = Evidence {
                nodes,
                constants,
                extents: [first, second, third],
                is_first_by_habit: producer == "pytorch",
            };
            match evidence.is_channels_last(&input.name) {
                true => (Shape::new(third, first, second), AxesView::CHANNELS_LAST),
                false => (Shape::new(first, second, third), AxesView::MAPS),
            }
        }
        _ => return None,
    };
    // Layers are added to a shape that is sound.
    let sound = output_shape(Layer::Relu, [shape; 2]).is_ok();
    sound.then_some((shape, view))
}

struct Evidence<'a, 'm> {
    nodes: &'a [&'m Node],
    constants: &'a Constants<'m>,
    extents: [u32; 3],
    /// Whether the file's writer puts channels first unless a node says otherwise.
    is_first_by_habit: bool,
}

impl Evidence<'_, '_> {
    /// Follows the input to the first nodes that do more than arithmetic value by value.
    fn is_channels_last(&self, input: &str) -> bool {
        let mut known = HashSet::from([input]);
        let mut told = None;
        // The nodes are in an order in which each finds what it reads.
        for node in self.nodes {
            if !node.inputs.iter().any(|name| known.contains(name.as_str())) {
                continue;
            }
            match node.operator.as_str() {
                "Cast" | "Identity" | "Dropout" | "Add" | "Sub" | "Mul" | "Div" | "Pad"
                | "Relu" | "Clip" => known.extend(node.outputs.first().map(String::as_str)),
                _ => told = told.or_else(|| self.told_by(node)),
            }
        }
        let [first, second, third] = self.extents;
        let colours = |extent| matches!(extent, 1 | 3 | 4);
        let seems_last = colours(third) && !colours(first) && second > 1;
        told.unwrap_or(seems_last && !self.is_first_by_habit)
    }

    /// What a node says, if anything.
    fn told_by(&self, node: &Node) -> Option<bool> {
        let operation = OnnxOperation {
            node,
            constants: self.constants,
        };
        match node.operator.as_str() {
            "Transpose" => Some(operation.list("perm").ok()?? == [0, 3, 1, 2]),
            "Reshape" => {
                let [first, _, third] = self.extents;
                let target = operation.ints(1).ok()?;
                let is_moved = target.len() == 4 && target[1] == 1 && target[3] != 1;
                (is_moved && third == 1 && first != 1).then_some(true)
            }
            "ReduceMean" | "ReduceMax" | "ReduceSum" => {
                let axes = operation.axes(4).ok()?;
                Some(axes == [1, 2])
            }
            "Conv" | "MaxPool" | "AveragePool" | "GlobalAveragePool" | "GlobalMaxPool"
            | "BatchNormalization" => Some(false),
            _ => None,
        }
    }
}
