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
    /// Which packets of samples it is computed for.
    pub stack: Stack,
    /// rows x columns x quads packets, with the padding but where rows of columns are gathered; as those of the output
    /// of each packet of samples, one behind another.
    pub input: &'a [u32],
    /// What padding holds.
    pub padding: u32,
    /// rows x columns x quads packets, pooled where that is wanted.
    pub output: &'a mut [u32],
    /// [`QuadGeometry::ring_words`] packets with anything in them, or of each packet of samples as many as
    /// [`QuadGeometry::copy_words`] says, where quads are rearranged.
    pub ring: &'a mut [u32],
    /// Where the output holds what it is to be added to. By reference, for it is seldom there, and what holds this is
    /// copied on the way to each kernel.
    pub sum: Option<&'a PacketSum>,
}

/// Packets of samples that a layer is computed for, before the next layer is: what the layer looks at first, it looks at
/// once for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    pub count: usize,
    /// Packets of what is read of each of them, and of what it gives.
    pub input: usize,
    pub output: usize,
}

impl Stack {
    /// A single packet of samples.
    pub const ONE: Self = Self {
        count: 1,
        input: 0,
        output: 0,
    };
}

impl<C: CodeLanes> Kernel for PacketConv<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = self.geometry;
        match g.groups {
            _ if g.column_quads > 0 => self.proof.apart(CopiedConv::<C, true>(self)),
            Some(groups) if g.is_rearranged() => self.rearranged(&groups).without_groups(),
            Some(_) => self.proof.apart(CopiedConv::<C, false>(self)),
            None if g.conv().groups > 1 => self.by_blocks(),
            None if self.places.extents == [1, 1] && !self.pool => {
                self.proof.apart(OnePosition::of(self));
            }
            None => self.without_groups(),
        }
    }
}

/// Packets of samples one by one, of which something is copied first: whether that is quads of columns. A function of its
/// own, or what others count by would lie in memory.
struct CopiedConv<'a, C, const COLUMNS: bool>(PacketConv<'a, C>);

impl<C: CodeLanes, const COLUMNS: bool> Kernel for CopiedConv<'_, C, COLUMNS> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self(all) = self;
        // Not by reference: it would be read again after each store.
        let own = *all.geometry;
        let Stack { input, output, .. } = all.stack;
        for index in 0..all.stack.count {
            let one = PacketConv {
                geometry: &own,
                input: &all.input[index * input * C::LANES..][..input * C::LANES],
                output: &mut all.output[index * output * C::LANES..][..output * C::LANES],
                ring: all.ring,
                stack: Stack::ONE,
                ..all
            };
            match own.groups {
                _ if COLUMNS => one.by_columns(),
                Some(groups) => one.by_groups(&groups),
                None => unreachable!("what is copied is columns, or groups"),
            }
        }
    }
}

impl<'a, C: CodeLanes> PacketConv<'a, C> {
    /// The same of a copy whose quads are of neighbouring positions.
    #[inline(always)]
    fn rearranged(self, groups: &GroupQuads) -> Self {
        let (proof, g, Stack { count, input, .. }) = (self.proof, self.geometry, self.stack);
        let words = g.copy_words() * C::LANES;
        for index in 0..count {
            proof.apart(GroupCopy {
                proof,
                conv: *g.conv(),
                groups: *groups,
                first: 0,
                extents: g.input,
                input: &self.input[index * input * C::LANES..][..input * C::LANES],
                padding: self.padding,
                copy: &mut self.ring[index * words..][..words],
            });
        }
        Self {
            input: self.ring,
            ring: &mut [],
            stack: Stack {
                input: g.copy_words(),
                ..self.stack
            },
            ..self
        }
    }

    /// All filters see the same: all blocks at once where one kernel serves them.
    #[inline(always)]
    fn without_groups(self) {
        let QuadPlaces { extents, band, .. } = self.places;
        let words = BlockScale::WORDS + self.runs.quads() * QUAD * C::WEIGHT_WORDS;
        let (way, runs) = (self.way(), self.runs.of_input::<C>(self.input, [0; QUAD]));
        let at_once = match self.are_alike(words) {
            true => self.places.blocks,
            false => 1,
        };
        for y in (0..extents[0]).step_by(band[0]) {
            let rows = y..extents[0].min(y + band[0]);
            for x in (0..extents[1]).step_by(band[1]) {
                let columns = x..extents[1].min(x + band[1]);
                for first in (0..self.places.blocks).step_by(at_once) {
                    BlockRows {
                        proof: self.proof,
                        runs,
                        weights: &self.weights[first * words..][..at_once * words],
                        words,
                        blocks: first..first + at_once,
                        first: 0,
                        rows: rows.clone(),
                        columns: columns.clone(),
                        stack: self.stack,
                        way,
                        output: self.output,
                    }
                    .run::<false>();
                }
            }
        }
    }

    /// Filters of groups that share quads: each block sees its own groups'.
    #[inline(always)]
    fn by_blocks(self) {
        let QuadPlaces { extents, band, .. } = self.places;
        let way = self.way();
        for y in (0..extents[0]).step_by(band[0]) {
            let rows = y..extents[0].min(y + band[0]);
            for x in (0..extents[1]).step_by(band[1]) {
                let columns = x..extents[1].min(x + band[1]);
                let mut rest = self.weights;
                for index in 0..self.places.blocks {
                    let runs = self.geometry.runs(index);
                    let words = BlockScale::WORDS + runs.quads() * QUAD * C::WEIGHT_WORDS;
                    let (weights, behind) = rest.split_at(words);
                    rest = behind;
                    BlockRows {
                        proof: self.proof,
                        runs: runs.of_input::<C>(self.input, [0; QUAD]),
                        weights,
                        words,
                        blocks: index..index + 1,
                        first: 0,
                        rows: rows.clone(),
                        columns: columns.clone(),
                        stack: self.stack,
                        way,
                        output: self.output,
                    }
                    .run::<false>();
                }
            }
        }
    }

    /// Outputs, along each axis, of which the largest is wanted.
    #[inline(always)]
    pub(super) fn pool_window(&self) -> usize {
        if self.pool { 2 } else { 1 }
    }

    /// What makes outputs of sums.
    #[inline(always)]
    pub(super) fn way(&self) -> OutputWay<'a> {
        OutputWay {
            places: self.places,
            is_pooled: self.pool,
            rule: self.rule,
            quantization: self.quantization,
            sum: self.sum,
        }
    }

    /// Whether what makes codes of sums is of one kind in all blocks, each of so many words.
    #[inline(always)]
    fn are_alike(&self, words: usize) -> bool {
        let has_floats = |block: usize| self.weights[block * words] != 0;
        let mut others = 1..self.places.blocks;
        !C::HAS_FUSED_SCALES || others.all(|block| has_floats(block) == has_floats(0))
    }

    /// All outputs, of quads of groups: some rows at a time.
    #[inline(always)]
    fn by_groups(self, groups: &GroupQuads) {
        let (g, proof, way) = (self.geometry, self.proof, self.way());
        let (extents, window) = (self.places.extents, self.pool_window());
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
                    runs: self.runs.of_input::<C>(self.ring, own),
                    weights: &self.weights[index * words..],
                    words,
                    blocks: index..index + 1,
                    first,
                    rows: rows.clone(),
                    columns: 0..extents[1],
                    stack: self.stack,
                    way,
                    output: self.output,
                }
                .run::<true>();
            }
        }
    }
}
