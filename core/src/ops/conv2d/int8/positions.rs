//! The outputs of a convolution over packets of codes, several side by side.

use super::block_output::{BlockCodes, BlockOutput, OutputWay, larger};
use super::block_scale::ArrangedScale;
use super::output_walk::{OutputSteps, OutputWalk};
use super::packets::Stack;
use crate::lanes::Kernel;
use crate::lanes::codes::{BlockRuns, CodeLanes, QUAD, SeenRuns};
use crate::ops::add::packets::PacketSum;
use core::ops::Range;

/// Rows of outputs of some blocks of four filters.
pub(super) struct BlockRows<'b, C> {
    pub proof: C,
    pub runs: SeenRuns<'b>,
    /// Of all these blocks, and words of each.
    pub weights: &'b [u32],
    pub words: usize,
    pub blocks: Range<usize>,
    /// The first row that what is read begins with.
    pub first: usize,
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    pub stack: Stack,
    pub way: OutputWay<'b>,
    pub output: &'b mut [u32],
}

impl<C: CodeLanes> BlockRows<'_, C> {
    /// Computes them; whether filters see packets of their own. What makes codes is of one kind in all blocks.
    #[inline(always)]
    pub fn run<const OWN: bool>(self) {
        let [a, b, c, d] = match OWN {
            true => self.runs.own,
            false => [0; QUAD],
        };
        if !OWN || (a == d && a == b && a == c) {
            return self.split::<QUAD>();
        }
        // What is loaded is the least of it where products take long, and where more is done for each code.
        let is_quick = const { C::PRODUCTS < 32 } && self.way.sum.is_none();
        match is_quick && self.has_floats() {
            true if b != a && b == d && c == d => self.split::<1>(),
            true if a == b && c == d => self.split::<2>(),
            true if a == b && a == c => self.split::<3>(),
            _ => self.split::<0>(),
        }
    }

    #[inline(always)]
    fn split<const SPLIT: usize>(mut self) {
        let proof = self.proof;
        if let Some(sum) = self.way.sum {
            assert!(!self.way.is_pooled, "outputs are added behind a pool");
            return match const { SPLIT == 0 || SPLIT == QUAD } {
                true => proof.apart(AddedRows::<C, SPLIT>(self, *sum)),
                false => unreachable!("filters whose outputs are added are not split"),
            };
        }
        if const { C::HAS_FUSED_SCALES && SPLIT == QUAD } && self.has_floats() {
            // Without the products of filters that are not there.
            if let Some((last, filters)) = self.take_last() {
                match filters {
                    1 => last.of_filters::<SPLIT, 1>(),
                    2 => last.of_filters::<SPLIT, 2>(),
                    _ => last.of_filters::<SPLIT, 3>(),
                }
            }
        }
        if self.blocks.is_empty() {
        } else if self.way.is_pooled {
            proof.apart(PooledRows::<C, false, SPLIT, QUAD>(self));
        } else if self.has_floats() {
            proof.apart(PlainRows::<C, true, SPLIT, QUAD>(self));
        } else if const { SPLIT == 0 || SPLIT == QUAD } {
            proof.apart(PlainRows::<C, false, SPLIT, QUAD>(self));
        } else {
            unreachable!("filters are only split where floating-point numbers make their codes");
        }
    }

    /// Those of the first `F` filters of a block of floating-point numbers.
    #[inline(always)]
    fn of_filters<const SPLIT: usize, const F: usize>(self) {
        match self.way.is_pooled {
            true => self.proof.apart(PooledRows::<C, true, SPLIT, F>(self)),
            false => self.proof.apart(PlainRows::<C, true, SPLIT, F>(self)),
        }
    }

    /// Takes the last block away, if it has fewer than four filters, and says how many.
    #[inline(always)]
    fn take_last(&mut self) -> Option<(BlockRows<'_, C>, usize)> {
        let filters = self.way.places.last_filters;
        if filters == QUAD || self.blocks.end != self.way.places.blocks {
            return None;
        }
        self.blocks.end -= 1;
        let last = BlockRows {
            weights: &self.weights[self.blocks.len() * self.words..],
            blocks: self.blocks.end..self.blocks.end + 1,
            rows: self.rows.clone(),
            columns: self.columns.clone(),
            output: self.output,
            ..*self
        };
        Some((last, filters))
    }

    /// Whether floating-point numbers make codes.
    #[inline(always)]
    fn has_floats(&self) -> bool {
        C::HAS_FUSED_SCALES && ArrangedScale::split(self.weights).0.has_floats()
    }

    /// Of a block, what it sees, and where its codes go from the output at `first` on.
    #[inline(always)]
    fn block(&mut self, index: usize, first: usize) -> (BlockRuns<'_>, BlockOutput<'_, C>) {
        let own = &self.weights[(index - self.blocks.start) * self.words..][..self.words];
        let (scale, weights) = ArrangedScale::split(own);
        let codes = BlockCodes::new(&self.way, index, scale, self.output);
        (
            self.runs.of_block::<C>(weights),
            codes.ready(self.proof, first),
        )
    }

    /// The places of all outputs, and where they begin among an output's. Whole rows are one, and whole outputs of packets
    /// of samples: positions at the end of one and at the next one's beginning are computed side by side.
    #[inline(always)]
    fn walk(&self) -> OutputWalk {
        let (rows, columns, own) = (&self.rows, &self.columns, &self.way.places);
        let (next, width) = (self.place(rows.start, columns.start), columns.len());
        let step = own.stride[1] * own.quads;
        let row_step = self.place(rows.start + 1, columns.start) - next - (width - 1) * step;
        let last = self.place(rows.end - 1, columns.end - 1) - next;
        let mut places = OutputSteps {
            next,
            counts: [width, rows.len()],
            at: [0; 2],
            steps: [step, row_step, self.stack.input.wrapping_sub(last)],
        };
        let mut count = width * rows.len();
        let is_whole = count == own.extents[0] * own.extents[1];
        let parts = if is_whole { 1 } else { self.stack.count };
        count *= self.stack.count / parts;
        if width == 1 || row_step == step {
            // Evenly spaced, as those of one row are.
            places.counts = [width * rows.len(), 1];
            places.steps[0] = row_step;
        }
        if places.counts[1] == 1 && places.steps[2] == places.steps[0] {
            places.counts[0] = count;
        }
        OutputWalk {
            places,
            count,
            parts,
            first: rows.start * own.extents[1] + columns.start,
        }
    }

    /// The first packet that an output sees.
    #[inline(always)]
    fn place(&self, y: usize, x: usize) -> usize {
        let own = &self.way.places;
        ((y * own.stride[0] - self.first) * own.columns + x * own.stride[1]) * own.quads
    }
}

