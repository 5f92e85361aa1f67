//! The taps of a few positions, widened side by side.
//!
//! Rows of the kernel that lie in one piece, and inside the input, are widened where they are. Others
//! are copied first, with the padding's code where they leave the input.

use super::copying::Pieces;
use super::layout::{Sizes, Sweeping, TapLayout};
use super::widening::{Widening, widen_line};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// Positions' taps, and what it takes to find them.
pub(super) struct Gathering<'a> {
    pub geometry: &'a ConvGeometry,
    /// Whether rows can be widened where they lie.
    pub is_direct: bool,
    pub is_packed: bool,
    pub is_bytes: bool,
    /// 1, or 4.
    pub positions: usize,
    pub zero: i8,
    /// Taps of a row of the kernel.
    pub row_taps: usize,
    pub input: Range<*const i8>,
    /// The first tap of the first output, which may lie before the input.
    pub base: *const i8,
    /// Bytes from an output's first tap to that of the next row, and of the next column.
    pub steps: [usize; 2],
    /// Outputs all of whose taps are inside the input.
    pub interior: [Range<usize>; 2],
    /// Bytes that are read from a position's first tap on, where all are inside the input.
    pub read: usize,
    /// Where copies are made; behind a row of padding, where they are of single rows.
    pub copies: *mut i8,
    /// Bytes of a copy.
    pub copy_len: usize,
    pub pieces: Pieces,
    pub widening: Widening,
}

impl<'a> Gathering<'a> {
    /// `scratch` is aligned to words, and has as many bytes as the sizes say.
    pub fn new(
        g: &'a ConvGeometry,
        input: &[i8],
        zero: i8,
        scratch: &mut [i8],
        sizes: &Sizes,
        is_bytes: bool,
    ) -> Self {
        let is_packed = sizes.layout == TapLayout::Packed;
        let positions = match sizes.sweeping {
            Sweeping::Tiles => 4,
            _ => 1,
        };
        let copy_len = 4 * sizes.row_quads;
        let (taps, copies) = scratch.split_at_mut(sizes.taps);
        if !is_packed && !copies.is_empty() {
            copies[..copy_len].fill(zero);
        }
        let input = input.as_ptr_range();
        let columns = match TapLayout::is_in_one_piece(g) {
            true => 1,
            false => g.kernel[1],
        };
        let row_taps = TapLayout::row_taps(g);
        let bytes = row_taps / columns;
        let pieces = Pieces {
            source: input.start,
            copy: copies.as_mut_ptr(),
            rows: g.kernel[0],
            columns,
            words: bytes.div_ceil(4),
            bytes,
            column_step: g.dilation[1] * g.channels,
            row_step: g.dilation[0] * g.input[1] * g.channels,
            copy_gap: 0,
        };
        Self {
            geometry: g,
            is_direct: !is_packed,
            is_packed,
            is_bytes,
            positions,
            zero,
            row_taps,
            base: input.start,
            steps: [
                g.stride[0] * g.input[1] * g.channels,
                g.stride[1] * g.channels,
            ],
            interior: [interior(g, 0), interior(g, 1)],
            read: pieces.read(),
            copies: copies.as_mut_ptr(),
            copy_len,
            widening: Widening {
                sources: [input.start; 4],
                taps: taps.as_mut_ptr().cast(),
                row_bytes: positions * 8 * sizes.row_quads,
                rows: 1,
                step: pieces.row_step as isize - copy_len as isize,
            },
            pieces,
            input,
        }
    }

    /// Where the taps are.
    pub fn taps(&self) -> *const u32 {
        self.widening.taps
    }

    /// Goes to the channels of a group.
    pub fn start_group(&mut self, group: usize) {
        let g = self.geometry;
        let before = (g.padding[0] * g.input[1] + g.padding[1]) * g.channels;
        let first = self.input.start.wrapping_sub(before);
        self.base = first.wrapping_add(group * g.group_channels());
    }

    /// Four outputs one behind another.
    pub fn four(&mut self, first: usize) {
        let width = self.geometry.output[1];
        let (y, x) = (first / width, first % width);
        let step = self.steps[1];
        if x + 4 <= width && self.has_inside([y, y], [x, x + 3]) {
            let source = self.source([y, x]);
            let sources = [0, 1, 2, 3].map(|index| source.wrapping_add(index * step));
            if self.gather_inside(sources) {
                return;
            }
        }
        self.gather(&[0, 1, 2, 3].map(|index| first + index));
    }

