//! Outputs of a pool whose windows have as much inside the input.

use super::PoolGeometry;
use core::ops::Range;

/// A rectangle of outputs, the same in each channel, whose windows are clipped alike or not at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolRectangle {
    /// Row and column of its first output.
    pub output: [usize; 2],
    /// Rows and columns of outputs.
    pub outputs: [usize; 2],
    /// Row and column of the first input of its first window.
    pub input: [usize; 2],
    /// Rows and columns that a window has inside the input.
    pub window: [usize; 2],
    /// Divisor of each window's mean.
    pub count: usize,
}

/// Outputs along an axis that are clipped alike.
struct ClippedRun {
    outputs: Range<usize>,
    input: usize,
    window: usize,
    count: usize,
}

impl PoolGeometry {
    /// Calls `visit` for all rectangles, which have each output once.
    pub(crate) fn each_rectangle(&self, mut visit: impl FnMut(PoolRectangle)) {
        let mut y = 0;
        while y < self.output[0] {
            let rows = self.clipped_run(0, y);
            y = rows.outputs.end;
            let mut x = 0;
            while x < self.output[1] {
                let columns = self.clipped_run(1, x);
                x = columns.outputs.end;
                visit(PoolRectangle {
                    output: [rows.outputs.start, columns.outputs.start],
                    outputs: [rows.outputs.len(), columns.outputs.len()],
                    input: [rows.input, columns.input],
                    window: [rows.window, columns.window],
                    count: rows.count * columns.count,
                });
            }
        }
    }

    /// The outputs from `first` on that are clipped alike along an axis.
    fn clipped_run(&self, axis: usize, first: usize) -> ClippedRun {
        let inside = self.inside(axis, first);
        let count = self.counted(axis, first, &inside);
        let mut end = first + 1;
        while end < self.output[axis] {
            let own = self.inside(axis, end);
            if own != inside || self.counted(axis, end, &own) != count {
                break;
            }
            end += 1;
        }
        ClippedRun {
            outputs: first..end,
            input: first * self.stride[axis] + inside.start - self.before[axis],
            window: inside.len(),
            count,
        }
    }
}