/// All outputs of rows, of the first `F` of four filters.
struct PlainRows<'b, C, const FLOATS: bool, const SPLIT: usize, const F: usize>(BlockRows<'b, C>);

impl<C: CodeLanes, const FLOATS: bool, const SPLIT: usize, const F: usize> Kernel
    for PlainRows<'_, C, FLOATS, SPLIT, F>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut own = self.0;
        let all = own.walk();
        let (places, count, stack) = (all.places, all.count, own.stack);
        for index in own.blocks.clone() {
            let (runs, mut output) = own.block(index, all.first);
            for part in 0..all.parts {
                output.begin(part * stack.output);
                let (mut walk, mut left) = (places.behind(part * stack.input), count);
                while C::POSITIONS == 4 && F == 1 && left >= 8 {
                    let sums = runs.sums::<C, 8, SPLIT, F>(output.biases(), walk.take());
                    output.finish::<8, FLOATS, F>(sums);
                    left -= 8;
                }
                while C::POSITIONS == 4 && left >= 4 {
                    let sums = runs.sums::<C, 4, SPLIT, F>(output.biases(), walk.take());
                    output.finish::<4, FLOATS, F>(sums);
                    left -= 4;
                }
                while left >= 2 {
                    let sums = runs.sums::<C, 2, SPLIT, F>(output.biases(), walk.take());
                    output.finish::<2, FLOATS, F>(sums);
                    left -= 2;
                }
                if left > 0 {
                    let sums = runs.sums::<C, 1, SPLIT, F>(output.biases(), walk.take());
                    output.finish::<1, FLOATS, F>(sums);
                }
            }
        }
    }
}

