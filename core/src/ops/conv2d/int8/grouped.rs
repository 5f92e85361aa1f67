//! Convolutions in groups whose channels are no whole quads: each group's channels in quads of their own.
//!
//! In packets four channels lie side by side, whatever group they are of: filters would see up to three channels of
//! others' in a quad, and multiply them by zeros. So the input is copied, with the padding around it: a position
//! holds group by group as many quads as the group's channels need, of the position's own codes or, where that
//! leaves fewer places of quads empty, of those of neighbouring positions as well: a *window* along one axis, by
//! which the kernel is shorter.

use crate::lanes::codes::{CodeLanes, PacketLine, QUAD, merge_lines};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

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
const GATHERED: usize = 5;
const PIECE: usize = 2;
const COPIED: usize = 2;

impl GroupQuads {
    /// Those of a convolution, if that takes less time than quads that groups share, of which all blocks of filters
    /// together see so many at a tap. `products` is what those of a quad with four filters take, in half cycles.
    pub fn new(
        conv: &ConvGeometry,
        shared: usize,
        products: usize,
        is_pooled: bool,
    ) -> Option<Self> {
        // Where groups have whole quads, there is nothing to gain.
        if conv.group_channels().is_multiple_of(QUAD) {
            return None;
        }
        let axis = usize::from(conv.kernel[1] > 1);
        let windows = 1..=conv.kernel[axis].min(LONGEST_WINDOW);
        let own = windows.map(|window| Self::of_window(conv, axis, window, is_pooled));
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
        let each = match conv.group_channels() {
            1 => GATHERED,
            _ => COPIED + PIECE * self.window.min(QUAD),
        };
        let copies = conv.output[0].div_ceil(self.outputs);
        sums + copies * self.rows(conv, false) * self.row_packets(conv) * each
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

/// Brings rows of an input into quads of groups.
pub(super) struct GroupCopy<'a, C> {
    pub proof: C,
    pub conv: ConvGeometry,
    pub groups: GroupQuads,
    /// The copy's first row, if it had all rows.
    pub first: usize,
    /// Rows and columns of the copy.
    pub extents: [usize; 2],
    /// rows x columns x quads packets, four channels to a quad
    pub input: &'a [u32],
    /// What padding holds.
    pub padding: u32,
    /// groups x rows x columns x quads packets
    pub copy: &'a mut [u32],
}

/// Neighbouring codes of a quad that come from one packet.
#[derive(Clone, Copy, Debug, Default)]
struct QuadPiece {
    /// The position in the window.
    position: usize,
    /// The packet at that position.
    quad: usize,
    /// Which of the packet's codes each of the quad's places has.
    order: [Option<u8>; QUAD],
}

impl<C: CodeLanes> GroupCopy<'_, C> {
    #[inline(always)]
    pub fn run(mut self) {
        let conv = self.conv;
        if conv.group_channels() == 1 {
            return self.by_gathering();
        }
        for group in 0..conv.groups {
            for quad in 0..self.groups.quads {
                let (pieces, count) = self.pieces(group, quad);
                let [a, b, c, _] = pieces;
                match count {
                    1 => self.copy_quad([a], group, quad),
                    2 => self.copy_quad([a, b], group, quad),
                    3 => self.copy_quad([a, b, c], group, quad),
                    _ => self.copy_quad(pieces, group, quad),
                }
            }
        }
    }

    /// What a quad of a group is made of, at least one piece.
    #[inline(always)]
    fn pieces(&self, group: usize, quad: usize) -> ([QuadPiece; QUAD], usize) {
        let conv = &self.conv;
        let (mut pieces, mut count) = ([QuadPiece::default(); QUAD], 0);
        for place in 0..QUAD {
            let Some([position, channel]) = self.groups.source(conv, quad * QUAD + place) else {
                break;
            };
            let channel = group * conv.group_channels() + channel;
            let source = [position, channel / QUAD];
            match pieces[..count].last() {
                Some(last) if [last.position, last.quad] == source => {}
                _ => {
                    [pieces[count].position, pieces[count].quad] = source;
                    count += 1;
                }
            }
            pieces[count - 1].order[place] = Some((channel % QUAD) as u8);
        }
        (pieces, count)
    }

    /// Makes one quad of a group at all positions.
    #[inline(always)]
    fn copy_quad<const N: usize>(&mut self, pieces: [QuadPiece; N], group: usize, quad: usize) {
        let [rows, columns] = self.extents;
        let step = self.groups.quads;
        for row in 0..rows {
            let mut lines = [SourceLine::default(); N];
            let mut inside = 0..columns;
            for (line, piece) in lines.iter_mut().zip(&pieces) {
                *line = self.line(piece.position, piece.quad, row);
                let own = line.inside(columns);
                inside = inside.start.max(own.start)..inside.end.min(own.end);
            }
            inside.start = inside.start.min(inside.end);
            let to = (self.place(group, row) + quad) * C::LANES;
            for column in (0..inside.start).chain(inside.end..columns) {
                let codes = self.border(&pieces, &lines, column);
                codes.store(&mut self.copy[to + column * step * C::LANES..]);
            }
            if inside.is_empty() {
                continue;
            }
            let mut own = [PacketLine::default(); N];
            for n in 0..N {
                own[n].first = lines[n].begin + lines[n].column(inside.start) * lines[n].quads;
                own[n].order = pieces[n].order;
            }
            // To where the next group's row would have this quad.
            let to = to + inside.start * step * C::LANES;
            let copy = &mut self.copy[to - quad * C::LANES..][..inside.len() * step * C::LANES];
            let from = lines[0].spread * lines[0].quads;
            merge_lines(self.proof, self.input, own, from, copy, step, quad);
        }
    }

