//! Four rows of outputs side by side, of a block that is a single filter: neighbours of that filter, or
//! of it in each of the groups.

use super::TileShape;
use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use crate::ops::conv2d::scalar::parts;
use core::ops::Range;

/// Lines of a sweep, and outputs of a tile in each of them.
const LINES: usize = 4;

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// The columns among these that are wide enough for lines and have all columns of the kernel, if
    /// there are any.
    pub fn line_columns(&self, columns: &Range<usize>) -> Option<Range<usize>> {
        if !Self::HAS_LINES || !parts::takes_lines(self.geometry) {
            return None;
        }
        let interior = &self.interior[1];
        let inner = columns.start.max(interior.start)..columns.end.min(interior.end);
        (inner.len() >= LINES).then_some(inner)
    }

    /// All outputs in these rows and columns, which have all columns of the kernel.
    #[inline(never)]
    pub fn lines(&mut self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
        let mut y = rows.start;
        while y < rows.end {
            let alike = self.alike(0, y, rows.end);
            self.taps = [self.valid_taps(0, y), 0..self.geometry.kernel[1]];
            y = alike.end;
            // One line is four times what it costs, which is still less where rows have one tap.
            let is_lone = self.groups * alike.len() == 1 && self.geometry.kernel[1] > 1;
            if self.taps[0].is_empty() || is_lone {
                self.runs([alike, columns.clone()], target);
            } else {
                self.alike_lines(alike, columns.clone(), target);
            }
        }
    }

    /// The same, of rows that have the block's taps, of which there are some.
    #[inline(never)]
    fn alike_lines(&mut self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
        self.aim();
        (self.sweep.input_step, self.sweep.output_step) = (bytes(LINES), bytes(LINES));
        let g = self.geometry;
        let (filters, area) = (g.group_filters(), g.group_channels() * g.input_area());
        let mut line = 0;
        for group in 0..self.groups {
            // SAFETY: there is a bias for each filter, as the convolution asserts, or none, which is one 0.
            let bias = unsafe { *self.bias_of(group * filters) };
            let weights = self.first_weight(group * filters);
            for y in rows.clone() {
                let input = self.first_input(y, columns.start);
                let place = group * filters * g.output_area() + target.place(y, columns.start);
                let sweep = &mut self.sweep;
                sweep.inputs[line] = input.wrapping_add(group * area);
                sweep.weights[line] = weights;
                sweep.outputs[line] = target.outputs[0].wrapping_add(place);
                sweep.sums[LINES * line..][..LINES].fill(bias);
                line += 1;
                if line == LINES {
                    self.run_lines(columns.len());
                    line = 0;
                }
            }
        }
        if line > 0 {
            // The others are the last one again.
            let (sweep, last) = (&mut self.sweep, line - 1);
            for other in line..LINES {
                sweep.inputs[other] = sweep.inputs[last];
                sweep.weights[other] = sweep.weights[last];
                sweep.outputs[other] = sweep.outputs[last];
                let sums = LINES * last..LINES * line;
                sweep.sums.copy_within(sums, LINES * other);
            }
            self.run_lines(columns.len());
        }
    }

    /// So many outputs of each line; the last four once more where some would be left over.
    #[inline(never)]
    fn run_lines(&mut self, columns: usize) {
        self.run(TileShape::Lines, columns / LINES);
        let left = columns % LINES;
        if left > 0 {
            let back = LINES - left;
            let sweep = &mut self.sweep;
            sweep.inputs = sweep.inputs.map(|input| input.wrapping_sub(back));
            sweep.outputs = sweep.outputs.map(|output| output.wrapping_sub(back));
            self.run(TileShape::Lines, 1);
        }
    }
}
