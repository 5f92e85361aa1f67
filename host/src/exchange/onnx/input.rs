//! The one input of a graph.

use super::constants::Constants;
use super::error::OnnxError;
use super::message::{BF16, F16, F64, ValueInfo};
use crate::exchange::output_shape;
use kiln_core::{Layer, Shape};

/// The one input that is no initializer.
pub fn single_input<'m>(
    inputs: &'m [ValueInfo],
    constants: &Constants<'m>,
) -> Result<&'m ValueInfo, OnnxError> {
    let inputs: Vec<&ValueInfo> = inputs
        .iter()
        .filter(|input| !constants.contains(&input.name))
        .collect();
    let [input] = *inputs.as_slice() else {
        return Err(OnnxError::Several {
            what: "inputs",
            found: inputs.len(),
            names: names(inputs.iter().map(|input| input.name.as_str())),
        });
    };
    Ok(input)
}

/// The one input that is no initializer, and its shape, if its numbers are of one of these kinds.
pub fn input_of<'m>(
    inputs: &'m [ValueInfo],
    constants: &Constants<'m>,
    kinds: &[i32],
) -> Result<(&'m ValueInfo, Shape), OnnxError> {
    let input = single_input(inputs, constants)?;
    match image_shape(input).filter(|_| kinds.contains(&input.kind())) {
        Some(shape) => Ok((input, shape)),
        None => Err(refused(input)),
    }
}

/// The error of an input that no network of Kiln's has.
pub fn refused(input: &ValueInfo) -> OnnxError {
    OnnxError::Input {
        name: input.name.clone(),
        found: described(input),
    }
}

/// A kind of floats, if it is none of 32 bits.
pub fn other_width(kind: i32) -> Option<&'static str> {
    match kind {
        F16 => Some("float16"),
        BF16 => Some("bfloat16"),
        F64 => Some("float64"),
        _ => None,
    }
}

/// Names in a list, none of which can do anything to a terminal.
pub fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.take(8).map(|name| format!("{name:?}")).collect();
    names.join(", ")
}

/// Channels, height and width of an input of N x C x H x W.
fn image_shape(input: &ValueInfo) -> Option<Shape> {
    let [_, channels, height, width] = *input.dims().as_slice() else {
        return None;
    };
    let extent = |extent: Option<i64>| u32::try_from(extent?).ok();
    let shape = Shape::new(extent(channels)?, extent(height)?, extent(width)?);
    // Layers are added to a shape that is sound.
    let sound = output_shape(Layer::Relu, [shape; 2]).is_ok();
    sound.then_some(shape)
}

fn described(input: &ValueInfo) -> String {
    let dims: Vec<String> = input
        .dims()
        .iter()
        .map(|extent| extent.map_or("?".into(), |extent| extent.to_string()))
        .collect();
    format!("[{}] of ONNX's kind {}", dims.join(", "), input.kind())
}
