//! Where the codes of a convolution lie in packets.

use super::block_scale::BlockScale;
use super::grouped::GroupQuads;
use super::quad_shapes::{as_row, common_power, is_by_columns, is_flat, shared, shared_quads};
use crate::lanes::codes::{CodeLanes, QUAD, QuadRuns, RunShape};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// A convolution over packets: positions x quads of channels.
///
/// An input of one or two channels may be given in windows: at each position, its codes and those of
/// the next positions of the row, as many as make four codes. A kernel's row then is as many columns
/// shorter, and no product is of a channel that is not there; of a single column only those positions are brought into
/// packets that it reaches.
#[derive(Clone, Copy, Debug)]
pub struct QuadGeometry {
    conv: ConvGeometry,
    /// Positions whose codes lie in one quad: 1 where the input is not given in windows.
    pub window: usize,
    /// Positions from a window to the next: more than 1 where the kernel's steps reach no others.
    pub spread: usize,
    /// Whether windows go on from a row to the next, as if all were one.
    pub is_flat: bool,
    /// Rows and columns of what is read: the input, or, where it has padding, as much around it as is
    /// needed, in a copy or as it is gathered; where groups have quads of their own, those of some rows of outputs.
    pub input: [usize; 2],
    /// Whether it is a copy, or windows.
    pub is_copied: bool,
    /// Whether samples come into that as they are taken.
    pub takes_samples: bool,
    pub output: [usize; 2],
    /// Rows of the kernel, and quads of positions in each.
    pub(super) kernel: [usize; 2],
    /// Between them, in rows and in positions.
    step: [usize; 2],
    pub stride: [usize; 2],
    /// Of a depthwise convolution: quads of four columns of one channel in a row of the kernel, by
    /// which it is computed; 0 where it is computed by quads of channels.
    pub column_quads: usize,
    /// Outputs that share such quads: 2 neighbouring ones where four columns hold what both see.
    pub column_share: usize,
    /// Rows of quads of columns that a row of outputs sees: the kernel's, and those that the second one of pooled
    /// outputs does.
    pub seen_rows: usize,
    /// Rows of them that are held at a time.
    pub held_rows: usize,
    /// Where each group has quads of its own, or all filters' one group quads of neighbouring positions.
    pub groups: Option<GroupQuads>,
    /// What [`QuadGeometry::quads`], [`QuadGeometry::blocks`] and [`QuadGeometry::channel_filters`] give: divisions for each tile would take as long as some
    /// of its products.
    quads: usize,
    blocks: usize,
    channel_filters: usize,
}

/// What each tile of outputs asks of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct QuadPlaces {
    pub stride: [usize; 2],
    /// Packets of a position of what is read, and positions of a row of that.
    pub quads: usize,
    pub columns: usize,
    /// Rows and columns of outputs, pooled where that is wanted, and packets of an output.
    pub extents: [usize; 2],
    pub blocks: usize,
    /// Rows and columns of them that all filters are computed for before the next ones.
    pub band: [usize; 2],
    /// Filters of the last block, from 1 to 4.
    pub last_filters: usize,
}

/// Words of the input that all filters read before the next ones: half of a first cache.
const BAND_WORDS: usize = 4096;

/// Outputs of a filter that are computed before the next filters' at least, and at most.
const SHORTEST_BAND: usize = 8;
const LONGEST_BAND: usize = 64;

/// Packets of gathered rows that are held, if they are twice what a row of outputs sees: half of a first cache.
const HELD_PACKETS: usize = 384;

