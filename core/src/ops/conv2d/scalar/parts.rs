//! Parts of the kernels for one sample that not every convolution needs.

use super::passes;
use crate::ops::conv2d::ConvGeometry;

/// What a 2 x 2 max pool behind a convolution takes.
pub(crate) const POOL: u8 = 1;
/// Fewer outputs than a tile has, of four filters and more: where taps are in the padding, and what is
/// left over of tiles.
pub(crate) const FANS: u8 = 2;
/// Filters that are left over of four, or three where there are no others. Never without [`FANS`].
pub(crate) const FEW: u8 = 4;
/// Filters over one channel whose weights stay in registers. They need no others but [`POOL`].
pub(crate) const KEPT: u8 = 8;
/// Filters that are left over of four, or three where there are no others, whose sums stay in memory while they get
/// the products of one channel after the other.
pub(crate) const PASSES: u8 = 16;
/// Tiles of kernels of one column, three rows or channels of which are taken at once.
pub(crate) const COLUMNS: u8 = 32;
/// All filters, as [`PASSES`] has those that are left over. Goes with no other part.
pub(crate) const ONLY_PASSES: u8 = 64;
/// Every part that goes with others.
pub(crate) const ALL: u8 = POOL | FANS | FEW | KEPT | PASSES | COLUMNS;

/// Filters and outputs of a tile.
const TILE: usize = 4;

/// The parts that a convolution may come to. Where taps are in the padding, that is not looked into.
pub(crate) const fn of(g: &ConvGeometry, pool: bool) -> u8 {
    let parts = if pool { POOL } else { 0 };
    if is_kept(g) {
        return parts | KEPT;
    }
    // Of five and more, three that are left over are a tile.
    let filters = g.group_filters();
    let mut parts = parts;
    if filters >= TILE && g.kernel[1] == 1 {
        parts |= COLUMNS;
    }
    if filters < TILE || matches!(filters % TILE, 1 | 2) {
        if pool || !takes_passes(g) {
            return parts | FEW | FANS;
        }
        if filters < TILE {
            return ONLY_PASSES;
        }
        parts |= PASSES;
    }
    if !pool && passes::are_possible(g) && passes::are_faster(g, filters) {
        return ONLY_PASSES;
    }
    // A window has two rows and two columns, so that no output is left over.
    let left_over = !pool && !(g.output[0] * (g.output[1] % TILE)).is_multiple_of(TILE);
    if left_over || !is_whole(g, 0) || !is_whole(g, 1) {
        return parts | FANS;
    }
    parts
}

/// Whether the weights of filters stay in registers: up to 4 x 4 of one channel, and fewer filters of it
/// than a tile has.
pub(crate) const fn is_kept(g: &ConvGeometry) -> bool {
    let is_small = g.kernel[0] <= 4 && g.kernel[1] <= 4 && g.dilation[1] == 1;
    is_small && g.group_channels() == 1 && g.group_filters() < TILE
}

/// Whether filters that are left over of tiles get their products channel by channel.
pub(crate) const fn takes_passes(g: &ConvGeometry) -> bool {
    passes::are_possible(g) && !is_kept(g)
}

/// Whether along `axis` all outputs have all taps inside the input.
const fn is_whole(g: &ConvGeometry, axis: usize) -> bool {
    let interior = g.interior(axis);
    interior.start == 0 && interior.end == g.output[axis]
}
