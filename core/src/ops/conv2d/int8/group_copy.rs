//! Brings rows of an input into quads of groups, see [`GroupQuads`].

use super::grouped::GroupQuads;
use crate::lanes::Kernel;
use crate::lanes::codes::{CodeLanes, PacketLine, QUAD, merge_lines};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

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

impl<C: CodeLanes> Kernel for GroupCopy<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let conv = self.conv;
        if conv.group_channels() == 1 && conv.groups > 1 {
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
}

impl<C: CodeLanes> GroupCopy<'_, C> {
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
        let mut orders = [self.proof; N];
        for n in 0..N {
            orders[n] = self.proof.order(pieces[n].order);
        }
        let outside = self.border(&orders, &[SourceLine::default(); N], 0);
        for row in 0..rows {
            let mut lines = [SourceLine::default(); N];
            for (line, piece) in lines.iter_mut().zip(&pieces) {
                *line = self.line(piece.position, piece.quad, row);
            }
            let inside = inside(&lines, columns);
            let to = (self.place(group, row) + quad) * C::LANES;
            for column in (0..inside.start).chain(inside.end..columns) {
                let is_outside = |line: &SourceLine| line.column(column) >= line.width;
                let codes = match lines.iter().all(is_outside) {
                    true => outside,
                    false => self.border(&orders, &lines, column),
                };
                codes.store(&mut self.copy[to + column * step * C::LANES..]);
            }
            if inside.is_empty() {
                continue;
            }
            let mut own = [PacketLine {
                first: 0,
                order: self.proof,
            }; N];
            for n in 0..N {
                own[n].first = lines[n].begin + lines[n].column(inside.start) * lines[n].quads;
                own[n].order = orders[n];
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
    fn border(&self, orders: &[C], lines: &[SourceLine], column: usize) -> C {
        let mut codes = self.proof.splat(0);
        for (order, line) in orders.iter().zip(lines) {
            codes = codes.add(self.packet(line, column).reorder(*order));
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
        let all = self.conv.input[0] * self.conv.input[1] * channels.div_ceil(QUAD);
        assert!(self.input.len() >= all * C::LANES);
        for quad in 0..channels.div_ceil(QUAD) {
            for window in 0..step {
                for row in 0..rows {
                    let mut lines = [SourceLine::default(); QUAD];
                    for (place, line) in lines.iter_mut().enumerate() {
                        // What lies behind a window is multiplied by zeros.
                        let position = (window * QUAD + place).min(self.groups.window - 1);
                        *line = self.line(position, quad, row);
                    }
                    let to = self.place(quad * QUAD, row) + window;
                    let present = QUAD.min(channels - quad * QUAD);
                    let within = inside(&lines, columns);
                    for column in 0..columns {
                        let mut packets = [padding; QUAD];
                        for place in 0..QUAD {
                            packets[place] = match within.contains(&column) {
                                // SAFETY: the column lies within the row, and the row within the input.
                                true => unsafe {
                                    let line = &lines[place];
                                    let at = line.begin + line.column(column) * line.quads;
                                    self.proof.load_unchecked(self.input, at)
                                },
                                false => self.packet(&lines[place], column),
                            };
                        }
                        let gathered = C::gather(packets);
                        let to = (to + column * step) * C::LANES;
                        for place in 0..QUAD {
                            if place < present {
                                gathered[place].store(&mut self.copy[place * map + to..]);
                            }
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

/// The copy's columns, of so many, that lie inside of all rows.
#[inline(always)]
fn inside(lines: &[SourceLine], columns: usize) -> Range<usize> {
    let mut inside = 0..columns;
    for line in lines {
        let own = line.inside(columns);
        inside = inside.start.max(own.start)..inside.end.min(own.end);
    }
    inside.start.min(inside.end)..inside.end
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
