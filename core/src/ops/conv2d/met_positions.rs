//! Which output positions meet a tap of the kernel, and where.

use super::ConvGeometry;
use crate::lanes::Nest;
use core::ops::Range;

/// The positions that meet the columns of a tile.
pub(super) struct MetPositions {
    /// Rows and columns.
    pub ranges: [Range<usize>; 2],
    pub nest: Nest,
}

impl MetPositions {
    /// Those of tap `tap`, in some rows; `None` if there are none.
    #[inline(always)]
    pub fn of(g: &ConvGeometry, tap: usize, rows: &Range<usize>) -> Option<Self> {
        let ranges = positions(g, tap, rows);
        (!ranges.iter().any(Range::is_empty)).then(|| Self {
            nest: nest(g, &ranges),
            ranges,
        })
    }
}

/// Goes through the taps of a kernel, channel by channel, without a division.
pub(super) struct TapCursor<'a> {
    g: &'a ConvGeometry,
    /// Where the first tap of the channel, and of the row, meets its first value.
    starts: [usize; 2],
    /// Row and column of the kernel.
    at: [usize; 2],
    weight: usize,
}

impl<'a> TapCursor<'a> {
    #[inline(always)]
    pub fn new(g: &'a ConvGeometry, first: usize) -> Self {
        Self {
            g,
            starts: [first; 2],
            at: [0; 2],
            weight: 0,
        }
    }

    /// Where the next tap meets its first value, and its weight.
    #[inline(always)]
    pub fn next(&mut self) -> (usize, usize) {
        let g = self.g;
        let column = (self.starts[1] + self.at[1] * g.dilation[1], self.weight);
        self.weight += 1;
        self.at[1] += 1;
        if self.at[1] == g.kernel[1] {
            self.at = [self.at[0] + 1, 0];
            self.starts[1] += g.dilation[0] * g.input[1];
            if self.at[0] == g.kernel[0] {
                self.at[0] = 0;
                self.starts = [self.starts[0] + g.input_area(); 2];
            }
        }
        column
    }
}

/// Output positions in scan order: rows of gradients with the rows of values that they meet.
#[inline(always)]
pub(super) fn nest(g: &ConvGeometry, positions: &[Range<usize>; 2]) -> Nest {
    Nest::new(
        [1, positions[0].len(), positions[1].len()],
        [0, g.output[1] as isize, 1],
        [0, (g.stride[0] * g.input[1]) as isize, g.stride[1] as isize],
    )
}

/// The rows among `rows`, and the columns, of outputs whose tap `tap` falls inside the input.
#[inline(always)]
pub(super) fn positions(g: &ConvGeometry, tap: usize, rows: &Range<usize>) -> [Range<usize>; 2] {
    let reached = reaching(g, 0, tap / g.kernel[1]);
    let columns = reaching(g, 1, tap % g.kernel[1]);
    [
        rows.start.max(reached.start)..rows.end.min(reached.end),
        columns,
    ]
}

/// Where, within a channel, the first of these positions meets tap `tap`.
#[inline(always)]
pub(super) fn first_value(g: &ConvGeometry, tap: usize, positions: &[Range<usize>; 2]) -> usize {
    let taps = [tap / g.kernel[1], tap % g.kernel[1]];
    let place = |axis: usize| {
        positions[axis].start * g.stride[axis] + taps[axis] * g.dilation[axis] - g.padding[axis]
    };
    place(0) * g.input[1] + place(1)
}

/// Whether all taps of all outputs are inside the input, along `axis`.
#[inline(always)]
pub(super) fn sees_no_padding(g: &ConvGeometry, axis: usize) -> bool {
    let all = 0..g.output[axis];
    reaching(g, axis, 0) == all && reaching(g, axis, g.kernel[axis] - 1) == all
}

/// Along `axis`, the outputs whose tap `tap` falls inside the input.
#[inline(always)]
fn reaching(g: &ConvGeometry, axis: usize, tap: usize) -> Range<usize> {
    let shift = tap * g.dilation[axis];
    let first = g.padding[axis].saturating_sub(shift);
    let first = first.div_ceil(g.stride[axis]);
    let reach = g.input[axis] + g.padding[axis];
    if reach <= shift {
        return 0..0;
    }
    let end = (reach - shift).div_ceil(g.stride[axis]);
    let end = end.min(g.output[axis]);
    first.min(end)..end
}
