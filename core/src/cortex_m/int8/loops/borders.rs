//! Positions some of whose taps are not inside the input, or not to be read in words there.

use super::copying::Pieces;
use super::gathering::Gathering;
use core::ops::Range;

impl Gathering<'_> {
    /// Gathers any positions: row by row, or all rows at once where they are packed.
    #[inline(never)]
    pub fn gather(&mut self, places: &[usize]) {
        let mut sources = self.widening.sources;
        let mut taps = self.widening.taps;
        let rows = match self.is_packed {
            true => 1,
            false => self.geometry.kernel[0],
        };
        for row in 0..rows {
            self.find(row, places, &mut sources);
            self.widening.sources = sources;
            taps = self.widen(1, taps);
        }
    }

    /// Where a row of each position's taps is, or all of them where they are packed.
    // Apart, so that the number of positions is not known, and the loop not written out for each.
    #[inline(never)]
    fn find(&self, row: usize, places: &[usize], sources: &mut [*const i8]) {
        let width = self.geometry.output[1];
        for (index, (source, place)) in sources.iter_mut().zip(places).enumerate() {
            let place = [place / width, place % width];
            *source = match self.is_packed {
                true => self.patch(place, index),
                false => self.row(place, row, index),
            };
        }
    }

    /// Copies all taps of a position, and says where to.
    #[inline(never)]
    fn patch(&self, [y, x]: [usize; 2], index: usize) -> *const i8 {
        let source = self.source([y, x]);
        if self.has_inside([y, y], [x, x]) && self.can_read(source) {
            return self.copy_patch(source, index);
        }
        let copy = self.copies.wrapping_add(index * self.copy_len);
        self.copy_part(source, x, self.geometry.valid_taps(0, y), copy);
        copy
    }

    /// Where a row of taps, in one piece, is: in the input, in the padding, or where it is copied to.
    #[inline(never)]
    fn row(&self, [y, x]: [usize; 2], row: usize, index: usize) -> *const i8 {
        if !self.geometry.valid_taps(0, y).contains(&row) {
            return self.copies;
        }
        let source = self.source([y, x]);
        let first = source.wrapping_add(row * self.pieces.row_step);
        let is_inside = self.interior[1].contains(&x);
        if is_inside && self.input.end as usize - first as usize >= self.copy_len {
            return first;
        }
        let copy = self.copies.wrapping_add((index + 1) * self.copy_len);
        self.copy_part(first, x, 0..1, copy);
        copy
    }

    /// Copies rows of the taps of an output in a column, of which the first is at `source`, or would
    /// be; other taps have the padding's code.
    #[inline(never)]
    fn copy_part(&self, source: *const i8, x: usize, rows: Range<usize>, copy: *mut i8) {
        // SAFETY: a copy has so many codes.
        unsafe { core::ptr::write_bytes(copy, self.zero as u8, self.copy_len) };
        let columns = self.geometry.valid_taps(1, x);
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let own = &self.pieces;
        let channels = self.geometry.group_channels();
        let inside = columns.len() * channels;
        let step = rows.start * own.row_step + columns.start * own.column_step;
        let place = rows.start * self.row_taps + columns.start * channels;
        let mut pieces = Pieces {
            source: source.wrapping_add(step),
            copy: copy.wrapping_add(place),
            rows: rows.len(),
            columns: columns.len(),
            copy_gap: self.row_taps - inside,
            ..*own
        };
        if own.columns == 1 {
            (pieces.columns, pieces.bytes) = (1, inside);
        }
        // SAFETY: these taps are inside the input, and the copy has a place for each.
        unsafe { pieces.run_exactly() };
    }
}
