//! Pools of one sample that stand alone, of any window, stride and padding.
//!
//! Outputs are cut into rectangles of windows with as much inside the input; a loop goes through a
//! rectangle in all channels. Where outputs side by side are enough, eight or four of them are lanes: a
//! value of each window is loaded with those between, all at once, and added to its own sum. Where
//! they are few, or far apart, windows are added up one by one, four values of a row at once.

use crate::ops::pool::{PoolGeometry, PoolRectangle};

/// A pool on a processor with loops for it.
pub(crate) struct LoopedPool<'a> {
    pub geometry: PoolGeometry,
    /// channels x rows x columns
    pub input: &'a [f32],
    /// channels x rows x columns
    pub output: &'a mut [f32],
}

/// Outputs that a loop goes through: innermost blocks of one row, then rows, then channels.
#[repr(C)]
pub(super) struct PoolWork {
    /// Columns and rows of a window.
    pub window: [usize; 2],
    /// Bytes from behind a row of a window to its next one.
    pub row_gap: usize,
    /// Blocks, and bytes from one to the next, of the input and of the output; of rows and channels
    /// from behind the one.
    pub turns: [PoolTurn; 3],
    /// What a sum is multiplied by.
    pub reciprocal: f32,
    /// What sums begin with.
    pub zeros: [f32; 8],
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct PoolTurn {
    pub count: usize,
    pub input: isize,
    pub output: isize,
}

/// Windows that a loop computes side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PoolLanes {
    Eight,
    Four,
    One,
}

impl PoolLanes {
    fn len(self) -> usize {
        match self {
            Self::Eight => 8,
            Self::Four => 4,
            Self::One => 1,
        }
    }
}

/// Farthest windows apart of which lanes hold more than one.
const MOST_STRIDE: usize = 3;

impl LoopedPool<'_> {
    /// An average pool.
    pub fn average(self) {
        self.run::<true>();
    }

    /// A max pool, without the places of its winners.
    pub fn find_largest(self) {
        self.run::<false>();
    }

    fn run<const MEAN: bool>(mut self) {
        let g = self.geometry;
        let areas = [g.input, g.output].map(|extents| extents[0] * extents[1]);
        assert!(
            self.input.len() == g.channels * areas[0] && self.output.len() == g.channels * areas[1],
            "buffers of another length"
        );
        g.each_rectangle(|rectangle| {
            self.output_rectangle::<MEAN>(&rectangle, areas);
        });
    }
}

impl LoopedPool<'_> {
    /// Outputs of all channels; `areas` are those of a channel's input and output.
    fn output_rectangle<const MEAN: bool>(&mut self, rectangle: &PoolRectangle, areas: [usize; 2]) {
        let g = &self.geometry;
        for axis in 0..2 {
            let apart = (rectangle.outputs[axis] - 1) * g.stride[axis];
            let end = rectangle.input[axis] + apart + rectangle.window[axis];
            let output = rectangle.output[axis] + rectangle.outputs[axis];
            assert!(
                end <= g.input[axis] && output <= g.output[axis],
                "a window leaves its input"
            );
        }
        let reciprocal = 1.0 / rectangle.count as f32;
        let [height, stride] = [rectangle.outputs[0], g.stride[1]];
        let is_near = stride <= MOST_STRIDE;
        each_block::<MEAN>(rectangle.outputs[1], is_near, |lanes, first, count| {
            let len = lanes.len();
            let [row, column] = rectangle.input;
            let input = row * g.input[1] + column + first * stride;
            let [row, column] = rectangle.output;
            let output = row * g.output[1] + column + first;
            let rows = height * g.stride[0] * g.input[1];
            let blocks = PoolTurn::new(count, len * stride, len);
            let work = PoolWork {
                window: merged(rectangle.window, g.input[1]),
                row_gap: size_of::<f32>() * (g.input[1] - rectangle.window[1]),
                turns: [
                    blocks,
                    PoolTurn::new(height, g.stride[0] * g.input[1], g.output[1]).behind(&blocks),
                    PoolTurn::new(g.channels, areas[0], areas[1]).behind(&PoolTurn::new(
                        1,
                        rows,
                        height * g.output[1],
                    )),
                ],
                reciprocal,
                zeros: [0.0; 8],
            };
            let (input, output) = (&self.input[input..], &mut self.output[output..]);
            // SAFETY: all windows have been found inside the input, and all outputs inside the output,
            // in each of as many channels as both have.
            unsafe { work.run::<MEAN>(lanes, stride, input.as_ptr(), output.as_mut_ptr()) };
        });
    }
}