    /// A packet of which some codes may lie outside the input.
    #[inline(always)]
    fn border(&self, pieces: &[QuadPiece], lines: &[SourceLine], column: usize) -> C {
        let mut codes = self.proof.splat(0);
        for (piece, line) in pieces.iter().zip(lines) {
            let own = self.packet(line, column);
            codes = codes.add(own.reorder(self.proof.order(piece.order)));
        }
        codes
    }

    /// Groups of one channel: four neighbouring ones at once, from four positions.
    #[inline(always)]
    fn by_gathering(&mut self) {
        let [rows, columns] = self.extents;
        let (channels, step) = (self.conv.channels, self.groups.quads);
        let padding = self.proof.splat(self.padding as i32);
        let map = self.place(1, 0) * C::LANES;
        for quad in 0..channels.div_ceil(QUAD) {
            for window in 0..step {
                for row in 0..rows {
                    let mut lines = [SourceLine::default(); QUAD];
                    for (place, line) in lines.iter_mut().enumerate() {
                        if window * QUAD + place < self.groups.window {
                            *line = self.line(window * QUAD + place, quad, row);
                        }
                    }
                    let to = self.place(quad * QUAD, row) + window;
                    for column in 0..columns {
                        let mut packets = [padding; QUAD];
                        for place in 0..QUAD {
                            packets[place] = self.packet(&lines[place], column);
                        }
                        let gathered = C::gather(packets);
                        let to = (to + column * step) * C::LANES;
                        for place in 0..QUAD.min(channels - quad * QUAD) {
                            gathered[place].store(&mut self.copy[place * map + to..]);
                        }
                    }
                }
            }
        }
    }

    /// The packet where a row of a group begins in the copy.
    #[inline(always)]
    fn place(&self, group: usize, row: usize) -> usize {
        let [rows, columns] = self.extents;
        (group * rows + row) * columns * self.groups.quads
    }

    /// Where a row of the copy finds a quad of the input, at one of a window's positions.
    #[inline(always)]
    fn line(&self, position: usize, quad: usize, row: usize) -> SourceLine {
        let conv = &self.conv;
        let row = self.first + row;
        let (mut begin, axis) = ([row * self.groups.spread[0], 0], self.groups.axis);
        begin[axis] += position * conv.dilation[axis];
        // What lies before the input wraps around, far beyond its end.
        let [row, first] = [0, 1].map(|axis| begin[axis].wrapping_sub(conv.padding[axis]));
        let (quads, width) = (conv.channels.div_ceil(QUAD), conv.input[1]);
        let is_inside = row < conv.input[0];
        SourceLine {
            begin: if is_inside {
                row * width * quads + quad
            } else {
                0
            },
            first,
            spread: self.groups.spread[1],
            width: if is_inside { width } else { 0 },
            quads,
        }
    }

    /// The packet of a column of the copy; padding outside.
    #[inline(always)]
    fn packet(&self, line: &SourceLine, column: usize) -> C {
        let column = line.column(column);
        match column < line.width {
            true => {
                let at = line.begin + column * line.quads;
                self.proof.load(&self.input[at * C::LANES..])
            }
            false => self.proof.splat(self.padding as i32),
        }
    }
}

/// A row of the input, or of padding, as a row of the copy sees it.
#[derive(Clone, Copy, Default)]
struct SourceLine {
    /// The packet of its first column.
    begin: usize,
    /// The column of the copy's first one; those before the input wrap around, far beyond its end.
    first: usize,
    /// Columns to the next.
    spread: usize,
    /// Columns inside.
    width: usize,
    /// Packets of a column.
    quads: usize,
}

impl SourceLine {
    #[inline(always)]
    fn column(&self, column: usize) -> usize {
        self.first.wrapping_add(column * self.spread)
    }

    /// The copy's columns, of so many, that lie inside.
    #[inline(always)]
    fn inside(&self, columns: usize) -> Range<usize> {
        // Columns before the input are negative.
        let before = (self.first as isize).min(0).unsigned_abs();
        let behind = self
            .width
            .saturating_sub((self.first as isize).max(0).unsigned_abs())
            + before;
        let inside = match (self.width, self.spread) {
            (0, _) => 0..0,
            (_, 1) => before..behind,
            (_, spread) => before.div_ceil(spread)..behind.div_ceil(spread),
        };
        inside.start.min(columns)..inside.end.min(columns)
    }
}
