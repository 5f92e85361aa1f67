//! Which convolutions get their products channel by channel: what that takes, and tiles, in instructions.

use crate::ops::conv2d::ConvGeometry;

/// Of so many multiply-accumulates, padding counted, tiles are to take more than three instructions each before
/// anything else is tried: on silicon they load less.
const TILES_AT_MOST: usize = 3;

/// Whether the loops can: where rows of taps fit into registers, and a row of outputs onto a list, and there are
/// more outputs than what a channel takes by itself is worth.
pub(crate) const fn are_possible(g: &ConvGeometry) -> bool {
    let is_small = g.kernel[0] <= 8 && g.kernel[1] <= 4 && g.dilation[1] == 1;
    let [height, width] = g.output;
    let is_listed = width <= 32 && height * width >= 6 && g.stride[1] <= 3;
    is_small && is_listed && g.kernel_area() > 1
}

/// Whether so many filters of each group are faster so than in tiles of four.
pub(crate) const fn are_faster(g: &ConvGeometry, filters: usize) -> bool {
    let tiles = tiles_take(g, filters);
    let macs = filters * g.output[0] * g.output[1] * g.taps();
    tiles > TILES_AT_MOST * macs && 8 * passes_take(g, filters) < 7 * tiles
}

/// What any convolution takes before its first product.
const BEFORE: usize = 900;

/// What a region of outputs takes before its first product.
const REGION: usize = 300;

/// Outputs side by side of a line; at strides of more than three there is no code for lines.
pub(crate) const fn line(columns: usize, stride: usize) -> usize {
    match stride {
        1 | 2 => 4,
        3 if columns == 1 => 4,
        3 => 3,
        _ => 1,
    }
}

/// What so many filters of a group take, with the list.
const fn passes_take(g: &ConvGeometry, filters: usize) -> usize {
    let [height, width] = g.output;
    let most = line(g.kernel[1], g.stride[1]);
    // Of a row of outputs, and of each of its rows of taps.
    let (mut calls, mut row) = (0, 0);
    let mut x = 0;
    while x < width {
        let (len, taps) = alike(g, 1, x);
        let lines = len.div_ceil(if taps == g.kernel[1] { most } else { 1 });
        if taps > 0 {
            calls += lines;
            row += 2 * lines + len * taps;
        }
        x += len;
    }
    let (mut rows, mut y) = (0, 0);
    while y < height {
        let (len, taps) = alike(g, 0, y);
        rows += len * taps;
        y += len;
    }
    let channel = 25 + 2 * g.kernel[0] + 6 * calls * height + row * rows;
    let filter = 60 + 5 * height * width + g.group_channels() * channel;
    BEFORE + 400 + 15 * calls * height + filters * filter
}

/// What tiles of so many filters of a group take, region by region.
const fn tiles_take(g: &ConvGeometry, filters: usize) -> usize {
    let (mut sum, mut y) = (BEFORE, 0);
    while y < g.output[0] {
        let (height, rows) = alike(g, 0, y);
        let mut x = 0;
        while x < g.output[1] {
            let (width, columns) = alike(g, 1, x);
            if rows * columns > 0 {
                sum += region_takes(g, filters, [height, width], [rows, columns]);
            }
            x += width;
        }
        y += height;
    }
    sum
}

/// Outputs with the same rows and columns of taps: tiles of neighbours, of others, and what is left over.
const fn region_takes(
    g: &ConvGeometry,
    filters: usize,
    [height, width]: [usize; 2],
    [rows, columns]: [usize; 2],
) -> usize {
    let all_rows = rows * g.group_channels();
    let blocks = filters.div_ceil(4);
    let is_column = g.kernel[1] == 1;
    let line = 130 + all_rows * row_takes(columns, if g.stride[1] == 1 { 2 } else { 8 }, is_column);
    let scattered = 130 + all_rows * row_takes(columns, 8, is_column);
    let lines = height * (width / 4);
    let others = height * (width % 4);
    let lone = 60 + all_rows * (15 + 8 * columns);
    let mut sum =
        blocks * (lines * line + others / 4 * scattered + (others % 4).div_ceil(2) * lone);
    // Before and behind each call.
    if lines > 0 {
        sum += 60 * height;
    }
    sum + REGION + 100 * (others / 4) + 150 * (others % 4).div_ceil(2)
}

/// A row of taps of a tile whose inputs take so many instructions to load; three rows of one tap are taken at once
/// where that is all of the kernel's.
const fn row_takes(columns: usize, loads: usize, is_column: bool) -> usize {
    if is_column {
        return 18 + loads;
    }
    13 + (54 + loads) * (columns / 3) + (22 + loads) * (columns % 3)
}

/// How many outputs from `at` on, along an axis, have as many taps, and how many these are.
const fn alike(g: &ConvGeometry, axis: usize, at: usize) -> (usize, usize) {
    let first = g.valid_taps(axis, at);
    let mut end = at + 1;
    while end < g.output[axis] {
        let next = g.valid_taps(axis, end);
        if next.start != first.start || next.end != first.end {
            break;
        }
        end += 1;
    }
    (end - at, first.end.saturating_sub(first.start))
}
