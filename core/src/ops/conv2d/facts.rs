//! What a planner needs to know of a convolution: the lengths of what its kernels work in.

use super::ConvGeometry;
use super::sample_gradient::POINTWISE_TILE;
use crate::{Conv2d, Layer, Padding, Shape};

/// Filters whose kernel gradients are accumulated side by side.
pub(crate) const FILTER_BLOCK: usize = 4;

/// Positions whose gradients, of a block of filters, and whose inputs, of a few channels, stay in the
/// first cache.
pub(crate) const BAND: usize = 128;

/// Filters whose kernel gradients are made of a pool's side by side, where registers allow.
pub(crate) const FILTER_PAIR: usize = 2;

/// Packets of scratch that the backward pass of a packet uses.
///
/// `inner` is the convolution's own output, `pooled_extent` the rows and columns of it that the
/// 2 x 2 max pool behind it looks at, or all of them where `pool` is not set.
///
/// A convolution accumulates the kernels of a block of filters; behind a pool it spreads the
/// pooled gradient over a row of windows of the block at the same time. Afterwards, where the
/// input's gradient is wanted, it spreads all of the pooled gradient.
pub(crate) const fn training_scratch(
    conv: &Conv2d,
    input: Shape,
    inner: Shape,
    pooled_extent: [usize; 2],
    pool: bool,
    input_gradient: bool,
) -> usize {
    let filters = inner.channels as usize;
    let group = filters / conv.groups as usize;
    let taps = filter_weights(conv, input);
    let [height, width] = pooled_extent;
    let mut geometry = ConvGeometry::new(conv, input, inner);
    geometry.output = pooled_extent;
    let copy = match padded_copy(&geometry) {
        Some([rows, columns]) => geometry.channels * rows * columns,
        None => 0,
    };
    if !pool {
        return copy + smaller(FILTER_BLOCK, group) * (taps + 1);
    }
    let [band, _] = pooled_band([height, width]);
    let row = if splits_windows(conv) {
        let pair = smaller(FILTER_PAIR, group) * (taps + 1 + width);
        // One filter at a time keeps six chosen inputs of each window.
        larger(pair, taps + 1 + width + 3 * width)
    } else {
        copy + smaller(FILTER_BLOCK, group) * (taps + 1 + band * width)
    };
    if input_gradient {
        larger(row, filters * height * width)
    } else {
        row
    }
}

/// Rows and columns of the copy of the input, its padding around it, of which the gradient of kernels
/// is made where there is padding and a tile finds too few channels that meet the same outputs: then
/// any taps make a tile. The products with what is copied of the padding change no sum. Kernels of
/// 3 x 3 have tiles that know their padding.
pub(crate) const fn padded_copy(g: &ConvGeometry) -> Option<[usize; 2]> {
    let is_depthwise = g.group_channels() == 1 && g.group_filters() == 1;
    if g.group_channels() >= FILTER_BLOCK || is_depthwise || g.is_3x3() {
        return None;
    }
    let mut is_padded = false;
    let mut extents = [0; 2];
    let mut axis = 0;
    while axis < 2 {
        let taps = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
        extents[axis] = g.output[axis].saturating_sub(1) * g.stride[axis] + taps;
        is_padded |= g.padding[axis] > 0 || extents[axis] > g.input[axis];
        axis += 1;
    }
    if is_padded { Some(extents) } else { None }
}

/// Rows and columns of a pooled convolution's output that its gradient is spread over at once, of each
/// filter of a block: whole windows, [`BAND`] positions or a row of windows.
pub(crate) const fn pooled_band(output: [usize; 2]) -> [usize; 2] {
    let windows = BAND / (2 * larger(output[1], 1));
    [smaller(2 * larger(windows, 1), output[0]), output[1]]
}

/// Values that one sample's weight gradient is summed in: the weights of a filter, or of as many
/// as are taken side by side.
pub(crate) const fn sample_scratch(geometry: &ConvGeometry, pool: bool) -> usize {
    if !pool && geometry.is_pointwise() {
        smaller(POINTWISE_TILE, geometry.group_filters()) * geometry.taps()
    } else {
        geometry.taps()
    }
}

const fn filter_weights(conv: &Conv2d, input: Shape) -> usize {
    let [rows, columns] = conv.kernel;
    input.channels as usize / conv.groups as usize * rows as usize * columns as usize
}

/// Values that a group of samples leaves: the sums of weights, then biases.
pub(crate) const fn group_values(conv: &Conv2d, input: Shape) -> usize {
    let (weights, biases) = Layer::Conv2d(*conv).parameters(input);
    (weights + biases) as usize
}

/// Whether a pool's gradient is kept as the two rows of its windows, not spread over the four
/// values: the case of [`PooledParameterGradient`](super::PooledParameterGradient), which looks
/// at no padding, on no side.
pub(crate) const fn splits_windows(conv: &Conv2d) -> bool {
    matches!(
        conv,
        Conv2d {
            kernel: [3, 3],
            stride: [1, 1],
            padding: Padding::NONE,
            dilation: [1, 1],
            ..
        }
    )
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

const fn smaller(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
