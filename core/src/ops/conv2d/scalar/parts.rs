//! Parts of the kernels for one sample that not every convolution needs.

use crate::ops::conv2d::ConvGeometry;

/// What a 2 x 2 max pool behind a convolution takes.
pub(crate) const POOL: u8 = 1;
/// Outputs of a single filter, an output at a time: where filters are few, where taps are in the
/// padding, and what is left over of tiles.
pub(crate) const SINGLES: u8 = 2;
/// Rows of outputs of a single filter, four at a time. Never without [`SINGLES`].
pub(crate) const LINES: u8 = 4;
/// Every part.
pub(crate) const ALL: u8 = POOL | SINGLES | LINES;

/// Filters and outputs of a tile.
const TILE: usize = 4;

/// The parts that a convolution may come to. Where taps are in the padding, that is not looked into.
pub(crate) const fn of(g: &ConvGeometry, pool: bool) -> u8 {
    let filters = g.group_filters();
    let is_pair = filters == 2 && !pool && takes_lines(g);
    let is_single = is_pair || filters % TILE == 1 || (g.group_channels() == 1 && filters < TILE);
    // A window has two rows and two columns, so that no single output is left over.
    let left_over = g.output[0] * (g.output[1] % TILE) % TILE;
    let is_lone = !pool && left_over == 1 && g.kernel[1] > 2;
    let mut parts = if pool { POOL } else { 0 };
    if is_single || is_lone || !is_whole(g, 0) || !is_whole(g, 1) {
        parts |= SINGLES;
    }
    if is_single && takes_lines(g) {
        parts |= LINES;
    }
    parts
}

/// Whether rows of a single filter's outputs are better computed four at a time: not where they are too
/// short, or further apart than the inputs, or all taps stay in registers.
pub(crate) const fn takes_lines(g: &ConvGeometry) -> bool {
    let is_kept = g.group_channels() == 1 && g.kernel[0] <= 4 && g.kernel[1] <= 4;
    !is_kept && g.stride[1] == 1 && g.output[1] >= TILE
}

/// Whether along `axis` all outputs have all taps inside the input.
const fn is_whole(g: &ConvGeometry, axis: usize) -> bool {
    let interior = g.interior(axis);
    interior.start == 0 && interior.end == g.output[axis]
}
