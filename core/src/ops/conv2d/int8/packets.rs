//! Convolution and linear layers of codes, a packet of samples at a time.

use super::block_scale::ArrangedScale;
use super::group_copy::GroupCopy;
use super::grouped::GroupQuads;
use super::quads::{QuadGeometry, QuadPlaces};
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns, QuadScales};
use crate::ops::add::packets::PacketSum;

/// A convolution's forward pass.
pub struct PacketConv<'a, C> {
    pub proof: C,
    pub geometry: &'a QuadGeometry,
    /// Its places: by reference they would be read again after each store.
    pub places: QuadPlaces,
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
    pub end: BlockEnd<'a, C>,
    pub weights: &'a [u32],
    runs: QuadRuns,
    /// Packets from a position's first to that of each filter's group, where groups have quads of their own.
    own: Option<[usize; QUAD]>,
    /// Of rows of columns, which of four channels each filter sees.
    pub channels: [usize; QUAD],
}

/// What makes codes of the sums of four filters, as registers hold it.
pub(super) struct BlockEnd<'a, C> {
    pub scale: ArrangedScale<'a>,
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
        let extents = self.extents();
        let common = self.runs;
        if extents == [1, 1] && g.conv().groups == 1 && !self.pool {
            return self.one_position(common);
        }
        // Not by reference: it would be read again after each store.
        let own = *g;
        let mut tiles = PacketConv {
            geometry: &own,
            ..self
        };
        if let Some(groups) = g.groups {
            return tiles.by_groups(&groups, extents, common);
        }
        let [height, width] = tiles.band(extents);
        for y in (0..extents[0]).step_by(height) {
            let rows = y..extents[0].min(y + height);
            for x in (0..extents[1]).step_by(width) {
                let columns = x..extents[1].min(x + width);
                let mut rest = tiles.weights;
                for index in 0..g.blocks() {
                    let block = tiles.block(index, &mut rest, common);
                    tiles.any_rows::<false>(&block, rows.clone(), columns.clone(), extents[1]);
                }
            }
        }
    }
}

impl<C: CodeLanes> PacketConv<'_, C> {
    /// Rows and columns of outputs of each filter, pooled where that is wanted.
    #[inline(always)]
    pub(super) fn extents(&self) -> [usize; 2] {
        self.geometry
            .output
            .map(|extent| extent / self.pool_window())
    }

    /// Outputs, along each axis, of which the largest is wanted.
    #[inline(always)]
    pub(super) fn pool_window(&self) -> usize {
        if self.pool { 2 } else { 1 }
    }

    /// The block at `index`, whose arranged weights are the next ones. `common` is what all see where there are no
    /// groups.
    #[inline(always)]
    pub(super) fn block<'w>(
        &self,
        index: usize,
        rest: &mut &'w [u32],
        common: QuadRuns,
    ) -> FilterQuad<'w, C> {
        let g = self.geometry;
        let (scale, behind) = ArrangedScale::split(rest);
        let (weights, behind) = behind.split_at(g.block_words::<C>(index));
        *rest = behind;
        FilterQuad {
            end: self.end(index, scale),
            weights,
            // Rows of columns are no runs.
            runs: if g.conv().groups == 1 || g.groups.is_some() || g.column_quads > 0 {
                common
            } else {
                g.runs(index)
            },
            own: g.own_quads(index),
            channels: match g.column_quads {
                0 => [0; QUAD],
                _ => g.block_channels(index),
            },
        }
    }

    /// What makes codes of a block's sums.
    #[inline(always)]
    pub(super) fn end<'w>(&self, index: usize, scale: ArrangedScale<'w>) -> BlockEnd<'w, C> {
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
        let window = self.pool_window();
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
                self.any_rows::<true>(&block, rows.clone(), 0..extents[1], extents[1]);
            }
        }
    }

    /// Rows and columns of outputs that all filters are computed for before the next ones.
    #[inline(always)]
    fn band(&self, extents: [usize; 2]) -> [usize; 2] {
        let g = self.geometry;
        let window = if self.pool { 4 } else { 1 };
        let seen = g.quads() * g.stride[0] * g.stride[1] * window * C::LANES;
        let outputs = (BAND_WORDS / seen).clamp(SHORTEST_BAND, LONGEST_BAND);
        let width = extents[1].min(outputs);
        [(outputs / width).max(1), width]
    }

    /// The first packet that an output sees, but for its block's first quad.
    #[inline(always)]
    pub(super) fn place(&self, y: usize, x: usize) -> usize {
        let own = &self.places;
        ((y * own.stride[0] - self.first) * own.columns + x * own.stride[1]) * own.quads
    }

    /// The sums of four filters at some places.
    #[inline(always)]
    pub(super) fn sums<const P: usize, const OWN: bool>(
        &self,
        block: &FilterQuad<'_, C>,
        places: [usize; P],
    ) -> [[C; QUAD]; P] {
        let mut sums = [[self.proof; QUAD]; P];
        for p in 0..P {
            for f in 0..QUAD {
                sums[p][f] = self.proof.splat(block.end.scale.bias(f));
            }
        }
        let weights = block.weights;
        let Some(own) = block.own.filter(|_| OWN) else {
            block.runs.add(&mut sums, self.input, places, weights);
            return sums;
        };
        let input = &*self.ring;
        let runs = &block.runs;
        if const { C::PRODUCTS >= 32 } {
            // What is loaded is the least of it.
            runs.add_own::<C, P, 0>(&mut sums, input, places, own, weights);
            return sums;
        }
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
        end: &BlockEnd<'_, C>,
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
        let step = self.places.blocks * C::LANES;
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
