//! The outputs of a convolution over packets of codes, several side by side.

use super::block_scale::{ArrangedScale, BlockScale};
use super::packets::{BlockEnd, FilterQuad, PacketConv};
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns};
use core::ops::Range;

impl<C: CodeLanes> PacketConv<'_, C> {
    /// The only output of each filter, as a linear layer has. Several blocks of filters side by side: the four sums of
    /// one would wait for one another.
    #[inline(always)]
    pub(super) fn one_position(&mut self, runs: QuadRuns) {
        let blocks = self.geometry.blocks();
        let mut index = 0;
        while C::POSITIONS == 4 && blocks - index >= 4 {
            self.one_position_of(runs, [index, index + 1, index + 2, index + 3]);
            index += 4;
        }
        while blocks - index >= 2 {
            self.one_position_of(runs, [index, index + 1]);
            index += 2;
        }
        if index < blocks {
            self.one_position_of(runs, [index]);
        }
    }

    #[inline(always)]
    fn one_position_of<const B: usize>(&mut self, runs: QuadRuns, blocks: [usize; B]) {
        let words = BlockScale::WORDS + self.geometry.block_words::<C>(0);
        let all = self.weights;
        let mut own = [ArrangedScale::split(all); B];
        let mut sums = [[self.proof; QUAD]; B];
        for b in 0..B {
            own[b] = ArrangedScale::split(&all[blocks[b] * words..][..words]);
            for f in 0..QUAD {
                sums[b][f] = self.proof.splat(own[b].0.bias(f));
            }
        }
        let weights = own.map(|(_, weights)| weights);
        runs.add_blocks(&mut sums, self.input, weights);
        for b in 0..B {
            self.finish_any(&self.end(blocks[b], own[b].0), 0, [sums[b]]);
        }
    }

    /// The codes of a block's filters at positions side by side.
    #[inline(always)]
    pub(super) fn finish_any<const P: usize>(
        &mut self,
        end: &BlockEnd<'_, C>,
        position: usize,
        sums: [[C; QUAD]; P],
    ) {
        if const { C::HAS_FUSED_SCALES } && end.scale.has_floats() {
            self.finish::<P, true>(end, position, sums);
        } else {
            self.finish::<P, false>(end, position, sums);
        }
    }

    /// Outputs of some rows; whether groups have quads of their own.
    #[inline(always)]
    pub(super) fn any_rows<const OWN: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
    ) {
        if const { C::HAS_FUSED_SCALES } && block.end.scale.has_floats() {
            self.scaled_rows::<true, OWN>(block, rows, columns, width);
        } else {
            self.scaled_rows::<false, OWN>(block, rows, columns, width);
        }
    }

    #[inline(always)]
    fn scaled_rows<const FLOATS: bool, const OWN: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
    ) {
        if !self.pool {
            return self.rows::<FLOATS, OWN>(block, rows, columns, width);
        }
        for y in rows {
            self.pooled_row::<FLOATS, OWN>(block, y, columns.clone(), width);
        }
    }

    /// Whole rows are one: positions at the end of one and at the next one's beginning are computed side by side.
    #[inline(always)]
    fn rows<const FLOATS: bool, const OWN: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
    ) {
        let first = rows.start * width + columns.start;
        let mut walk = PlaceSteps {
            next: self.place(rows.start, columns.start),
            columns: columns.len(),
            column: 0,
            step: self.places.stride[1] * self.places.quads,
            row_step: self.place(rows.start + 1, columns.start)
                - self.place(rows.start, columns.end - 1),
        };
        let (mut done, count) = (0, rows.len() * columns.len());
        while C::POSITIONS == 4 && count - done >= 4 {
            self.positions::<4, FLOATS, OWN>(block, walk.take(), first + done);
            done += 4;
        }
        while count - done >= 2 {
            self.positions::<2, FLOATS, OWN>(block, walk.take(), first + done);
            done += 2;
        }
        if done < count {
            self.positions::<1, FLOATS, OWN>(block, walk.take(), first + done);
        }
    }

    /// Positions side by side, of which the first one is `position`.
    #[inline(always)]
    fn positions<const P: usize, const FLOATS: bool, const OWN: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        places: [usize; P],
        position: usize,
    ) {
        let sums = self.sums::<P, OWN>(block, places);
        self.finish::<P, FLOATS>(&block.end, position, sums);
    }

    #[inline(always)]
    fn pooled_row<const FLOATS: bool, const OWN: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        y: usize,
        columns: Range<usize>,
        width: usize,
    ) {
        let own = self.places;
        let step = own.stride[1] * own.quads;
        let row_step = own.stride[0] * own.columns * own.quads;
        let mut place = self.place(2 * y, 2 * columns.start);
        for x in columns {
            let places = [
                place,
                place + step,
                place + row_step,
                place + row_step + step,
            ];
            place += 2 * step;
            let mut largest;
            if C::POSITIONS == 4 {
                let [first, second, third, fourth] = self.sums::<4, OWN>(block, places);
                largest = larger(larger(first, second), larger(third, fourth));
            } else {
                let [first, second] = self.sums::<2, OWN>(block, [places[0], places[1]]);
                largest = larger(first, second);
                let [first, second] = self.sums::<2, OWN>(block, [places[2], places[3]]);
                largest = larger(largest, larger(first, second));
            }
            self.finish::<1, FLOATS>(&block.end, y * width + x, [largest]);
        }
    }
}

/// The places of outputs, row by row.
struct PlaceSteps {
    next: usize,
    /// Outputs of a row, and which is next.
    columns: usize,
    column: usize,
    /// Packets from an output to the next, and from a row's last one to the next row's first.
    step: usize,
    row_step: usize,
}

impl PlaceSteps {
    /// Those of the next outputs.
    #[inline(always)]
    fn take<const P: usize>(&mut self) -> [usize; P] {
        let mut places = [0; P];
        if self.column + P < self.columns {
            for (next, place) in places.iter_mut().enumerate() {
                *place = self.next + next * self.step;
            }
            self.next += P * self.step;
            self.column += P;
            return places;
        }
        for place in &mut places {
            *place = self.next;
            self.column += 1;
            let is_last = self.column == self.columns;
            self.next += if is_last { self.row_step } else { self.step };
            self.column = if is_last { 0 } else { self.column };
        }
        places
    }
}

#[inline(always)]
pub(super) fn larger<C: CodeLanes>(first: [C; QUAD], second: [C; QUAD]) -> [C; QUAD] {
    let mut own = first;
    for f in 0..QUAD {
        own[f] = own[f].larger(second[f]);
    }
    own
}
