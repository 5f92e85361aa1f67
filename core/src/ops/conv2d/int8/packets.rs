//! Convolution and linear layers of codes, a packet of samples at a time.

use super::block_scale::BlockScale;
use super::grouped::{GroupCopy, GroupQuads};
use super::quads::QuadGeometry;
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns, QuadScales};
use crate::ops::add::packets::PacketSum;
use core::ops::Range;

/// A convolution's forward pass.
pub struct PacketConv<'a, C> {
    pub proof: C,
    pub geometry: QuadGeometry,
    /// What the first block of filters sees, and all where there are no groups.
    pub runs: QuadRuns,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    pub rule: Int8Rule,
    /// As [`QuadGeometry::arrange`] leaves them.
    pub weights: &'a [u32],
    /// Codes of the output.
    pub quantization: Quantization,
    /// rows x columns x quads packets, with the padding but where rows of columns are gathered.
    pub input: &'a [u32],
    /// What padding holds.
    pub padding: u32,
    /// rows x columns x quads packets, pooled where that is wanted.
    pub output: &'a mut [u32],
    /// [`QuadGeometry::ring_words`] packets with anything in them.
    pub ring: &'a mut [u32],
    /// The first row that the ring holds of what quads of groups are made of; at first 0.
    pub first: usize,
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

/// Four filters that are computed side by side.
pub(super) struct FilterQuad<'a, C> {
    pub end: BlockEnd<C>,
    pub weights: &'a [u32],
    runs: QuadRuns,
    /// Packets from a position's first to that of each filter's group, where groups have quads of their own.
    own: Option<[usize; QUAD]>,
}

/// What makes codes of the sums of four filters, as registers hold it.
pub(super) struct BlockEnd<C> {
    pub scale: BlockScale,
    pub index: usize,
    floats: QuadScales<C>,
    /// The least codes and the greatest.
    limits: [C; 2],
}

/// Words of the input that all filters read before the next ones: half of a first cache.
const BAND_WORDS: usize = 4096;

/// Outputs of a filter that are computed before the next filters' at least, and at most.
const SHORTEST_BAND: usize = 8;
const LONGEST_BAND: usize = 64;

impl<C: CodeLanes> Kernel for PacketConv<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = self.geometry;
        if g.column_quads > 0 {
            return self.by_columns();
        }
        let extents = match self.pool {
            true => g.output.map(|extent| extent / 2),
            false => g.output,
        };
        let common = self.runs;
        if let Some(groups) = g.groups {
            return self.by_groups(&groups, extents, common);
        }
        if extents == [1, 1] && g.conv().groups == 1 && !self.pool {
            return self.one_position(common);
        }
        let [height, width] = self.band(extents);
        for y in (0..extents[0]).step_by(height) {
            let rows = y..extents[0].min(y + height);
            for x in (0..extents[1]).step_by(width) {
                let columns = x..extents[1].min(x + width);
                let mut rest = self.weights;
                for index in 0..g.blocks() {
                    let block = self.block(index, &mut rest, common);
                    self.any_rows(&block, rows.clone(), columns.clone(), extents[1]);
                }
            }
        }
    }
}

