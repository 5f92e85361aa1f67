//! The attributes of ONNX's nodes.

use crate::exchange::onnx::message::{Attribute, INT, INTS};
use crate::exchange::pytorch::reached_sides;
use kiln_core::{Conv2d, Padding, Pool2d, Shape};

/// Of a convolution.
pub fn conv_options(conv: &Conv2d) -> Vec<Attribute> {
    let mut options = vec![
        ints("kernel_shape", &conv.kernel),
        ints("strides", &conv.stride),
        ints("pads", &sides(conv.padding)),
        int("group", conv.groups.into()),
    ];
    if conv.dilation != [1, 1] {
        options.push(ints("dilations", &conv.dilation));
    }
    options
}

/// Of a pool between an input and an output of these shapes.
pub fn pool_options(pool: &Pool2d, [input, output]: [Shape; 2]) -> Vec<Attribute> {
    let mut options = vec![
        ints("kernel_shape", &pool.window),
        ints("strides", &pool.stride),
    ];
    let (padding, ceil_mode) = onnx_padding(pool, input, output);
    if padding != Padding::NONE {
        options.push(ints("pads", &sides(padding)));
    }
    if ceil_mode {
        options.push(int("ceil_mode", 1));
    }
    options
}

/// Padding and `ceil_mode` with which ONNX has as many windows.
///
/// By its formula, unlike PyTorch's, windows may begin in the padding behind the input. Where that
/// makes a difference, padding as far as the windows reach says the same without `ceil_mode`.
fn onnx_padding(pool: &Pool2d, input: Shape, output: Shape) -> (Padding, bool) {
    let [rows, columns] = pool.padding.total();
    let padded = [input.height + rows, input.width + columns];
    let windows = [output.height, output.width];
    let is_same = (0..2).all(|axis| {
        let (window, stride) = (u32::from(pool.window[axis]), u32::from(pool.stride[axis]));
        (padded[axis] - window).div_ceil(stride) + 1 == windows[axis]
    });
    if !pool.ceil_mode || is_same {
        return (pool.padding, pool.ceil_mode);
    }
    let [_, right, _, bottom] = reached_sides(pool, input, output).map(|side| side.max(0) as u16);
    let padding = Padding {
        bottom: pool.padding.bottom.max(bottom),
        right: pool.padding.right.max(right),
        ..pool.padding
    };
    (padding, false)
}

/// All starts, then all ends.
fn sides(padding: Padding) -> [u16; 4] {
    let Padding {
        top,
        left,
        bottom,
        right,
    } = padding;
    [top, left, bottom, right]
}

/// One whole number.
pub fn int(name: &str, value: i64) -> Attribute {
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
