//! Convolution and linear layers of codes, a packet of samples at a time.

use super::block_output::OutputWay;
use super::block_scale::BlockScale;
use super::group_copy::GroupCopy;
use super::grouped::GroupQuads;
use super::one_position::OnePosition;
use super::positions::BlockRows;
use super::quads::{QuadGeometry, QuadPlaces};
use crate::int8::{Int8Rule, Quantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns};
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
    /// Where the output holds what it is to be added to.
    pub sum: Option<PacketSum>,
}

/// Words of the input that all filters read before the next ones: half of a first cache.
const BAND_WORDS: usize = 4096;

/// Outputs of a filter that are computed before the next filters' at least, and at most.
const SHORTEST_BAND: usize = 8;
const LONGEST_BAND: usize = 64;

impl<C: CodeLanes> Kernel for PacketConv<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = self.geometry;
        if g.column_quads > 0 {
            return self.by_columns();
        }
        let extents = self.extents();
        let common = self.runs;
        if extents == [1, 1] && g.conv().groups == 1 && !self.pool {
            return self.proof.apart(OnePosition::of(self));
        }
        // Not by reference: it would be read again after each store.
        let own = *g;
        let tiles = PacketConv {
            geometry: &own,
            ..self
        };
        if let Some(groups) = g.groups {
            return tiles.by_groups(&groups, extents, common);
        }
        let [height, width] = tiles.band(extents);
        // All blocks at once where one kernel serves them.
        let at_once = match g.conv().groups == 1 && tiles.are_alike() {
            true => g.blocks(),
            false => 1,
        };
        for y in (0..extents[0]).step_by(height) {
            let rows = y..extents[0].min(y + height);
            for x in (0..extents[1]).step_by(width) {
                let columns = x..extents[1].min(x + width);
                let mut rest = tiles.weights;
                for first in (0..g.blocks()).step_by(at_once) {
                    let runs = match g.conv().groups {
                        1 => common,
                        _ => g.runs(first),
                    };
                    let words = BlockScale::WORDS + g.block_words::<C>(first);
                    let (weights, behind) = rest.split_at(at_once * words);
                    rest = behind;
                    BlockRows {
                        proof: tiles.proof,
                        runs: runs.of_input::<C>(tiles.input, [0; QUAD]),
                        weights,
                        words,
                        blocks: first..first + at_once,
                        first: 0,
                        rows: rows.clone(),
                        columns: columns.clone(),
                        width: extents[1],
                        way: tiles.way(),
                        output: tiles.output,
                    }
                    .run::<false>();
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

    /// What makes outputs of sums.
    #[inline(always)]
    pub(super) fn way(&self) -> OutputWay {
        OutputWay {
            places: self.places,
            is_pooled: self.pool,
            rule: self.rule,
            quantization: self.quantization,
            sum: self.sum,
        }
    }

    /// Whether what makes codes of sums is of one kind in all blocks, all as long.
    #[inline(always)]
    fn are_alike(&self) -> bool {
        let words = BlockScale::WORDS + self.geometry.block_words::<C>(0);
        let mut blocks = self.weights.chunks_exact(words).map(|own| own[0] != 0);
        let first = blocks.next();
        !C::HAS_FUSED_SCALES || blocks.all(|own| Some(own) == first)
    }

    /// All outputs, of quads of groups: some rows at a time.
    #[inline(always)]
    fn by_groups(self, groups: &GroupQuads, extents: [usize; 2], common: QuadRuns) {
        let (g, proof, way) = (self.geometry, self.proof, self.way());
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
            // Each sees as much of its group.
            let words = BlockScale::WORDS + g.block_words::<C>(0);
            for index in 0..g.blocks() {
                let own = g.own_quads(index).unwrap_or_default();
                BlockRows {
                    proof,
                    runs: common.of_input::<C>(self.ring, own),
                    weights: &self.weights[index * words..],
                    words,
                    blocks: index..index + 1,
                    first,
                    rows: rows.clone(),
                    columns: 0..extents[1],
                    width: extents[1],
                    way,
                    output: self.output,
                }
                .run::<true>();
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
