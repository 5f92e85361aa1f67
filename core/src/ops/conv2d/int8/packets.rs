//! Convolution and linear layers of codes, a packet of samples at a time.

use super::block_output::BlockCodes;
use super::block_scale::ArrangedScale;
use super::group_copy::GroupCopy;
use super::grouped::GroupQuads;
use super::positions::BlockRows;
use super::quads::{QuadGeometry, QuadPlaces};
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns};
use crate::ops::add::packets::PacketSum;
use core::ops::Range;

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
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

/// Four filters that are computed side by side.
pub(super) struct FilterQuad<'w> {
    pub index: usize,
    pub scale: ArrangedScale<'w>,
    pub weights: &'w [u32],
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
                    let block = tiles.block(index, &mut rest);
                    tiles.shared_rows(&block, common, rows.clone(), columns.clone());
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

    /// The block at `index`, whose arranged weights are the next ones.
    #[inline(always)]
    pub(super) fn block<'w>(&self, index: usize, rest: &mut &'w [u32]) -> FilterQuad<'w> {
        let (scale, behind) = ArrangedScale::split(rest);
        let (weights, behind) = behind.split_at(self.geometry.block_words::<C>(index));
        *rest = behind;
        FilterQuad {
            index,
            scale,
            weights,
        }
    }

    /// Where the codes of the block at `index` go.
    #[inline(always)]
    pub(super) fn block_codes<'b>(
        &'b mut self,
        index: usize,
        scale: ArrangedScale<'b>,
    ) -> BlockCodes<'b> {
        BlockCodes {
            scale,
            index,
            blocks: self.places.blocks,
            rule: self.rule,
            quantization: self.quantization,
            output: self.output,
        }
    }

    /// Some outputs of four filters that see the same quads. `common` is what all filters see where there are no groups.
    #[inline(always)]
    fn shared_rows(
        &mut self,
        block: &FilterQuad<'_>,
        common: QuadRuns,
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let (g, is_pooled) = (self.geometry, self.pool);
        let runs = match g.conv().groups {
            1 => common,
            _ => g.runs(block.index),
        };
        BlockRows {
            proof: self.proof,
            runs: runs.of_block::<C>(self.input, [0; QUAD], block.weights),
            places: self.places,
            first: 0,
            rows,
            columns,
            width: self.extents()[1],
            sum: self.sum,
            codes: self.block_codes(block.index, block.scale),
        }
        .run::<false>(is_pooled);
    }

    /// All outputs, of quads of groups: some rows at a time.
    #[inline(always)]
    fn by_groups(self, groups: &GroupQuads, extents: [usize; 2], common: QuadRuns) {
        let (g, proof) = (self.geometry, self.proof);
        let window = self.pool_window();
        for first in (0..extents[0]).step_by(groups.outputs) {
            let rows = first..extents[0].min(first + groups.outputs);
            let first = first * window * g.stride[0];
            proof.apart(GroupCopy {
                proof,
                conv: *g.conv(),
                groups: *groups,
                first,
                extents: g.input,
                input: self.input,
                padding: self.padding,
                copy: self.ring,
            });
            let mut rest = self.weights;
            for index in 0..g.blocks() {
                let block = self.block(index, &mut rest);
                let own = g.own_quads(index).unwrap_or_default();
                let is_pooled = self.pool;
                let places = self.places;
                BlockRows {
                    proof,
                    runs: common.of_block::<C>(self.ring, own, block.weights),
                    places,
                    first,
                    rows: rows.clone(),
                    columns: 0..extents[1],
                    width: extents[1],
                    codes: BlockCodes {
                        scale: block.scale,
                        index,
                        blocks: places.blocks,
                        rule: self.rule,
                        quantization: self.quantization,
                        output: self.output,
                    },
                    sum: self.sum,
                }
                .run::<true>(is_pooled);
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
}