    /// The four of a window.
    pub fn window(&mut self, [y, x]: [usize; 2]) {
        if self.has_inside([y, y + 1], [x, x + 1]) {
            let source = self.source([y, x]);
            let below = source.wrapping_add(self.steps[0]);
            let step = self.steps[1];
            let sources = [
                source,
                source.wrapping_add(step),
                below,
                below.wrapping_add(step),
            ];
            if self.gather_inside(sources) {
                return;
            }
        }
        let width = self.geometry.output[1];
        let first = y * width + x;
        self.gather(&[first, first + 1, first + width, first + width + 1]);
    }

    /// An output four times.
    pub fn alone(&mut self, place: usize) {
        self.gather(&[place; 4]);
    }

    /// An output alone.
    pub fn one(&mut self, place: usize) {
        let width = self.geometry.output[1];
        let [y, x] = [place / width, place % width];
        let source = self.source([y, x]);
        if self.is_direct && self.has_inside([y, y], [x, x]) && self.can_read(source) {
            self.widening.sources[0] = source;
            self.widen(self.geometry.kernel[0], self.widening.taps);
            return;
        }
        self.gather(&[place]);
    }

    pub fn has_inside(&self, rows: [usize; 2], columns: [usize; 2]) -> bool {
        let [all_rows, all_columns] = &self.interior;
        rows[0] >= all_rows.start
            && rows[1] < all_rows.end
            && columns[0] >= all_columns.start
            && columns[1] < all_columns.end
    }

    /// The first tap of an output, which may lie before the input.
    pub fn source(&self, [y, x]: [usize; 2]) -> *const i8 {
        self.base
            .wrapping_add(y * self.steps[0] + x * self.steps[1])
    }

    /// Whether all can be read from there on.
    pub fn can_read(&self, source: *const i8) -> bool {
        self.input.end as usize - source as usize >= self.read
    }

    /// Gathers four positions in ascending order, all of whose taps are inside the input, unless the
    /// input ends too early to be read in words.
    fn gather_inside(&mut self, sources: [*const i8; 4]) -> bool {
        if !self.can_read(sources[3]) {
            return false;
        }
        if self.is_direct {
            self.widening.sources = sources;
            self.widen(self.geometry.kernel[0], self.widening.taps);
            return true;
        }
        self.copy_patches(&sources);
        true
    }

    /// Copies all taps of positions that can be read so, and widens them.
    // Apart, so that the number of positions is not known, and the loop not written out for each.
    #[inline(never)]
    fn copy_patches(&mut self, sources: &[*const i8]) {
        for (index, source) in sources.iter().enumerate() {
            let copy = self.copy_patch(*source, index);
            if let Some(own) = self.widening.sources.get_mut(index) {
                *own = copy;
            }
        }
        self.widen(1, self.widening.taps);
    }

    /// Copies all taps of a position that can be read so, and says where to.
    #[inline(never)]
    pub fn copy_patch(&self, source: *const i8, index: usize) -> *const i8 {
        let copy = self.copies.wrapping_add(index * self.copy_len);
        let pieces = Pieces {
            source,
            copy,
            ..self.pieces
        };
        // SAFETY: the source was checked to have all that is read, and a word is left behind the
        // copies.
        unsafe { pieces.run() };
        copy
    }

    /// Widens so many rows, from the sources on.
    #[inline(never)]
    pub fn widen(&mut self, rows: usize, taps: *mut u32) -> *mut u32 {
        let work = &mut self.widening;
        if self.positions == 4 {
            let first = core::mem::replace(&mut work.taps, taps);
            work.rows = rows;
            // SAFETY: the sources were checked to have so many rows, or are copies.
            let behind = unsafe { work.run(self.is_bytes) };
            work.taps = first;
            return behind;
        }
        let mut behind = taps;
        for row in 0..rows {
            let source = work.sources[0].wrapping_add(row * self.pieces.row_step);
            // SAFETY: as above.
            behind = unsafe { widen_line(source, behind, self.copy_len / 4, self.is_bytes) };
        }
        behind
    }
}

/// Along an axis, the outputs all of whose taps are inside the input.
fn interior(g: &ConvGeometry, axis: usize) -> Range<usize> {
    let first = g.padding[axis].div_ceil(g.stride[axis]);
    let reach = (g.kernel[axis] - 1) * g.dilation[axis] + 1;
    let room = g.input[axis] + g.padding[axis];
    match room.checked_sub(reach) {
        Some(last) => first..last / g.stride[axis] + 1,
        None => 0..0,
    }
}
