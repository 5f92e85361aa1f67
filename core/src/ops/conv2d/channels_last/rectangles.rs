//! Rectangles of output positions, or of pooled windows, all of which have the same taps inside the
//! input.

use super::ConvGeometry;
use core::ops::Range;

/// Rows and columns of windows of a pool, or of positions where there is none.
#[derive(Clone, Debug)]
pub(super) struct PositionRectangle {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl PositionRectangle {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Rows and columns of as many as fit, from number `at` on in scan order; the last one stands for
    /// those that are not there.
    #[inline(always)]
    pub fn places<const P: usize>(&self, at: usize) -> [[usize; 2]; P] {
        let width = self.columns.len();
        let (mut row, mut column) = (
            self.rows.start + at / width,
            self.columns.start + at % width,
        );
        let mut places = [[row, column]; P];
        for p in 1..P {
            let is_end = column + 1 == self.columns.end;
            if at + p < self.len() {
                row += usize::from(is_end);
                column = if is_end {
                    self.columns.start
                } else {
                    column + 1
                };
            }
            places[p] = [row, column];
        }
        places
    }

    /// The kernel's rows and columns that are inside the input, for place `sub` of the windows of
    /// `size` x `size`; empty, wherever they begin, where none is.
    #[inline(always)]
    pub fn taps(&self, g: &ConvGeometry, size: usize, sub: [usize; 2]) -> [Range<usize>; 2] {
        [
            g.valid_taps(0, self.rows.start * size + sub[0]),
            g.valid_taps(1, self.columns.start * size + sub[1]),
        ]
    }
}

/// Calls `visit` for the rectangles of a convolution, which cover its output.
#[inline(always)]
pub(super) fn each_rectangle(
    g: &ConvGeometry,
    pool: bool,
    mut visit: impl FnMut(PositionRectangle),
) {
    let size = 1 + usize::from(pool);
    let segments = |axis| PositionSegments::new(g, axis, size);
    let (across, along) = (segments(0), segments(1));
    let mut row = 0;
    while row < across.count {
        let rows = across.segment(row);
        row = rows.end;
        let mut column = 0;
        while column < along.count {
            let columns = along.segment(column);
            column = columns.end;
            let rows = rows.clone();
            visit(PositionRectangle { rows, columns });
        }
    }
}

/// Windows along one axis: those all of whose taps are inside run together, others stand alone.
struct PositionSegments {
    count: usize,
    inside: Range<usize>,
}

impl PositionSegments {
    #[inline(always)]
    fn new(g: &ConvGeometry, axis: usize, size: usize) -> Self {
        let span = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
        let reach = g.input[axis] + g.padding[axis];
        let end = match reach.checked_sub(span) {
            Some(room) => (room / g.stride[axis] + 1).min(g.output[axis]),
            None => 0,
        };
        let first = g.padding[axis].div_ceil(g.stride[axis]);
        let inside = first.div_ceil(size)..end / size;
        let count = g.output[axis] / size;
        Self { count, inside }
    }

    #[inline(always)]
    fn segment(&self, start: usize) -> Range<usize> {
        match self.inside.start == start && !self.inside.is_empty() {
            true => self.inside.clone(),
            false => start..start + 1,
        }
    }
}