/// All outputs of rows, added to what lies there.
struct AddedRows<'b, C, const SPLIT: usize>(BlockRows<'b, C>, PacketSum);

impl<C: CodeLanes, const SPLIT: usize> Kernel for AddedRows<'_, C, SPLIT> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(mut own, sum) = self;
        let all = own.walk();
        let (places, count, stack) = (all.places, all.count, own.stack);
        for index in own.blocks.clone() {
            let (runs, mut output) = own.block(index, all.first);
            for part in 0..all.parts {
                output.begin(part * stack.output);
                let (mut walk, mut left) = (places.behind(part * stack.input), count);
                while C::POSITIONS == 4 && left >= 4 {
                    let sums = runs.sums::<C, 4, SPLIT, QUAD>(output.biases(), walk.take());
                    output.add(&sum, sums);
                    left -= 4;
                }
                while left >= 2 {
                    let sums = runs.sums::<C, 2, SPLIT, QUAD>(output.biases(), walk.take());
                    output.add(&sum, sums);
                    left -= 2;
                }
                if left > 0 {
                    let sums = runs.sums::<C, 1, SPLIT, QUAD>(output.biases(), walk.take());
                    output.add(&sum, sums);
                }
            }
        }
    }
}

/// The largest of each 2 x 2 outputs of rows, of the first `F` of four filters; whether floating-point numbers make all
/// codes, or else some do or none.
struct PooledRows<'b, C, const FLOATS: bool, const SPLIT: usize, const F: usize>(BlockRows<'b, C>);

impl<C: CodeLanes, const FLOATS: bool, const SPLIT: usize, const F: usize> Kernel
    for PooledRows<'_, C, FLOATS, SPLIT, F>
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut own = self.0;
        let places = own.way.places;
        let step = places.stride[1] * places.quads;
        let below = places.stride[0] * places.columns * places.quads;
        let start = own.place(2 * own.rows.start, 2 * own.columns.start);
        let first = own.rows.start * own.way.places.extents[1] + own.columns.start;
        let (height, width, stack) = (own.rows.len(), own.columns.len(), own.stack);
        for index in own.blocks.clone() {
            let (runs, mut output) = own.block(index, first);
            for of_stack in 0..stack.count {
                output.begin(of_stack * stack.output);
                let mut row = start + of_stack * stack.input;
                for _ in 0..height {
                    let mut place = row;
                    for _ in 0..width {
                        let above = [place, place + step];
                        let places = [above, above.map(|place| place + below)];
                        let largest = largest::<C, SPLIT, F>(&runs, output.biases(), places);
                        output.finish_some::<1, FLOATS, F>([largest]);
                        place += 2 * step;
                    }
                    row += 2 * below;
                }
            }
        }
    }
}

/// The largest sums of four places, of two rows.
#[inline(always)]
fn largest<C: CodeLanes, const SPLIT: usize, const F: usize>(
    runs: &BlockRuns<'_>,
    biases: [[C; QUAD]; 4],
    [[a, b], [c, d]]: [[usize; 2]; 2],
) -> [C; QUAD] {
    if C::POSITIONS == 4 {
        let sums = runs.sums::<C, 4, SPLIT, F>(biases, [a, b, c, d]);
        let above = larger::<C, F>(sums[0], sums[1]);
        return larger::<C, F>(above, larger::<C, F>(sums[2], sums[3]));
    }
    let biases = [biases[0], biases[1]];
    let sums = runs.sums::<C, 2, SPLIT, F>(biases, [a, b]);
    let above = larger::<C, F>(sums[0], sums[1]);
    let sums = runs.sums::<C, 2, SPLIT, F>(biases, [c, d]);
    larger::<C, F>(above, larger::<C, F>(sums[0], sums[1]))
}