/// Columns and rows of a window; rows of the whole input are one.
fn merged([rows, columns]: [usize; 2], width: usize) -> [usize; 2] {
    match columns == width {
        true => [rows * columns, 1],
        false => [columns, rows],
    }
}

/// Calls `visit(lanes, first output, blocks)` for what computes so many outputs side by side; where
/// some are left over, a last block begins before them.
fn each_block<const MEAN: bool>(
    outputs: usize,
    is_near: bool,
    mut visit: impl FnMut(PoolLanes, usize, usize),
) {
    if !is_near || outputs < 4 {
        return visit(PoolLanes::One, 0, outputs);
    }
    // A comparison takes so much longer than an addition that more lanes would save little.
    let most = if MEAN && outputs >= 8 {
        PoolLanes::Eight
    } else {
        PoolLanes::Four
    };
    visit(most, 0, outputs / most.len());
    let last = match outputs % most.len() {
        0 => return,
        1..=4 => PoolLanes::Four,
        _ => PoolLanes::Eight,
    };
    visit(last, outputs - last.len(), 1);
}

impl PoolTurn {
    /// So many, the input's and the output's that many values apart.
    fn new(count: usize, input: usize, output: usize) -> Self {
        let [input, output] = [input, output].map(|values| (size_of::<f32>() * values) as isize);
        Self {
            count,
            input,
            output,
        }
    }

    /// The same from behind all of another.
    fn behind(self, inner: &Self) -> Self {
        let count = inner.count as isize;
        Self {
            input: self.input - count * inner.input,
            output: self.output - count * inner.output,
            ..self
        }
    }
}

impl PoolWork {
    /// # Safety
    ///
    /// All windows can be read and all outputs written. Windows of more than one lane are at most
    /// [`MOST_STRIDE`] columns apart.
    unsafe fn run<const MEAN: bool>(
        &self,
        lanes: PoolLanes,
        stride: usize,
        input: *const f32,
        output: *mut f32,
    ) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            use super::pool_loops as loops;
            let own = match (MEAN, lanes, stride) {
                (true, PoolLanes::Eight, 1) => loops::average_eight_1,
                (true, PoolLanes::Eight, 2) => loops::average_eight_2,
                (true, PoolLanes::Eight, _) => loops::average_eight_3,
                (true, PoolLanes::Four, 1) => loops::average_four_1,
                (true, PoolLanes::Four, 2) => loops::average_four_2,
                (true, PoolLanes::Four, _) => loops::average_four_3,
                (true, PoolLanes::One, _) => loops::average_one,
                (false, PoolLanes::One, _) => loops::compare_one,
                (false, _, 1) => loops::compare_four_1,
                (false, _, 2) => loops::compare_four_2,
                (false, _, _) => loops::compare_four_3,
            };
            own(input, output, self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_pools::run::<MEAN>(self, lanes.len(), stride, input, output);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{PoolLanes, each_block};
    use PoolLanes::{Eight, Four, One};
    use std::vec;
    use std::vec::Vec;

    fn blocks<const MEAN: bool>(outputs: usize, is_near: bool) -> Vec<(PoolLanes, usize, usize)> {
        let mut found = vec![];
        each_block::<MEAN>(outputs, is_near, |lanes, first, count| {
            found.push((lanes, first, count));
        });
        found
    }

    #[test]
    fn outputs_side_by_side_are_lanes() {
        assert_eq!(blocks::<true>(16, true), [(Eight, 0, 2)]);
        assert_eq!(blocks::<true>(27, true), [(Eight, 0, 3), (Four, 23, 1)]);
        assert_eq!(blocks::<true>(14, true), [(Eight, 0, 1), (Eight, 6, 1)]);
        assert_eq!(blocks::<true>(6, true), [(Four, 0, 1), (Four, 2, 1)]);
        assert_eq!(blocks::<true>(3, true), [(One, 0, 3)]);
        assert_eq!(blocks::<true>(20, false), [(One, 0, 20)]);
        assert_eq!(blocks::<false>(18, true), [(Four, 0, 4), (Four, 14, 1)]);
    }
}
