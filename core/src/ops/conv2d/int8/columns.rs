//! Depthwise convolutions of codes, a packet of samples at a time, by quads of neighbouring columns.
//!
//! In packets four channels lie side by side, of which a filter sees one. So the codes of a row are
//! gathered first: at each place, for each of four channels, the codes of four neighbouring columns, which
//! two outputs share where they see no more. Rows are gathered as outputs come to see them, for all filters of those
//! channels, behind the rows before; where there is no more room those that are still seen move to the front.

use super::block_scale::BlockScale;
use super::packets::{FilterQuad, PacketConv};
use super::positions::larger;
use crate::lanes::codes::{CodeLanes, ColumnRuns, QUAD};
use core::ops::Range;

impl<C: CodeLanes> PacketConv<'_, C> {
    /// Computes all outputs.
    #[inline(always)]
    pub(super) fn by_columns(mut self) {
        let g = self.geometry;
        let each = g.channel_filters();
        let extents = self.extents();
        let step = g.stride[0] * self.pool_window();
        let words = BlockScale::WORDS + g.block_words::<C>(0);
        let runs = g.column_runs();
        for quad in 0..g.blocks().div_ceil(each) {
            // Those of one quad of channels see the same rows.
            let blocks = quad * each..g.blocks().min((quad + 1) * each);
            let weights = self.weights;
            let read = |own: &Self, index: usize| {
                own.block(index, &mut &weights[index * words..], own.runs)
            };
            let mut block = read(&self, blocks.start);
            // The first row that is held, and the next one to gather.
            let (mut held, mut next) = (0, 0);
            for y in 0..extents[0] {
                let first = y * step;
                let behind = first + g.seen_rows;
                next = next.max(first);
                if behind - held > g.held_rows {
                    let row = g.column_places() * QUAD * C::LANES;
                    self.ring
                        .copy_within((first - held) * row..(next - held) * row, 0);
                    held = first;
                }
                for row in next..behind {
                    self.gather_row(
                        quad,
                        row,
                        (row - held) * runs.row_step..(row + 1 - held) * runs.row_step,
                    );
                }
                next = behind;
                let start = (first - held) * runs.row_step;
                for index in blocks.clone() {
                    if block.end.index != index {
                        block = read(&self, index);
                    }
                    if self.pool {
                        self.pooled_columns(&block, &runs, y, start);
                    } else if const { C::HAS_FUSED_SCALES } && block.end.scale.has_floats() {
                        self.column_row::<true>(&block, &runs, y, start);
                    } else {
                        self.column_row::<false>(&block, &runs, y, start);
                    }
                }
            }
        }
    }

    /// Gathers a row of a quad of channels into packets of those that are held; `row` counts those of padding.
    #[inline(always)]
    fn gather_row(&mut self, quad: usize, row: usize, packets: Range<usize>) {
        let g = self.geometry;
        let ([height, width], [above, left]) =
            (g.conv().input, [g.conv().padding[0], g.conv().padding[1]]);
        let quads = self.places.quads;
        let ring = &mut self.ring[packets.start * C::LANES..packets.end * C::LANES];
        // What lies before the input wraps around, far beyond its end.
        let row = row.wrapping_sub(above);
        if row >= height {
            return ring.fill(self.padding);
        }
        let input = &self.input[row * width * quads * C::LANES..][..width * quads * C::LANES];
        let padding = self.proof.splat(self.padding as i32);
        let step = g.column_share * g.stride[1];
        // Places that see nothing but the input.
        let within = left.div_ceil(step)..(width + left).saturating_sub(QUAD - 1).div_ceil(step);
        for (place, out) in ring.chunks_exact_mut(QUAD * C::LANES).enumerate() {
            let first = (place * step).wrapping_sub(left);
            let mut packets = [padding; QUAD];
            if within.contains(&place) {
                for (next, packet) in packets.iter_mut().enumerate() {
                    // SAFETY: the first column is no less than 0, and the last one less than the row's width.
                    *packet = unsafe {
                        self.proof
                            .load_unchecked(input, (first + next) * quads + quad)
                    };
                }
            } else {
                for (next, packet) in packets.iter_mut().enumerate() {
                    // What lies before the input wraps around, far beyond its end.
                    let column = first.wrapping_add(next);
                    if column < width {
                        let at = (column * quads + quad) * C::LANES;
                        *packet = self.proof.load(&input[at..]);
                    }
                }
            }
            let gathered = C::gather(packets);
            for f in 0..QUAD {
                gathered[f].store(&mut out[f * C::LANES..]);
            }
        }
    }

    #[inline(always)]
    fn column_row<const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        runs: &ColumnRuns,
        y: usize,
        start: usize,
    ) {
        let columns = self.places.outputs;
        let mut x = 0;
        while C::POSITIONS == 4 && columns - x >= 4 {
            self.column_positions::<4, FLOATS>(block, runs, [y, x], start);
            x += 4;
        }
        while columns - x >= 2 {
            self.column_positions::<2, FLOATS>(block, runs, [y, x], start);
            x += 2;
        }
        if x < columns {
            self.column_positions::<1, FLOATS>(block, runs, [y, x], start);
        }
    }

    /// Positions side by side.
    #[inline(always)]
    fn column_positions<const P: usize, const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        runs: &ColumnRuns,
        [y, x]: [usize; 2],
        start: usize,
    ) {
        let sums = self.column_sums::<P>(block, runs, x, start);
        let position = y * self.places.outputs + x;
        self.finish::<P, FLOATS>(&block.end, position, sums);
    }

    /// A row of the largest of each 2 x 2 outputs.
    #[inline(always)]
    fn pooled_columns(
        &mut self,
        block: &FilterQuad<'_, C>,
        runs: &ColumnRuns,
        y: usize,
        start: usize,
    ) {
        let behind = start + self.places.stride[0] * runs.row_step;
        let width = self.extents()[1];
        let mut x = 0;
        while C::POSITIONS == 4 && width - x >= 2 {
            let [a, b, c, d] = self.column_sums::<4>(block, runs, 2 * x, start);
            let above = [larger(a, b), larger(c, d)];
            let [a, b, c, d] = self.column_sums::<4>(block, runs, 2 * x, behind);
            let largest = [
                larger(above[0], larger(a, b)),
                larger(above[1], larger(c, d)),
            ];
            self.finish_any(&block.end, y * width + x, largest);
            x += 2;
        }
        for x in x..width {
            let [left, right] = self.column_sums::<2>(block, runs, 2 * x, start);
            let above = larger(left, right);
            let [left, right] = self.column_sums::<2>(block, runs, 2 * x, behind);
            self.finish_any(
                &block.end,
                y * width + x,
                [larger(above, larger(left, right))],
            );
        }
    }

    /// The sums of four filters at positions side by side, of which the first place is `x` outputs behind `start`.
    #[inline(always)]
    fn column_sums<const P: usize>(
        &self,
        block: &FilterQuad<'_, C>,
        runs: &ColumnRuns,
        x: usize,
        start: usize,
    ) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(block.end.scale.bias(f));
            }
        }
        // Tiles begin at even outputs.
        let start = start + if runs.is_shared { x / 2 } else { x } * QUAD;
        // As constants, which take no registers.
        let channels = match self.places.has_own_channels {
            true => [0, 1, 2, 3],
            false => block.channels,
        };
        runs.add(&mut sums, self.ring, channels, start, block.weights);
        sums
    }
}
