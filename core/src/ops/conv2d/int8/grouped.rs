//! Convolutions whose groups' channels are no whole quads: each group's channels in quads of their own.
//!
//! In packets four channels lie side by side, whatever group they are of: filters would see up to three channels of
//! others' in a quad, and multiply them by zeros. So the input is copied, with the padding around it: a position
//! holds group by group as many quads as the group's channels need, of the position's own codes or, where that
//! leaves fewer places of quads empty, of those of neighbouring positions as well: a *window* along one axis, by
//! which the kernel is shorter. Filters that all see the same few channels are one such group, whose input is copied as
//! a whole.

use super::quad_shapes::BLOCK_BEGUN;
use crate::lanes::codes::QUAD;
use crate::ops::conv2d::ConvGeometry;

/// How the quads of a convolution's groups are made.
#[derive(Clone, Copy, Debug)]
pub struct GroupQuads {
    /// Along which positions lie side by side: rows (0) or columns (1).
    pub axis: usize,
    /// How many positions do.
    pub window: usize,
    /// Quads of a group.
    pub quads: usize,
    /// Rows and columns of the input from a position of the copy to the next: the stride where a kernel is
    /// one window long, so that the copy has no more than is read.
    pub spread: [usize; 2],
    /// Rows of outputs that are computed from one copy.
    pub outputs: usize,
}

/// Positions of a window at most: quads would be of more places than are ever looked at.
const LONGEST_WINDOW: usize = 8;

/// Packets of a copy, if a row of outputs takes no more: half of a first cache.
const COPY: usize = 384;

/// Half cycles, about, that a quad of a copy takes: by gathering four of single codes, and for each position of
/// which it has codes, and besides.
const GATHERED: usize = 14;
const PIECE: usize = 6;
const COPIED: usize = 6;

/// The same of a copy of whole rows for all filters: for a quad in each row, and at each position, and for each packet
/// that it is made of.
const BEGUN: usize = 80;
const MERGED_QUAD: usize = 2;
const MERGED_PIECE: usize = 4;

impl GroupQuads {
    /// Those of a convolution, if that takes less time than quads of channels as they are, of which all blocks of filters
    /// together see so many at a tap. `products` is what those of a quad with four filters take, in half cycles.
    pub fn new(
        conv: &ConvGeometry,
        shared: usize,
        products: usize,
        is_pooled: bool,
    ) -> Option<Self> {
        // Where groups have whole quads, there is nothing to gain; and linear layers are quicker side by side.
        let is_linear = conv.groups == 1 && conv.output_area() == 1;
        if is_linear || conv.group_channels().is_multiple_of(QUAD) {
            return None;
        }
        let windows = |axis: usize| 1..=conv.kernel[axis].min(LONGEST_WINDOW);
        let of_axis =
            |axis| windows(axis).map(move |window| Self::of_window(conv, axis, window, is_pooled));
        let own = of_axis(1).chain(of_axis(0));
        let own = own.min_by_key(|own| own.cost(conv, products))?;
        let cost = shared * conv.kernel_area() * products * conv.output_area();
        (own.cost(conv, products) < cost).then_some(own)
    }

    fn of_window(conv: &ConvGeometry, axis: usize, window: usize, is_pooled: bool) -> Self {
        let kernel = windows_of(conv, axis, window);
        let mut own = Self {
            axis,
            window,
            quads: (window * conv.group_channels()).div_ceil(QUAD),
            spread: [0, 1].map(|axis| match kernel[axis] {
                1 => conv.stride[axis],
                _ => 1,
            }),
            outputs: 1,
        };
        let most = conv.output[0] / if is_pooled { 2 } else { 1 };
        let packets = |own: &Self| own.rows(conv, is_pooled) * own.row_packets(conv);
        if conv.groups == 1 {
            // The whole input, as one that is copied for its padding.
            own.outputs = most.max(1);
            return own;
        }
        while own.outputs < most && packets(&own) <= COPY {
            own.outputs += 1;
        }
        own
    }

    /// Rows and columns of windows that a kernel has.
    pub fn kernel(&self, conv: &ConvGeometry) -> [usize; 2] {
        windows_of(conv, self.axis, self.window)
    }

    /// Rows of a copy.
    pub fn rows(&self, conv: &ConvGeometry, is_pooled: bool) -> usize {
        let outputs = self.outputs * if is_pooled { 2 } else { 1 };
        self.extent(conv, 0, outputs)
    }

    /// Columns of a copy.
    pub fn columns(&self, conv: &ConvGeometry) -> usize {
        self.extent(conv, 1, conv.output[1])
    }

    /// Positions that so many outputs see.
    fn extent(&self, conv: &ConvGeometry, axis: usize, outputs: usize) -> usize {
        let step = match axis == self.axis {
            true => conv.dilation[axis] * self.window,
            false => conv.dilation[axis],
        };
        let kernel = self.kernel(conv)[axis];
        (outputs - 1) * conv.stride[axis] / self.spread[axis] + (kernel - 1) * step + 1
    }

    fn row_packets(&self, conv: &ConvGeometry) -> usize {
        self.columns(conv) * conv.groups * self.quads
    }

    /// Half cycles for all outputs, and for the copies, about.
    fn cost(&self, conv: &ConvGeometry, products: usize) -> usize {
        let kernel = self.kernel(conv);
        let blocks = conv.filters.div_ceil(QUAD);
        let sums = blocks * kernel[0] * kernel[1] * self.quads * products * conv.output_area();
        let (rows, columns) = (self.rows(conv, false), self.columns(conv));
        let copy = match (conv.groups, conv.group_channels()) {
            (1, _) => {
                let packets = self.quads * MERGED_QUAD + self.pieces(conv) * MERGED_PIECE;
                rows * (self.quads * BEGUN + columns * packets)
            }
            (_, 1) => rows * self.row_packets(conv) * GATHERED,
            _ => rows * self.row_packets(conv) * (COPIED + PIECE * self.window.min(QUAD)),
        };
        let begun = match conv.groups {
            1 => 0,
            _ => blocks * BLOCK_BEGUN,
        };
        sums + conv.output[0].div_ceil(self.outputs) * (begun + copy)
    }

    /// Packets that the quads of a group at one position are made of.
    fn pieces(&self, conv: &ConvGeometry) -> usize {
        let places = (0..self.quads * QUAD).map_while(|place| {
            let [position, channel] = self.source(conv, place)?;
            Some([place / QUAD, position, channel / QUAD])
        });
        let mut last = None;
        places
            .filter(|place| last.replace(*place) != Some(*place))
            .count()
    }

    /// Which of a window's positions, and which of the group's channels, a place in its quads holds.
    #[inline]
    pub fn source(&self, conv: &ConvGeometry, place: usize) -> Option<[usize; 2]> {
        let channels = conv.group_channels();
        let source = [place / channels, place % channels];
        (source[0] < self.window).then_some(source)
    }
}

fn windows_of(conv: &ConvGeometry, axis: usize, window: usize) -> [usize; 2] {
    let mut kernel = conv.kernel;
    kernel[axis] = kernel[axis].div_ceil(window);
    kernel
}