impl<C: CodeLanes> PacketConv<'_, C> {
    /// The block at `index`, whose arranged weights are the next ones. `common` is what all see where there are no
    /// groups.
    #[inline(always)]
    pub(super) fn block<'w>(
        &self,
        index: usize,
        rest: &mut &'w [u32],
        common: QuadRuns,
    ) -> FilterQuad<'w, C> {
        let g = &self.geometry;
        let (scale, behind) = rest.split_at(BlockScale::WORDS);
        let (weights, behind) = behind.split_at(g.block_words::<C>(index));
        *rest = behind;
        FilterQuad {
            end: self.end(index, scale),
            weights,
            runs: if g.conv().groups == 1 || g.groups.is_some() {
                common
            } else {
                g.runs(index)
            },
            own: g.own_quads(index),
        }
    }

    /// What makes codes of a block's sums, of its arranged words.
    #[inline(always)]
    fn end(&self, index: usize, words: &[u32]) -> BlockEnd<C> {
        let scale = BlockScale::read(words);
        BlockEnd {
            index,
            floats: scale.floats(self.proof, &self.quantization),
            limits: self.quantization.limits(self.proof),
            scale,
        }
    }

    /// All outputs, of quads of groups: some rows at a time.
    #[inline(always)]
    fn by_groups(mut self, groups: &GroupQuads, extents: [usize; 2], common: QuadRuns) {
        let g = self.geometry;
        let window = if self.pool { 2 } else { 1 };
        for first in (0..extents[0]).step_by(groups.outputs) {
            let rows = first..extents[0].min(first + groups.outputs);
            self.first = first * window * g.stride[0];
            GroupCopy {
                proof: self.proof,
                conv: *g.conv(),
                groups: *groups,
                first: self.first,
                extents: g.input,
                input: self.input,
                padding: self.padding,
                copy: self.ring,
            }
            .run();
            let mut rest = self.weights;
            for index in 0..g.blocks() {
                let block = self.block(index, &mut rest, common);
                self.any_rows(&block, rows.clone(), 0..extents[1], extents[1]);
            }
        }
    }

    /// Rows and columns of outputs that all filters are computed for before the next ones.
    #[inline(always)]
    fn band(&self, extents: [usize; 2]) -> [usize; 2] {
        let g = &self.geometry;
        let window = if self.pool { 4 } else { 1 };
        let seen = g.quads() * g.stride[0] * g.stride[1] * window * C::LANES;
        let outputs = (BAND_WORDS / seen).clamp(SHORTEST_BAND, LONGEST_BAND);
        let width = extents[1].min(outputs);
        [(outputs / width).max(1), width]
    }

    /// The only output of each filter, as a linear layer has. Several blocks of filters side by side: the four sums of
    /// one would wait for one another.
    #[inline(always)]
    fn one_position(&mut self, runs: QuadRuns) {
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
        let (mut scales, mut weights) = ([&all[..0]; B], [&all[..0]; B]);
        let mut sums = [[self.proof; QUAD]; B];
        for b in 0..B {
            let own = &all[blocks[b] * words..][..words];
            (scales[b], weights[b]) = own.split_at(BlockScale::WORDS);
            let biases = BlockScale::read(scales[b]).biases;
            for f in 0..QUAD {
                sums[b][f] = self.proof.splat(biases[f]);
            }
        }
        runs.add_blocks(&mut sums, self.input, weights);
        for b in 0..B {
            self.finish_any(&self.end(blocks[b], scales[b]), sums[b]);
        }
    }

    /// The codes of a block's only position.
    #[inline(always)]
    fn finish_any(&mut self, end: &BlockEnd<C>, sums: [C; QUAD]) {
        match end.scale.has_floats() {
            true => self.finish::<1, true>(end, 0, [sums]),
            false => self.finish::<1, false>(end, 0, [sums]),
        }
    }

    /// Outputs of some rows.
    #[inline(always)]
    fn any_rows(
        &mut self,
        block: &FilterQuad<'_, C>,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
    ) {
        match (self.pool, block.end.scale.has_floats()) {
            (true, true) => {
                for y in rows {
                    self.pooled_row::<true>(block, y, columns.clone(), width);
                }
            }
            (true, false) => {
                for y in rows {
                    self.pooled_row::<false>(block, y, columns.clone(), width);
                }
            }
            (false, true) => self.rows::<true>(block, rows, columns, width),
            (false, false) => self.rows::<false>(block, rows, columns, width),
        }
    }

    /// Whole rows are one: positions at the end of one and at the next one's beginning are computed side by side.
    #[inline(always)]
    fn rows<const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
    ) {
        let first = rows.start * width + columns.start;
        let mut walk = PlaceWalk {
            next: self.place(rows.start, columns.start),
            columns: columns.len(),
            column: 0,
            step: self.geometry.stride[1] * self.geometry.quads(),
            row_step: self.place(rows.start + 1, columns.start)
                - self.place(rows.start, columns.end - 1),
        };
        let (mut done, count) = (0, rows.len() * columns.len());
        while C::POSITIONS == 4 && count - done >= 4 {
            self.positions::<4, FLOATS>(block, walk.take(), first + done);
            done += 4;
        }
        while count - done >= 2 {
            self.positions::<2, FLOATS>(block, walk.take(), first + done);
            done += 2;
        }
        if done < count {
            self.positions::<1, FLOATS>(block, walk.take(), first + done);
        }
    }

    /// Positions side by side, of which the first one is `position`.
    #[inline(always)]
    fn positions<const P: usize, const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        places: [usize; P],
        position: usize,
    ) {
        let sums = self.sums(block, places);
        self.finish::<P, FLOATS>(&block.end, position, sums);
    }

    #[inline(always)]
    fn pooled_row<const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        y: usize,
        columns: Range<usize>,
        width: usize,
    ) {
        for x in columns {
            let place = |row: usize, column: usize| self.place(2 * y + row, 2 * x + column);
            let places = [place(0, 0), place(0, 1), place(1, 0), place(1, 1)];
            let mut largest;
            if C::POSITIONS == 4 {
                let [first, second, third, fourth] = self.sums(block, places);
                largest = larger(larger(first, second), larger(third, fourth));
            } else {
                let [first, second] = self.sums(block, [places[0], places[1]]);
                largest = larger(first, second);
                let [first, second] = self.sums(block, [places[2], places[3]]);
                largest = larger(largest, larger(first, second));
            }
            self.finish::<1, FLOATS>(&block.end, y * width + x, [largest]);
        }
    }

    /// The first packet that an output sees, but for its block's first quad.
    #[inline(always)]
    fn place(&self, y: usize, x: usize) -> usize {
        let g = &self.geometry;
        ((y * g.stride[0] - self.first) * g.input[1] + x * g.stride[1]) * g.quads()
    }

    /// The sums of four filters at some places.
    #[inline(always)]
    fn sums<const P: usize>(
        &self,
        block: &FilterQuad<'_, C>,
        places: [usize; P],
    ) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(block.end.scale.biases[f]);
            }
        }
        let weights = block.weights;
        let Some(own) = block.own else {
            block.runs.add(&mut sums, self.input, places, weights);
            return sums;
        };
        let input = &*self.ring;
        let runs = &block.runs;
        let is_next = [own[1] != own[0], own[2] != own[1], own[3] != own[2]];
        match is_next {
            [false, false, false] => {
                let places = places.map(|place| place + own[0]);
                runs.add(&mut sums, input, places, weights);
            }
            [true, false, false] => {
                runs.add_own::<C, P, 1>(&mut sums, input, places, own, weights);
            }
            [false, true, false] => {
                runs.add_own::<C, P, 2>(&mut sums, input, places, own, weights);
            }
            [false, false, true] => {
                runs.add_own::<C, P, 3>(&mut sums, input, places, own, weights);
            }
            _ => runs.add_own::<C, P, 0>(&mut sums, input, places, own, weights),
        }
        sums
    }

    /// Makes the codes of four filters from their sums at positions side by side.
    #[inline(always)]
    pub(super) fn finish<const P: usize, const FLOATS: bool>(
        &mut self,
        end: &BlockEnd<C>,
        position: usize,
        sums: [[C; QUAD]; P],
    ) {
        // All codes before the first is stored: they are made in registers then.
        let mut codes = [self.proof; P];
        let [low, high] = end.limits;
        for p in 0..P {
            let own = match FLOATS {
                true => C::narrow_scaled(sums[p], &end.floats),
                false => end.scale.any(sums[p], self.rule, self.quantization.zero),
            };
            codes[p] = own.clamp_codes(low, high);
        }
        let step = self.geometry.blocks() * C::LANES;
        let first = position * step + end.index * C::LANES;
        let output = &mut self.output[first..][..(P - 1) * step + C::LANES];
        match &self.sum {
            Some(sum) => {
                for p in 0..P {
                    let output = &mut output[p * step..][..C::LANES];
                    sum.packet(codes[p], self.proof.load(output)).store(output);
                }
            }
            None => {
                for p in 0..P {
                    codes[p].store(&mut output[p * step..]);
                }
            }
        }
    }
}

/// The places of outputs, row by row.
struct PlaceWalk {
    next: usize,
    /// Outputs of a row, and which is next.
    columns: usize,
    column: usize,
    /// Packets from an output to the next, and from a row's last one to the next row's first.
    step: usize,
    row_step: usize,
}

impl PlaceWalk {
    /// Those of the next outputs.
    #[inline(always)]
    fn take<const P: usize>(&mut self) -> [usize; P] {
        let mut places = [0; P];
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
fn larger<C: CodeLanes>(first: [C; QUAD], second: [C; QUAD]) -> [C; QUAD] {
    let mut own = first;
    for f in 0..QUAD {
        own[f] = own[f].larger(second[f]);
    }
    own
}
