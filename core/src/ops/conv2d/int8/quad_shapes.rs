//! Which shape packets see a convolution in.

use crate::lanes::codes::QUAD;
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// A convolution over a single column as the same one over a row, which lies in memory just so: neighbouring positions
/// of a row share quads.
pub(super) fn as_row(conv: &ConvGeometry) -> ConvGeometry {
    let mut own = *conv;
    let is_column = [conv.input, conv.output, conv.kernel].map(|extents| extents[1]) == [1; 3];
    if is_column && conv.padding[1] == 0 {
        for extents in [
            &mut own.input,
            &mut own.output,
            &mut own.kernel,
            &mut own.stride,
            &mut own.padding,
            &mut own.dilation,
        ] {
            extents.swap(0, 1);
        }
    }
    own
}

/// The greatest power of two that divides both a power of two and a number.
pub(super) fn common_power(power: usize, number: usize) -> usize {
    power.min(1 << number.trailing_zeros())
}

/// Quads of four neighbouring channels that a block's filters see, those of all their groups.
pub(super) fn shared(conv: &ConvGeometry, block: usize) -> Range<usize> {
    let last = (block * QUAD + QUAD - 1).min(conv.filters - 1);
    let (filters, each) = (conv.group_filters(), conv.group_channels());
    let channels = block * QUAD / filters * each..(last / filters + 1) * each;
    channels.start / QUAD..channels.end.div_ceil(QUAD)
}

/// Those of all blocks.
pub(super) fn shared_quads(conv: &ConvGeometry) -> usize {
    let blocks = 0..conv.filters.div_ceil(QUAD);
    blocks.map(|block| shared(conv, block).len()).sum()
}

/// Half cycles, about, that it takes to begin with a block of filters for one packet of samples alone.
pub(super) const BLOCK_BEGUN: usize = 200;

/// Whether each filter sees a single channel, by rows of neighbouring columns: four at a time there
/// are no products with the other three channels of a quad, which would be 0. `products` is what those of a quad with four
/// filters take, in half cycles: where there are few, they are done before rows are gathered.
pub(super) fn is_by_columns(conv: &ConvGeometry, products: usize) -> bool {
    let is_depthwise = conv.groups > 1 && conv.groups == conv.channels;
    let is_dense = conv.dilation == [1, 1] && conv.kernel[1] > 1;
    let saved = conv.kernel[1] - conv.kernel[1].div_ceil(QUAD);
    let is_long = conv.output_area() * conv.kernel[0] * saved * products > BLOCK_BEGUN;
    is_depthwise && is_dense && is_long
}

/// Codes of a channel that are brought into packets of windows at once.
const RUN: usize = 16;

/// Whether windows, of which so many rows and columns are needed, so many positions apart, are better made of all rows
/// as of one: where a row begins at a window, no kernel sees padding beside it, and so much of each row's last codes
/// would be brought in for nothing that it outweighs windows that nobody reads.
pub(super) fn is_flat(conv: &ConvGeometry, [rows, columns]: [usize; 2], spread: usize) -> bool {
    let [_, width] = conv.input;
    let is_even = conv.padding[1] == 0 && !conv.sees_padding_behind(1);
    let runs = rows * (columns * spread + QUAD).div_ceil(RUN);
    let flat = (rows * width).div_ceil(RUN);
    is_even && width.is_multiple_of(spread) && flat + flat / 4 < runs
}
