//! The taps of a few positions, widened side by side.
//!
//! Rows of the kernel that lie in one piece, and inside the input, are widened where they are. Others
//! are copied first, with the padding's code where they leave the input.

use super::layout::Layout;
use super::widening::{Widening, widen_line};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// Positions' taps, and what it takes to find them.
pub(super) struct Gathering<'a> {
    geometry: &'a ConvGeometry,
    layout: Layout,
    input: Range<*const i8>,
    zero: i8,
    /// 1, or 4.
    positions: usize,
    is_bytes: bool,
    /// Where copies of rows are made, one behind another, behind one of padding alone.
    copies: *mut i8,
    /// Bytes of a copy.
    copy_len: usize,
    /// Whether rows can be widened where they lie.
    is_direct: bool,
    /// Outputs all of whose taps are inside the input.
    interior: [Range<usize>; 2],
    /// Bytes from a row of the kernel to the next one.
    pitch: usize,
    /// The first channel of the group.
    channel: usize,
    widening: Widening,
}

/// A position's first tap, which may lie before the input.
#[derive(Clone, Copy)]
struct Corner([isize; 2]);

impl<'a> Gathering<'a> {
    /// Bytes that it works in.
    pub const fn bytes(g: &ConvGeometry, positions: usize) -> usize {
        let layout = Layout::of(g);
        let taps = positions * 8 * layout.quads(g);
        if never_copies(g) {
            return taps;
        }
        taps + (positions + 1) * 4 * layout.rows(g)[1]
    }

    /// `scratch` is aligned to words, and has as many bytes as [`Gathering::bytes`] says.
    pub fn new(
        g: &'a ConvGeometry,
        input: &[i8],
        zero: i8,
        scratch: &mut [i8],
        positions: usize,
        is_bytes: bool,
    ) -> Self {
        let layout = Layout::of(g);
        let [rows, quads] = layout.rows(g);
        let (taps, copies) = scratch.split_at_mut(positions * 8 * rows * quads);
        if !never_copies(g) {
            copies[..4 * quads].fill(zero);
        }
        let pitch = g.dilation[0] * g.input[1] * g.channels;
        let range = input.as_ptr_range();
        Self {
            geometry: g,
            layout,
            zero,
            positions,
            is_bytes,
            copies: copies.as_mut_ptr(),
            copy_len: 4 * quads,
            is_direct: layout == Layout::Rows && is_in_one_piece(g),
            interior: [interior(g, 0), interior(g, 1)],
            pitch,
            channel: 0,
            widening: Widening {
                sources: [range.start; 4],
                taps: taps.as_mut_ptr().cast(),
                row_bytes: positions * 8 * quads,
                rows: 1,
                step: pitch as isize - 4 * quads as isize,
            },
            input: range,
        }
    }

    /// Where the taps are.
    pub fn taps(&self) -> *const u32 {
        self.widening.taps
    }

    /// Goes to the channels of a group.
    pub fn start_group(&mut self, group: usize) {
        self.channel = group * self.geometry.group_channels();
    }

    /// Four outputs one behind another.
    pub fn four(&mut self, first: usize) {
        let width = self.geometry.output[1];
        let (mut y, mut x) = (first / width, first % width);
        let places = [0; 4].map(|_| {
            let place = [y, x];
            x += 1;
            if x == width {
                (y, x) = (y + 1, 0);
            }
            place
        });
        self.gather(places);
    }

    /// The four of a window.
    pub fn window(&mut self, [y, x]: [usize; 2]) {
        self.gather([[y, x], [y, x + 1], [y + 1, x], [y + 1, x + 1]]);
    }

    /// An output alone.
    pub fn one(&mut self, place: usize) {
        let width = self.geometry.output[1];
        self.gather([[place / width, place % width]]);
    }

    #[inline(always)]
    fn gather<const N: usize>(&mut self, places: [[usize; 2]; N]) {
        let corners = places.map(|[y, x]| self.corner(y, x));
        let [rows, columns] = &self.interior;
        let is_inside =
            |place: &[usize; 2]| rows.contains(&place[0]) && columns.contains(&place[1]);
        let mut is_direct = self.is_direct && places.iter().all(is_inside);
        if is_direct {
            let read = (self.geometry.kernel[0] - 1) * self.pitch + self.copy_len;
            let sources = corners.map(|corner| self.address(corner));
            let left = |source: &*const i8| self.input.end as usize - *source as usize;
            is_direct = sources.iter().all(|source| left(source) >= read);
            self.widening.sources[..N].copy_from_slice(&sources);
        }
        if is_direct {
            self.widen(self.geometry.kernel[0], self.widening.taps);
        } else {
            self.gather_by_copies(&corners);
        }
    }

    #[inline(always)]
    fn corner(&self, y: usize, x: usize) -> Corner {
        let g = self.geometry;
        let along =
            |axis: usize, at: usize| (at * g.stride[axis]) as isize - g.padding[axis] as isize;
        Corner([along(0, y), along(1, x)])
    }