impl QuadGeometry {
    /// That of a convolution, whose input is given in windows or with its padding where that `can` be and helps;
    /// whether its outputs are pooled, so that rows of them have to stay apart.
    pub fn new<C: CodeLanes>(conv: &ConvGeometry, can: bool, is_pooled: bool) -> Self {
        let conv = &as_row(conv);
        // Two channels of a group each are no window's: half of its products would be of the other one.
        let is_windowed = can && conv.channels <= 2 && conv.groups == 1 && conv.dilation[1] == 1;
        let window = if is_windowed { QUAD / conv.channels } else { 1 };
        let column_quads = match !is_windowed && is_by_columns(conv, C::PRODUCTS) {
            true => conv.kernel[1].div_ceil(QUAD),
            false => 0,
        };
        let groups = match is_windowed || column_quads > 0 {
            true => None,
            false => GroupQuads::new(conv, shared_quads(conv), C::PRODUCTS, is_pooled),
        };
        let (mut kernel, mut step) = (conv.kernel, conv.dilation);
        kernel[1] = kernel[1].div_ceil(window);
        let mut stride = conv.stride;
        let spread = match is_windowed {
            // A kernel's row is one window: no others are reached than those that outputs begin with.
            true if kernel[1] == 1 => stride[1],
            true => common_power(window, stride[1]),
            false => 1,
        };
        step[1] *= (window / spread).max(1);
        stride[1] /= spread;
        if let Some(groups) = groups {
            kernel = groups.kernel(conv);
            step[groups.axis] *= groups.window;
            stride = [0, 1].map(|axis| conv.stride[axis] / groups.spread[axis]);
        }
        let needed = [0, 1].map(|axis| {
            (conv.output[axis] - 1) * stride[axis] + (kernel[axis] - 1) * step[axis] + 1
        });
        let fits = (0..2).all(|axis| conv.padding[axis] == 0 && needed[axis] <= conv.input[axis]);
        let is_flat = is_windowed && is_flat(conv, needed, spread);
        let needed = match is_flat {
            true => [needed[0], conv.input[1] / spread],
            false => needed,
        };
        // Rows of columns are gathered with the padding around them.
        // And so are those of groups.
        let is_gathered = column_quads > 0 || groups.is_some();
        let is_copied = is_windowed || (!fits && !is_gathered);
        let is_shared = column_quads == 1 && conv.kernel[1] + conv.stride[1] <= QUAD;
        let mut own = Self {
            conv: *conv,
            window,
            spread,
            is_flat,
            input: match (groups, is_copied || is_gathered) {
                (Some(groups), _) => [groups.rows(conv, is_pooled), groups.columns(conv)],
                (None, true) => needed,
                (None, false) => conv.input,
            },
            is_copied,
            takes_samples: can && is_copied,
            output: conv.output,
            kernel,
            step,
            stride,
            column_quads,
            column_share: if is_shared { 2 } else { 1 },
            seen_rows: conv.kernel[0] + if is_pooled { conv.stride[0] } else { 0 },
            held_rows: 0,
            groups,
            quads: match (groups, window) {
                (Some(groups), _) => groups.quads,
                (_, 1) => conv.channels.div_ceil(QUAD),
                _ => 1,
            },
            blocks: conv.filters.div_ceil(QUAD),
            channel_filters: conv.filters / conv.channels,
        };
        if !is_pooled
            && !is_copied
            && !is_gathered
            && conv.is_pointwise()
            && own.input == own.output
        {
            // One long row: fewer positions are left over.
            own.input = [1, conv.input[0] * conv.input[1]];
            own.output = own.input;
        }
        if column_quads > 0 {
            let all = (conv.output[0] - 1) * conv.stride[0] + conv.kernel[0];
            let held = HELD_PACKETS / (own.column_places() * QUAD);
            own.held_rows = held.max(2 * own.seen_rows).min(all);
        }
        own
    }

    /// Whether a copy of the whole input has quads of neighbouring positions, of all filters.
    pub fn is_rearranged(&self) -> bool {
        self.groups.is_some() && self.conv.groups == 1
    }

    /// Whether it has but one position, of which all filters see the same.
    pub fn is_linear(&self) -> bool {
        let is_read_as_it_is = !self.is_copied || self.takes_samples;
        self.output == [1, 1] && self.conv.groups == 1 && self.groups.is_none() && is_read_as_it_is
    }

    /// The convolution as its layer says.
    #[inline]
    pub fn conv(&self) -> &ConvGeometry {
        &self.conv
    }

    /// Quads of a position of the input, or of a group there, where each has its own.
    #[inline]
    pub fn quads(&self) -> usize {
        self.quads
    }

    /// Packets from a position of the first group to that of each of a block's filters, where each group has its
    /// own.
    #[inline]
    pub fn own_quads(&self, block: usize) -> Option<[usize; QUAD]> {
        let quads = self.groups?.quads * self.input[0] * self.input[1];
        Some([0, 1, 2, 3].map(|place| {
            // What filters that are not there see is multiplied by zeros.
            let filter = (block * QUAD + place).min(self.conv.filters - 1);
            filter / self.conv.group_filters() * quads
        }))
    }

