//! Depthwise convolutions of codes, a packet of samples at a time, by quads of neighbouring columns.
//!
//! In packets four channels lie side by side, of which a filter sees one. So the codes of a row are
//! gathered first: at each place, for each of four channels, the codes of four neighbouring columns, which
//! two outputs share where they see no more. Rows are gathered as outputs come to see them, into a ring
//! of as many as the kernel has.

use super::packets::{FilterQuad, PacketConv};
use crate::lanes::codes::{CodeLanes, QUAD, add_own_runs, add_shared_run};

impl<C: CodeLanes> PacketConv<'_, C> {
    /// Computes all outputs.
    #[inline(always)]
    pub(super) fn by_columns(mut self) {
        let g = self.geometry;
        let common = g.runs(0);
        let kernel = g.conv().kernel[0];
        let mut rest = self.weights;
        for index in 0..g.blocks() {
            let block = FilterQuad::take::<C>(&g, index, &mut rest, common);
            let mut gathered = 0;
            for y in 0..g.output[0] {
                let first = y * g.stride[0];
                for row in gathered.max(first)..first + kernel {
                    self.gather_row(index, row);
                }
                gathered = first + kernel;
                match block.scale.is_once() {
                    true => self.column_row::<true>(&block, y),
                    false => self.column_row::<false>(&block, y),
                }
            }
        }
    }

    /// Gathers a row of four channels, in front of its place in the ring.
    #[inline(always)]
    fn gather_row(&mut self, block: usize, row: usize) {
        let g = self.geometry;
        let (width, quads) = (g.input[1], g.quads());
        let places = g.column_places();
        let input = &self.input[row * width * quads * C::LANES..][..width * quads * C::LANES];
        let slot = row % g.conv().kernel[0] * places;
        let ring = &mut self.ring[slot * QUAD * C::LANES..][..places * QUAD * C::LANES];
        for (place, out) in ring.chunks_exact_mut(QUAD * C::LANES).enumerate() {
            let mut packets = [self.proof; QUAD];
            for (next, packet) in packets.iter_mut().enumerate() {
                // Beyond the row's end there are no weights: any codes will do.
                let first = place * g.column_share * g.stride[1];
                let column = (first + next).min(width - 1);
                *packet = self
                    .proof
                    .load(&input[(column * quads + block) * C::LANES..]);
            }
            let gathered = C::gather(packets);
            for f in 0..QUAD {
                gathered[f].store(&mut out[f * C::LANES..]);
            }
        }
    }

    #[inline(always)]
    fn column_row<const ONCE: bool>(&mut self, block: &FilterQuad<'_>, y: usize) {
        let columns = self.geometry.output[1];
        let mut x = 0;
        while C::POSITIONS == 4 && columns - x >= 4 {
            self.column_positions::<4, ONCE>(block, y, x);
            x += 4;
        }
        while columns - x >= 2 {
            self.column_positions::<2, ONCE>(block, y, x);
            x += 2;
        }
        if x < columns {
            self.column_positions::<1, ONCE>(block, y, x);
        }
    }

    /// Positions side by side.
    #[inline(always)]
    fn column_positions<const P: usize, const ONCE: bool>(
        &mut self,
        block: &FilterQuad<'_>,
        y: usize,
        x: usize,
    ) {
        let g = self.geometry;
        let (kernel, places) = (g.conv().kernel[0], g.column_places());
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(block.scale.biases[f]);
            }
        }
        let step = g.column_step() * QUAD;
        let in_row = g.column_quads * g.column_share * QUAD * C::WEIGHT_WORDS;
        for (row, weights) in block.weights.chunks_exact(in_row).enumerate() {
            let slot = (y * g.stride[0] + row) % kernel * places;
            match g.column_share {
                1 => add_own_runs(&mut sums, self.ring, (slot + x) * QUAD, step, weights),
                // Tiles begin at even outputs.
                _ => add_shared_run(&mut sums, self.ring, (slot + x / 2) * QUAD, weights),
            }
        }
        for p in 0..P {
            self.finish::<ONCE>(block, y * g.output[1] + x + p, sums[p]);
        }
    }
}
