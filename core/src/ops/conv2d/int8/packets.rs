//! Convolution and linear layers of codes, a packet of samples at a time.

use super::block_scale::BlockScale;
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
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

/// Four filters that are computed side by side.
pub(super) struct FilterQuad<'a, C> {
    pub end: BlockEnd<C>,
    pub weights: &'a [u32],
    runs: QuadRuns,
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
        let common = g.runs(0);
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
                    for y in rows.clone() {
                        self.any_row(&block, y, columns.clone(), extents[1]);
                    }
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
            runs: if g.conv().groups == 1 {
                common
            } else {
                g.runs(index)
            },
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

    /// The only output of each filter, as a linear layer has. Four blocks of filters side by side: the four sums of one
    /// would wait for one another.
    #[inline(always)]
    fn one_position(&mut self, runs: QuadRuns) {
        let g = self.geometry;
        let words = BlockScale::WORDS + g.block_words::<C>(0);
        let (mut index, weights) = (0, self.weights);
        let block = |index: usize| weights[index * words..].split_at(BlockScale::WORDS);
        while C::POSITIONS == 4 && g.blocks() - index >= 4 {
            let blocks = [
                block(index),
                block(index + 1),
                block(index + 2),
                block(index + 3),
            ];
            let mut sums = [[self.proof; QUAD]; 4];
            for (sums, (scale, _)) in sums.iter_mut().zip(blocks) {
                let biases = BlockScale::read(scale).biases;
                for f in 0..QUAD {
                    sums[f] = self.proof.splat(biases[f]);
                }
            }
            let [(_, a), (_, b), (_, c), (_, d)] = blocks;
            runs.add_blocks(&mut sums, self.input, [a, b, c, d]);
            for (sums, (scale, _)) in sums.into_iter().zip(blocks) {
                self.finish_any(&self.end(index, scale), sums);
                index += 1;
            }
        }
        for index in index..g.blocks() {
            let (scale, own) = block(index);
            let end = self.end(index, scale);
            let mut sums = [[self.proof; QUAD]];
            for f in 0..QUAD {
                sums[0][f] = self.proof.splat(end.scale.biases[f]);
            }
            runs.add(&mut sums, self.input, [0], own);
            self.finish_any(&end, sums[0]);
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

    /// Outputs of a row.
    #[inline(always)]
    fn any_row(
        &mut self,
        block: &FilterQuad<'_, C>,
        y: usize,
        columns: Range<usize>,
        width: usize,
    ) {
        match (self.pool, block.end.scale.has_floats()) {
            (true, true) => self.pooled_row::<true>(block, y, columns, width),
            (true, false) => self.pooled_row::<false>(block, y, columns, width),
            (false, true) => self.row::<true>(block, y, columns, width),
            (false, false) => self.row::<false>(block, y, columns, width),
        }
    }

    #[inline(always)]
    fn row<const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        y: usize,
        columns: Range<usize>,
        width: usize,
    ) {
        let mut x = columns.start;
        while C::POSITIONS == 4 && columns.end - x >= 4 {
            self.positions::<4, FLOATS>(block, y, x, width);
            x += 4;
        }
        while columns.end - x >= 2 {
            self.positions::<2, FLOATS>(block, y, x, width);
            x += 2;
        }
        if x < columns.end {
            self.positions::<1, FLOATS>(block, y, x, width);
        }
    }

    /// Positions side by side.
    #[inline(always)]
    fn positions<const P: usize, const FLOATS: bool>(
        &mut self,
        block: &FilterQuad<'_, C>,
        y: usize,
        x: usize,
        width: usize,
    ) {
        let mut places = [0; P];
        for (p, place) in places.iter_mut().enumerate() {
            *place = self.place(y, x + p);
        }
        let sums = self.sums(block, places);
        self.finish::<P, FLOATS>(&block.end, y * width + x, sums);
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
        (y * g.stride[0] * g.input[1] + x * g.stride[1]) * g.quads()
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
        block.runs.add(&mut sums, self.input, places, block.weights);
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

#[inline(always)]
fn larger<C: CodeLanes>(first: [C; QUAD], second: [C; QUAD]) -> [C; QUAD] {
    let mut own = first;
    for f in 0..QUAD {
        own[f] = own[f].larger(second[f]);
    }
    own
}
