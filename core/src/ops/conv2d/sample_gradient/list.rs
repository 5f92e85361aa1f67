//! Short lists of the outputs that have a gradient.

use super::positions::{Visit, each_position};
use super::{SampleOutputGradient, TapRows};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// Positions on a list: so many that what is done once a list counts for little, and so few that
/// it fits a small stack.
const POSITIONS: usize = 32;

/// An output with a gradient.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Position {
    /// Which of a kernel's columns it has inside the input, as [`TapRows::code`] says it.
    pub code: usize,
    /// Bytes from a channel's first value to that of its first tap.
    pub at: usize,
    /// Never 0.
    pub gradient: f32,
}

/// Outputs of one filter whose taps lie in the same rows of the kernel, in the order in which they
/// are to be taken.
pub(crate) struct PositionList {
    positions: [Position; POSITIONS + 1],
    len: usize,
    reach: usize,
}

impl PositionList {
    /// The positions, and behind them one whose code is [`TapRows::end`].
    pub fn positions(&self) -> &[Position] {
        &self.positions[..=self.len]
    }

    /// Values of a channel up to the last tap of any position in the first of the kernel's rows.
    #[allow(dead_code, reason = "kernels for one target check it")]
    pub const fn reach(&self) -> usize {
        self.reach
    }

    /// Calls `run(list, rows, tap)` with all outputs of a filter whose gradient is not 0 and that
    /// have taps inside the input, list by list, in scan order or in its reverse; `tap` is the index
    /// in a kernel of the first tap in the rows that they have. Gives the sum of all gradients in
    /// that order.
    #[inline(always)]
    pub fn each<R: TapRows, const REVERSE: bool>(
        g: &ConvGeometry,
        d_output: &SampleOutputGradient<'_>,
        filter: usize,
        run: impl FnMut(&Self, R, usize),
    ) -> f32 {
        let mut filling = Filling {
            geometry: g,
            inside: g.interior(1),
            list: Self {
                positions: [Position {
                    code: 0,
                    at: 0,
                    gradient: 0.0,
                }; POSITIONS + 1],
                len: 0,
                reach: 0,
            },
            taps: 0..0,
            rows: R::choose(REVERSE, g, 1),
            code: 0,
            first: 0,
            sum: 0.0,
            run,
        };
        each_position::<REVERSE>(g, d_output, filter, &mut filling);
        filling.flush();
        filling.sum
    }
}

/// A list on which positions are put.
struct Filling<'g, R, F> {
    geometry: &'g ConvGeometry,
    /// Columns of outputs that have all of a kernel's columns.
    inside: Range<usize>,
    list: PositionList,
    /// Rows of the kernel that the listed positions have.
    taps: Range<usize>,
    rows: R,
    /// Of a position that has all of a kernel's columns.
    code: usize,
    /// Index in a channel, plus the padding before a row, of the row's value in the first of the
    /// kernel's rows.
    first: usize,
    sum: f32,
    run: F,
}

impl<R: TapRows, F: FnMut(&PositionList, R, usize)> Filling<'_, R, F> {
    #[inline(always)]
    fn put(&mut self, code: usize, at: usize, columns: usize, gradient: f32) {
        let reach = at + columns;
        self.list.reach = self.list.reach.max(reach);
        self.list.positions[self.list.len] = Position {
            code,
            at: at * size_of::<f32>(),
            gradient,
        };
        self.list.len += 1;
        if self.list.len == POSITIONS {
            self.flush();
        }
    }

    /// An output whose first or last taps may be in the padding, or whose taps are apart.
    #[inline(never)]
    fn put_edge(&mut self, x: usize, gradient: f32) {
        let g = self.geometry;
        let columns = g.valid_taps(1, x);
        if columns.is_empty() {
            return;
        }
        let at = self.first + x * g.stride[1] + columns.start * g.dilation[1] - g.padding[1];
        let code = self.rows.code(&columns);
        self.put(code, at, (columns.len() - 1) * g.dilation[1] + 1, gradient);
    }

    #[inline(never)]
    fn flush(&mut self) {
        if self.list.len == 0 {
            return;
        }
        self.list.positions[self.list.len].code = self.rows.end();
        let tap = self.taps.start * self.geometry.kernel[1];
        (self.run)(&self.list, self.rows, tap);
        (self.list.len, self.list.reach) = (0, 0);
    }
}

impl<R: TapRows, F: FnMut(&PositionList, R, usize)> Visit for Filling<'_, R, F> {
    #[inline(always)]
    fn begin_row(&mut self, y: usize) {
        let g = self.geometry;
        let taps = g.valid_taps(0, y);
        if taps != self.taps {
            self.flush();
            if !taps.is_empty() {
                self.rows = self.rows.with_count(g, taps.len());
                self.code = self.rows.code(&(0..g.kernel[1]));
            }
            self.taps = taps;
        }
        if !self.taps.is_empty() {
            let row = y * g.stride[0] + self.taps.start * g.dilation[0] - g.padding[0];
            self.first = row * g.input[1];
        }
    }

    #[inline(always)]
    fn output(&mut self, x: usize, gradient: f32) {
        self.sum += gradient;
        if self.taps.is_empty() {
            return;
        }
        if self.inside.contains(&x) {
            let g = self.geometry;
            let at = self.first + x * g.stride[1] - g.padding[1];
            self.put(self.code, at, g.kernel[1], gradient);
        } else {
            self.put_edge(x, gradient);
        }
    }
}