    /// Where a place's first channel of the group is; nothing is read from before the input.
    #[inline(always)]
    fn address(&self, Corner([y, x]): Corner) -> *const i8 {
        let g = self.geometry;
        let place = y * g.input[1] as isize + x;
        let offset = place * g.channels as isize + self.channel as isize;
        self.input.start.wrapping_offset(offset)
    }

    /// Widens so many rows, from the sources on.
    #[inline(always)]
    fn widen(&mut self, rows: usize, taps: *mut u32) -> *mut u32 {
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
            let source = work.sources[0].wrapping_add(row * self.pitch);
            // SAFETY: as above.
            behind = unsafe { widen_line(source, behind, self.copy_len / 4, self.is_bytes) };
        }
        behind
    }

    /// Row by row, or all rows at once where they are packed.
    #[inline(never)]
    fn gather_by_copies(&mut self, corners: &[Corner]) {
        let kernel_rows = self.geometry.kernel[0];
        let row_taps = Layout::row_taps(self.geometry);
        let mut taps = self.widening.taps;
        if self.layout == Layout::Packed {
            for (index, corner) in corners.iter().enumerate() {
                let copy = self.copy(index);
                (0..kernel_rows).for_each(|row| {
                    self.copy_row(*corner, row, copy.wrapping_add(row * row_taps));
                });
                self.widening.sources[index] = copy;
            }
            self.widen(1, taps);
            return;
        }
        for row in 0..kernel_rows {
            for (index, corner) in corners.iter().enumerate() {
                self.widening.sources[index] = self.row(*corner, row, self.copy(index));
            }
            taps = self.widen(1, taps);
        }
    }

    fn copy(&self, index: usize) -> *mut i8 {
        self.copies.wrapping_add((index + 1) * self.copy_len)
    }

    /// Where a row of taps is: in the input, in the padding, or where it is copied to.
    fn row(&self, corner: Corner, row: usize, copy: *mut i8) -> *const i8 {
        let g = self.geometry;
        let y = corner.0[0] + (row * g.dilation[0]) as isize;
        if !(0..g.input[0] as isize).contains(&y) {
            return self.copies;
        }
        let x = corner.0[1];
        if self.is_direct && x >= 0 && x as usize + g.kernel[1] <= g.input[1] {
            let source = self.address(Corner([y, x]));
            if self.input.end as usize - source as usize >= self.copy_len {
                return source;
            }
        }
        self.copy_row(corner, row, copy);
        copy
    }

    /// Copies a row of taps, with the padding's code where there is no input.
    fn copy_row(&self, corner: Corner, row: usize, copy: *mut i8) {
        let g = self.geometry;
        let y = corner.0[0] + (row * g.dilation[0]) as isize;
        if !(0..g.input[0] as isize).contains(&y) {
            return self.pad(copy, Layout::row_taps(g));
        }
        let channels = g.group_channels();
        let x = corner.0[1];
        if is_in_one_piece(g) {
            let first = (-x).clamp(0, g.kernel[1] as isize) as usize;
            let end =
                (g.input[1] as isize - x).clamp(first as isize, g.kernel[1] as isize) as usize;
            let source = self.address(Corner([y, x + first as isize]));
            self.pad(copy, first * channels);
            let copy = copy.wrapping_add(first * channels);
            copy_codes(source, copy, (end - first) * channels);
            let copy = copy.wrapping_add((end - first) * channels);
            return self.pad(copy, (g.kernel[1] - end) * channels);
        }
        for column in 0..g.kernel[1] {
            let x = x + (column * g.dilation[1]) as isize;
            let copy = copy.wrapping_add(column * channels);
            if (0..g.input[1] as isize).contains(&x) {
                copy_codes(self.address(Corner([y, x])), copy, channels);
            } else {
                self.pad(copy, channels);
            }
        }
    }

    fn pad(&self, copy: *mut i8, len: usize) {
        for at in 0..len {
            // SAFETY: a copy has a place for each tap.
            unsafe { *copy.wrapping_add(at) = self.zero };
        }
    }
}

/// Copies codes, which may begin anywhere.
fn copy_codes(source: *const i8, copy: *mut i8, len: usize) {
    let words = len / 4;
    for at in 0..words {
        let (source, copy) = (source.cast::<u32>(), copy.cast::<u32>());
        // SAFETY: the input has so many codes from there on, and the copy has a place for each.
        unsafe {
            let word = source.wrapping_add(at).read_unaligned();
            copy.wrapping_add(at).write_unaligned(word);
        }
    }
    for at in 4 * words..len {
        // SAFETY: as above.
        unsafe { *copy.wrapping_add(at) = *source.wrapping_add(at) };
    }
}

/// Whether the taps of a row of the kernel lie side by side.
const fn is_in_one_piece(g: &ConvGeometry) -> bool {
    g.kernel[1] == 1 || (g.dilation[1] == 1 && g.groups == 1)
}

/// Whether every row is widened where it lies.
const fn never_copies(g: &ConvGeometry) -> bool {
    g.is_pointwise() && g.group_channels() % 4 == 0
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
