//! Max and average pooling.

mod average;
mod channels_last;
pub(crate) mod int8;
mod max;
pub(crate) mod packets;
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
mod rectangles;
pub mod reference;

pub(crate) use average::{AveragePool, AveragePoolGradient, differentiate_map_means};
pub use channels_last::PoolChannelsLast;
pub(crate) use channels_last::PoolInPackets;
pub(crate) use max::{MaxPool, MaxPoolGradient, pool_2x2};
#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
pub(crate) use rectangles::PoolRectangle;

use crate::{Pool2d, Shape};
use core::ops::Range;

/// Extents of a pool, all in elements.
///
/// Every window has at least one value inside the input, as the check of a network sees to.
#[derive(Clone, Copy, Debug)]
pub struct PoolGeometry {
    /// Channels of input and output.
    pub channels: usize,
    /// Input rows and columns.
    pub input: [usize; 2],
    /// Output rows and columns.
    pub output: [usize; 2],
    /// Window rows and columns.
    pub window: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
    /// Rows imagined above the input, and columns before it.
    pub before: [usize; 2],
    /// Rows imagined below the input, and columns behind it.
    pub after: [usize; 2],
    /// Whether the divisor of a mean counts these.
    pub counts_padding: bool,
}

impl PoolGeometry {
    /// The geometry of `pool` between an input and an output of the given shapes.
    pub const fn new(pool: &Pool2d, input: Shape, output: Shape) -> Self {
        Self {
            channels: input.channels as usize,
            input: [input.height as usize, input.width as usize],
            output: [output.height as usize, output.width as usize],
            window: [pool.window[0] as usize, pool.window[1] as usize],
            stride: [pool.stride[0] as usize, pool.stride[1] as usize],
            before: [pool.padding.top as usize, pool.padding.left as usize],
            after: [pool.padding.bottom as usize, pool.padding.right as usize],
            counts_padding: pool.count_include_pad,
        }
    }

    /// Whether all windows lie inside the input, so that none has to be clipped.
    pub(crate) const fn is_inside(&self) -> bool {
        let mut inside = true;
        let mut axis = 0;
        while axis < 2 {
            let end = (self.output[axis] - 1) * self.stride[axis] + self.window[axis];
            inside = inside && self.before[axis] == 0 && end <= self.input[axis];
            axis += 1;
        }
        inside
    }

    /// Whether each window is a whole map of the input.
    pub(crate) fn averages_maps(&self) -> bool {
        self.is_inside() && self.window == self.input
    }

    /// What an average pool multiplies the sums of whole windows by.
    pub(crate) fn reciprocal(&self) -> f32 {
        1.0 / (self.window[0] * self.window[1]) as f32
    }

    /// Calls `visit(index of the output, index of the window's first input)` for every window, in
    /// scan order, where [all are inside](Self::is_inside).
    #[inline(always)]
    pub(crate) fn each_window(&self, mut visit: impl FnMut(usize, usize)) {
        let mut output = 0;
        for c in 0..self.channels {
            for y in 0..self.output[0] {
                for x in 0..self.output[1] {
                    let row = c * self.input[0] + y * self.stride[0];
                    visit(output, row * self.input[1] + x * self.stride[1]);
                    output += 1;
                }
            }
        }
    }

    /// Calls `visit(index of the output, what of its window is inside)` for every window, in scan
    /// order.
    #[inline(always)]
    pub(crate) fn each_clip(&self, mut visit: impl FnMut(usize, Clip)) {
        let mut output = 0;
        for c in 0..self.channels {
            for y in 0..self.output[0] {
                let rows = self.inside(0, y);
                let row = c * self.input[0] + y * self.stride[0] + rows.start - self.before[0];
                for x in 0..self.output[1] {
                    let columns = self.inside(1, x);
                    let column = x * self.stride[1] + columns.start - self.before[1];
                    let clip = Clip {
                        corner: row * self.input[1] + column,
                        count: self.counted(0, y, &rows) * self.counted(1, x, &columns),
                        rows: rows.clone(),
                        columns,
                    };
                    visit(output, clip);
                    output += 1;
                }
            }
        }
    }

    /// The rows (axis 0) or columns (axis 1) of the window at `place` that are inside the input.
    #[inline(always)]
    pub(crate) fn inside(&self, axis: usize, place: usize) -> Range<usize> {
        let start = place * self.stride[axis];
        let end = self.before[axis] + self.input[axis] - start;
        self.before[axis].saturating_sub(start)..self.window[axis].min(end)
    }

    /// Their number as a divisor has it, given those inside.
    #[inline(always)]
    pub(crate) fn counted(&self, axis: usize, place: usize, inside: &Range<usize>) -> usize {
        if !self.counts_padding {
            return inside.len();
        }
        let padded = self.before[axis] + self.input[axis] + self.after[axis];
        self.window[axis].min(padded - place * self.stride[axis])
    }
}

/// What of a window lies inside the input.
pub(crate) struct Clip {
    /// Index of its first input.
    pub corner: usize,
    /// Rows of the window.
    pub rows: Range<usize>,
    /// Columns of the window.
    pub columns: Range<usize>,
    /// Divisor of the window's mean.
    pub count: usize,
}

impl Clip {
    /// Calls `visit(place in the window, index of the input)` for every value, in scan order.
    #[inline(always)]
    pub fn each(&self, g: &PoolGeometry, mut visit: impl FnMut(usize, usize)) {
        let mut line = self.corner;
        for row in self.rows.clone() {
            let place = row * g.window[1] + self.columns.start;
            for column in 0..self.columns.len() {
                visit(place + column, line + column);
            }
            line += g.input[1];
        }
    }
}

#[cfg(test)]
mod tests;
