//! Depthwise convolutions of codes, a packet of samples at a time, by quads of neighbouring columns.
//!
//! In packets four channels lie side by side, of which a filter sees one. So the codes of a row are
//! gathered first: at each place, for each of four channels, the codes of four neighbouring columns, which
//! two outputs share where they see no more. Rows are gathered as outputs come to see them, into a ring of as many as
//! the kernel has, for all filters of those channels.

use super::block_scale::BlockScale;
use super::packets::{FilterQuad, PacketConv};
use super::positions::larger;
use super::quads::QuadGeometry;
use crate::lanes::codes::{CodeLanes, QUAD, add_own_runs, add_shared_run};

impl<C: CodeLanes> PacketConv<'_, C> {
    /// Computes all outputs.
    #[inline(always)]
    pub(super) fn by_columns(mut self) {
        let g = self.geometry;
        let each = g.channel_filters();
        let extents = self.extents();
        let step = g.stride[0] * self.pool_window();
        let words = BlockScale::WORDS + g.block_words::<C>(0);
        for quad in 0..g.blocks().div_ceil(each) {
            // Those of one quad of channels see the same rows.
            let blocks = quad * each..g.blocks().min((quad + 1) * each);
            let weights = self.weights;
            let read = |own: &Self, index: usize| {
                own.block(index, &mut &weights[index * words..], own.runs)
            };
            let mut block = read(&self, blocks.start);
            let mut gathered = 0;
            for y in 0..extents[0] {
                let first = y * step;
                for row in gathered.max(first)..first + g.ring_rows {
                    self.gather_row(quad, row);
                }
                gathered = first + g.ring_rows;
                let rows = RingRows::new(&g, first);
                for index in blocks.clone() {
                    if block.end.index != index {
                        block = read(&self, index);
                    }
                    match (self.pool, block.end.scale.has_floats()) {
                        (true, _) => self.pooled_columns(&block, y, first),
                        (_, true) => self.column_row::<true>(&block, y, rows),
                        (_, false) => self.column_row::<false>(&block, y, rows),
                    }
                }
            }
        }
    }

    /// Gathers a row of a quad of channels, in front of its place in the ring; `row` counts those of padding.
    #[inline(always)]
    fn gather_row(&mut self, quad: usize, row: usize) {
        let g = self.geometry;
        let ([height, width], [above, left]) =
            (g.conv().input, [g.conv().padding[0], g.conv().padding[1]]);
        let (quads, places) = (g.quads(), g.column_places());
        let slot = row % g.ring_rows * places;
        let ring = &mut self.ring[slot * QUAD * C::LANES..][..places * QUAD * C::LANES];
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
        y: usize,
        rows: RingRows,
    ) {
        let columns = self.geometry.output[1];
        let mut x = 0;
        while C::POSITIONS == 4 && columns - x >= 4 {
            self.column_positions::<4, FLOATS>(block, [y, x], rows);
            x += 4;
        }
        while columns - x >= 2 {
            self.column_positions::<2, FLOATS>(block, [y, x], rows);
            x += 2;
        }
        if x < columns {
            self.column_positions::<1, FLOATS>(block, [y, x], rows);
        }
    }

    /// Positions side by side.
    #[inline(always)]
    fn column_positions<const P: usize, const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        [y, x]: [usize; 2],
        rows: RingRows,
    ) {
        let sums = self.column_sums::<P>(block, x, rows);
        let position = y * self.geometry.output[1] + x;
        self.finish::<P, FLOATS>(&block.end, position, sums);
    }

    /// A row of the largest of each 2 x 2 outputs, of which the kernel of the first row begins at a row of the input.
    #[inline(always)]
    fn pooled_columns(&mut self, block: &FilterQuad<'_, C>, y: usize, first: usize) {
        let g = self.geometry;
        let rows = [first, first + g.stride[0]].map(|first| RingRows::new(&g, first));
        let width = self.extents()[1];
        for x in 0..width {
            let [left, right] = self.column_sums::<2>(block, 2 * x, rows[0]);
            let above = larger(left, right);
            let [left, right] = self.column_sums::<2>(block, 2 * x, rows[1]);
            let largest = larger(above, larger(left, right));
            self.finish_any(&block.end, y * width + x, largest);
        }
    }

    /// The sums of four filters at positions side by side.
    #[inline(always)]
    fn column_sums<const P: usize>(
        &self,
        block: &FilterQuad<'_, C>,
        x: usize,
        rows: RingRows,
    ) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(block.end.scale.bias(f));
            }
        }
        match rows.is_own {
            // As constants, which take no registers.
            true => self.add_rows(&mut sums, block, x, rows, [0, 1, 2, 3]),
            false => self.add_rows(&mut sums, block, x, rows, block.channels),
        }
        sums
    }

    /// Adds what four filters see in the rows of the ring, each in its of four channels, at positions side by side.
    #[inline(always)]
    fn add_rows<const P: usize>(
        &self,
        sums: &mut [[C; QUAD]; P],
        block: &FilterQuad<'_, C>,
        x: usize,
        rows: RingRows,
        channels: [usize; QUAD],
    ) {
        let words = rows.quads * QUAD * C::WEIGHT_WORDS;
        let (mut slot, mut rest) = (rows.first, block.weights);
        for _ in 0..rows.kernel {
            let (weights, behind) = rest.split_at(words);
            rest = behind;
            let start = slot * rows.places;
            match rows.is_shared {
                false => {
                    let start = (start + x) * QUAD;
                    add_own_runs(sums, self.ring, channels, start, rows.step, weights);
                }
                // Tiles begin at even outputs.
                true => {
                    let start = (start + x / 2) * QUAD;
                    add_shared_run(sums, self.ring, channels, start, weights);
                }
            }
            slot = if slot + 1 == rows.slots { 0 } else { slot + 1 };
        }
    }
}

/// What a row of outputs reads of the ring, worked out once for all of them: divisions take as long as the products.
#[derive(Clone, Copy)]
struct RingRows {
    /// Rows that the kernel has.
    kernel: usize,
    /// Rows that the ring has.
    slots: usize,
    /// That of the kernel's first row.
    first: usize,
    /// Places in a row.
    places: usize,
    /// Packets from a quad of columns to the next.
    step: usize,
    /// Quads of weights in a row.
    quads: usize,
    is_shared: bool,
    /// Whether each filter has a channel of its own.
    is_own: bool,
}

impl RingRows {
    /// For outputs whose kernel begins at a row of the input.
    fn new(g: &QuadGeometry, row: usize) -> Self {
        let slots = g.ring_rows;
        Self {
            kernel: g.conv().kernel[0],
            slots,
            first: row % slots,
            places: g.column_places(),
            step: g.column_step() * QUAD,
            quads: g.column_quads * g.column_share,
            is_shared: g.column_share > 1,
            is_own: g.channel_filters() == 1,
        }
    }
}