    /// Quads of a position of the output: blocks of four filters.
    #[inline]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Filters that see the same channel, where each sees one.
    #[inline]
    pub fn channel_filters(&self) -> usize {
        self.channel_filters
    }

    /// Which of its quad of channels each of a block's filters sees.
    #[inline]
    pub fn block_channels(&self, block: usize) -> [usize; QUAD] {
        let each = self.channel_filters;
        if each == 1 {
            return [0, 1, 2, 3];
        }
        let first = block % each * QUAD;
        let (mut channel, mut filter) = (first / each, first % each);
        let mut channels = [channel; QUAD];
        for own in &mut channels {
            *own = channel;
            filter += 1;
            if filter == each {
                (channel, filter) = (channel + 1, 0);
            }
        }
        channels
    }

    /// Words of a copy of what is read, for each sample.
    pub fn copy_words(&self) -> usize {
        match self.is_copied || self.is_rearranged() {
            true => self.input[0] * self.input[1] * self.quads(),
            false => 0,
        }
    }

    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub fn places<C: CodeLanes>(&self, is_pooled: bool) -> QuadPlaces {
        let window = if is_pooled { 2 } else { 1 };
        let seen = self.quads * self.stride[0] * self.stride[1] * window * window * C::LANES;
        let outputs = (BAND_WORDS / seen).clamp(SHORTEST_BAND, LONGEST_BAND);
        let extents = self.output.map(|extent| extent / window);
        let width = extents[1].clamp(1, outputs);
        QuadPlaces {
            stride: self.stride,
            quads: self.quads,
            columns: self.input[1],
            extents,
            blocks: self.blocks,
            band: [(outputs / width).max(1), width],
            last_filters: (self.conv.filters - 1) % QUAD + 1,
        }
    }

    /// Words, for each sample, of the rows of quads of columns that an output sees, of four channels, or of the
    /// quads of groups that some rows of outputs see.
    pub fn ring_words(&self) -> usize {
        if self.is_rearranged() {
            return 0;
        }
        if self.groups.is_some() {
            return self.conv.groups * self.input[0] * self.input[1] * self.quads();
        }
        self.held_rows * self.column_places() * QUAD
    }

    /// Quads of a position that a block's filters see.
    pub(super) fn seen(&self, block: usize) -> Range<usize> {
        match self.groups {
            // From the first quad that each filter sees on.
            Some(groups) => 0..groups.quads,
            None if self.conv.groups == 1 => 0..self.quads(),
            None => shared(&self.conv, block),
        }
    }

    /// The runs of neighbouring quads that a block's filters see: where each begins, counted in
    /// quads from that of the output's position, and how long all are.
    pub fn runs(&self, block: usize) -> QuadRuns {
        let (seen, quads) = (self.seen(block), self.quads());
        let is_one = seen.len() == quads && self.step[1] == 1;
        QuadRuns::new(RunShape {
            rows: self.kernel[0],
            columns: if is_one { 1 } else { self.kernel[1] },
            len: seen.len() * if is_one { self.kernel[1] } else { 1 },
            row_step: self.step[0] * self.input[1] * quads,
            column_step: self.step[1] * quads,
            first: seen.start,
        })
    }

    /// Words of the weights that a block's filters have for what they see.
    pub fn block_words<C: CodeLanes>(&self, block: usize) -> usize {
        let quads = match self.column_quads {
            0 => self.kernel[0] * self.kernel[1] * self.seen(block).len(),
            quads => self.kernel[0] * quads * self.column_share,
        };
        quads * QUAD * C::WEIGHT_WORDS
    }

    /// Words that all weights and constants take, arranged.
    pub fn words<C: CodeLanes>(&self) -> usize {
        let weights = match self.conv.groups {
            1 => self.blocks() * self.block_words::<C>(0),
            _ => (0..self.blocks())
                .map(|block| self.block_words::<C>(block))
                .sum(),
        };
        self.blocks() * BlockScale::WORDS + weights
    }
}
