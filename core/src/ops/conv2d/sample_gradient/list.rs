//! Short lists of the outputs that have a gradient.

use super::output_row::OutputRow;
use super::{SampleOutputGradient, TapRows};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// Positions on a list: so many that what is done once a list counts for little, and so few that
/// it fits a small stack.
const POSITIONS: usize = 32;

/// Bytes of a value.
const VALUE: usize = size_of::<f32>();

/// An output with a gradient.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TapPosition {
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
    positions: [TapPosition; POSITIONS + 1],
    len: usize,
    reach: usize,
}

impl PositionList {
    /// A list with nothing on it. To be used again and again, since it is long.
    pub const fn new() -> Self {
        Self {
            positions: [TapPosition {
                code: 0,
                at: 0,
                gradient: 0.0,
            }; POSITIONS + 1],
            len: 0,
            reach: 0,
        }
    }

    /// The positions, and behind them one whose code is [`TapRows::end`].
    pub fn positions(&self) -> &[TapPosition] {
        &self.positions[..=self.len]
    }

    /// Values of a channel up to the end of the last row in which a position has taps of the first
    /// of the kernel's rows.
    #[allow(dead_code, reason = "kernels for one target check it")]
    pub const fn reach(&self) -> usize {
        self.reach
    }

    /// Calls `run(list, rows, tap)` with all outputs of a filter whose gradient is not 0 and that
    /// have taps inside the input, list by list, in scan order or in its reverse; `tap` is the index
    /// in a kernel of the first tap in the rows that they have. Gives the sum of all gradients in
    /// that order.
    pub fn each<R: TapRows, const REVERSE: bool>(
        &mut self,
        g: &ConvGeometry,
        rows: R,
        d_output: &SampleOutputGradient<'_>,
        filter: usize,
        run: impl FnMut(&Self, R, usize),
    ) -> f32 {
        let inside = [g.interior(0), g.interior(1)];
        let mut filling = Filling {
            geometry: g,
            units: d_output.units_within(&inside[1]),
            stride: g.stride[1] * VALUE,
            list: self,
            taps: 0..0,
            rows,
            code: 0,
            first: 0,
            end: 0,
            sum: 0.0,
            run,
        };
        OutputRow::each::<REVERSE>(g, d_output, filter, |y, line| {
            // The same taps as of any other row inside.
            let is_inside = inside[0].contains(&y);
            if !is_inside || filling.taps.len() < g.kernel[0] {
                filling.choose_taps(g.valid_taps(0, y));
            }
            filling.take_row::<REVERSE>(y, &line);
        });
        filling.flush();
        filling.sum
    }
}

/// A list on which positions are put.
struct Filling<'g, R, F> {
    geometry: &'g ConvGeometry,
    /// Units of a line of outputs that have all of a kernel's columns.
    units: Range<usize>,
    /// Bytes from an output's first tap to that of the next one.
    stride: usize,
    list: &'g mut PositionList,
    /// Rows of the kernel that the listed positions have.
    taps: Range<usize>,
    rows: R,
    /// Of a position that has all of a kernel's columns.
    code: usize,
    /// Bytes from a channel's first value to the first tap of the row's first output, which may
    /// lie before it, in the padding.
    first: usize,
    /// Values of a channel up to the end of that row.
    end: usize,
    sum: f32,
    run: F,
}

impl<R: TapRows, F: FnMut(&PositionList, R, usize)> Filling<'_, R, F> {
    /// Says which rows of the kernel the next outputs have.
    fn choose_taps(&mut self, taps: Range<usize>) {
        if taps == self.taps {
            return;
        }
        self.flush();
        self.list.reach = 0;
        if !taps.is_empty() {
            self.rows = self.rows.with_count(self.geometry, taps.len());
            self.code = self.rows.code(&(0..self.geometry.kernel[1]));
        }
        self.taps = taps;
    }

    /// Puts row `y` on the list.
    #[inline(always)]
    fn take_row<const REVERSE: bool>(&mut self, y: usize, line: &OutputRow<'_>) {
        let mut inside = self.units.clone();
        if self.taps.is_empty() {
            inside = 0..0;
        } else {
            let g = self.geometry;
            let row = y * g.stride[0] + self.taps.start * g.dilation[0] - g.padding[0];
            let start = row * g.input[1];
            self.first = start.wrapping_sub(g.padding[1]).wrapping_mul(VALUE);
            // All taps of a row lie in that row, so that its end is all there is to check.
            self.end = start + g.input[1];
            self.list.reach = self.list.reach.max(self.end);
        }
        let (before, behind) = (0..inside.start, inside.end..line.units());
        if REVERSE {
            behind.rev().for_each(|unit| self.take_edge(line, unit));
            self.take_inside::<REVERSE>(line, inside);
            before.rev().for_each(|unit| self.take_edge(line, unit));
        } else {
            before.for_each(|unit| self.take_edge(line, unit));
            self.take_inside::<REVERSE>(line, inside);
            behind.for_each(|unit| self.take_edge(line, unit));
        }
    }

    /// Units that have all of a kernel's columns.
    #[inline(always)]
    fn take_inside<const REVERSE: bool>(&mut self, line: &OutputRow<'_>, mut units: Range<usize>) {
        while !units.is_empty() {
            if units.len() > POSITIONS - self.list.len {
                self.flush();
            }
            let count = units.len().min(POSITIONS);
            let next = if REVERSE {
                units.end - count..units.end
            } else {
                units.start..units.start + count
            };
            units = if REVERSE {
                units.start..next.start
            } else {
                next.end..units.end
            };
            let places = &mut self.list.positions[self.list.len..POSITIONS];
            let layout = [self.code, self.first, self.stride];
            self.list.len += line.list::<REVERSE>(next, layout, places, &mut self.sum);
        }
    }

    /// A unit whose first or last taps may be in the padding, or whose taps are apart.
    #[inline(always)]
    fn take_edge(&mut self, line: &OutputRow<'_>, unit: usize) {
        if let Some((x, gradient)) = line.unit(unit) {
            self.put_edge(x, gradient);
        }
    }

    #[inline(never)]
    fn put_edge(&mut self, x: usize, gradient: f32) {
        self.sum += gradient;
        let g = self.geometry;
        let columns = g.valid_taps(1, x);
        if self.taps.is_empty() || columns.is_empty() {
            return;
        }
        if self.list.len == POSITIONS {
            self.flush();
        }
        let tap = x * self.stride + columns.start * g.dilation[1] * VALUE;
        self.list.positions[self.list.len] = TapPosition {
            code: self.rows.code(&columns),
            at: self.first.wrapping_add(tap),
            gradient,
        };
        self.list.len += 1;
    }

    #[inline(never)]
    fn flush(&mut self) {
        if self.list.len == 0 {
            return;
        }
        self.list.positions[self.list.len].code = self.rows.end();
        let tap = self.taps.start * self.geometry.kernel[1];
        (self.run)(self.list, self.rows, tap);
        // The next positions may be of the same row.
        (self.list.len, self.list.reach) = (0, self.end);
    }
}
