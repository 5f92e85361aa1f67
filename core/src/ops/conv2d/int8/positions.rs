//! The outputs of a convolution over packets of codes, several side by side.

use super::block_output::{BlockCodes, larger};
use super::block_scale::{ArrangedScale, BlockScale};
use super::packets::PacketConv;
use super::quads::QuadPlaces;
use crate::lanes::Kernel;
use crate::lanes::codes::{BlockRuns, CodeLanes, QUAD, QuadRuns};
use crate::ops::add::packets::PacketSum;
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
        let proof = self.proof;
        for b in 0..B {
            let sum = self.sum;
            let mut output = self.block_codes(blocks[b], own[b].0).ready(proof, 0);
            match &sum {
                None => output.finish_any([sums[b]]),
                Some(sum) => output.add(sum, [sums[b]]),
            }
        }
    }
}

/// Rows of outputs of four filters.
pub(super) struct BlockRows<'b, C> {
    pub proof: C,
    pub runs: BlockRuns<'b>,
    pub places: QuadPlaces,
    /// The first row that what is read begins with.
    pub first: usize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    /// Outputs of a row.
    pub width: usize,
    pub codes: BlockCodes<'b>,
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

impl<C: CodeLanes> BlockRows<'_, C> {
    /// Computes them; whether they are pooled, and whether filters see packets of their own.
    #[inline(always)]
    pub fn run<const OWN: bool>(self, is_pooled: bool) {
        let [a, b, c, d] = match OWN {
            true => self.runs.own,
            false => [0; QUAD],
        };
        if !OWN || (a == d && a == b && a == c) {
            return self.split::<QUAD>(is_pooled);
        }
        // What is loaded is the least of it where products take long, and where more is done for each code.
        let is_quick = const { C::PRODUCTS < 32 } && self.sum.is_none();
        match is_quick && self.codes.scale.has_floats() {
            true if b != a && b == d && c == d => self.split::<1>(is_pooled),
            true if a == b && c == d => self.split::<2>(is_pooled),
            true if a == b && a == c => self.split::<3>(is_pooled),
            _ => self.split::<0>(is_pooled),
        }
    }

    #[inline(always)]
    fn split<const SPLIT: usize>(self, is_pooled: bool) {
        let proof = self.proof;
        if is_pooled {
            assert!(self.sum.is_none(), "outputs are added behind a pool");
            proof.apart(PooledRows::<C, SPLIT>(self));
        } else if let Some(sum) = self.sum {
            match const { SPLIT == 0 || SPLIT == QUAD } {
                true => proof.apart(AddedRows::<C, SPLIT>(self, sum)),
                false => unreachable!("filters whose outputs are added are not split"),
            }
        } else if const { C::HAS_FUSED_SCALES } && self.codes.scale.has_floats() {
            proof.apart(PlainRows::<C, true, SPLIT>(self));
        } else if const { SPLIT == 0 || SPLIT == QUAD } {
            proof.apart(PlainRows::<C, false, SPLIT>(self));
        } else {
            unreachable!("filters are only split where floating-point numbers make their codes");
        }
    }

    /// The places of all outputs, how many these are, and which is the first. Whole rows are one: positions at the end of
    /// one and at the next one's beginning are computed side by side.
    #[inline(always)]
    fn walk(&self) -> (PlaceSteps, usize, usize) {
        let (rows, columns) = (&self.rows, &self.columns);
        let next = self.place(rows.start, columns.start);
        let walk = PlaceSteps {
            next,
            columns: columns.len(),
            column: 0,
            step: self.places.stride[1] * self.places.quads,
            row_step: self.place(rows.start + 1, columns.start)
                - self.place(rows.start, columns.end - 1),
        };
        let count = rows.len() * columns.len();
        (walk, count, rows.start * self.width + columns.start)
    }

    /// The first packet that an output sees.
    #[inline(always)]
    fn place(&self, y: usize, x: usize) -> usize {
        let own = &self.places;
        ((y * own.stride[0] - self.first) * own.columns + x * own.stride[1]) * own.quads
    }
}

/// All outputs of rows.
struct PlainRows<'b, C, const FLOATS: bool, const SPLIT: usize>(BlockRows<'b, C>);

impl<C: CodeLanes, const FLOATS: bool, const SPLIT: usize> Kernel
    for PlainRows<'_, C, FLOATS, SPLIT>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = self.0;
        let (mut walk, mut left, first) = own.walk();
        let mut output = own.codes.ready(own.proof, first);
        while C::POSITIONS == 4 && left >= 4 {
            let sums = own.runs.sums::<C, 4, SPLIT>(output.biases(), walk.take());
            output.finish::<4, FLOATS>(sums);
            left -= 4;
        }
        while left >= 2 {
            let sums = own.runs.sums::<C, 2, SPLIT>(output.biases(), walk.take());
            output.finish::<2, FLOATS>(sums);
            left -= 2;
        }
        if left > 0 {
            let sums = own.runs.sums::<C, 1, SPLIT>(output.biases(), walk.take());
            output.finish::<1, FLOATS>(sums);
        }
    }
}

/// All outputs of rows, added to what lies there.
struct AddedRows<'b, C, const SPLIT: usize>(BlockRows<'b, C>, PacketSum);

impl<C: CodeLanes, const SPLIT: usize> Kernel for AddedRows<'_, C, SPLIT> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(own, sum) = self;
        let (mut walk, mut left, first) = own.walk();
        let mut output = own.codes.ready(own.proof, first);
        while C::POSITIONS == 4 && left >= 4 {
            let sums = own.runs.sums::<C, 4, SPLIT>(output.biases(), walk.take());
            output.add(&sum, sums);
            left -= 4;
        }
        while left >= 2 {
            let sums = own.runs.sums::<C, 2, SPLIT>(output.biases(), walk.take());
            output.add(&sum, sums);
            left -= 2;
        }
        if left > 0 {
            let sums = own.runs.sums::<C, 1, SPLIT>(output.biases(), walk.take());
            output.add(&sum, sums);
        }
    }
}

/// The largest of each 2 x 2 outputs of rows.
struct PooledRows<'b, C, const SPLIT: usize>(BlockRows<'b, C>);

impl<C: CodeLanes, const SPLIT: usize> Kernel for PooledRows<'_, C, SPLIT> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = self.0;
        let step = own.places.stride[1] * own.places.quads;
        let below = own.places.stride[0] * own.places.columns * own.places.quads;
        let mut row = own.place(2 * own.rows.start, 2 * own.columns.start);
        let first = own.rows.start * own.width + own.columns.start;
        let mut output = own.codes.ready(own.proof, first);
        for _ in own.rows {
            let mut place = row;
            for _ in own.columns.clone() {
                let places = [place, place + step, place + below, place + below + step];
                let mut largest;
                if C::POSITIONS == 4 {
                    let sums = own.runs.sums::<C, 4, SPLIT>(output.biases(), places);
                    largest = larger(larger(sums[0], sums[1]), larger(sums[2], sums[3]));
                } else {
                    let [a, b, c, d] = places;
                    let sums = own.runs.sums::<C, 2, SPLIT>(output.biases(), [a, b]);
                    largest = larger(sums[0], sums[1]);
                    let sums = own.runs.sums::<C, 2, SPLIT>(output.biases(), [c, d]);
                    largest = larger(largest, larger(sums[0], sums[1]));
                }
                output.finish_any([largest]);
                place += 2 * step;
            }
            row += 2 * below;
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
