//! Filters over one channel, of at most 4 x 4 taps, which stay in registers.
//!
//! Outputs have different taps beside the borders, and of a small map there is little else. So all outputs
//! are put on a list once, in scan order, each with the code for its taps; the loops go through it for one
//! filter after the other.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::kept::{CodeTable, KeptCall, KeptCode, KeptFilters};
use core::ops::Range;

/// Rows of the largest kernel.
const ROWS: usize = 4;

/// Most calls on a list: what a map of 7 x 7 takes, on a stack that has 2 KiB in all.
const CALLS: usize = 64;

/// Most columns that are computed at once; a row has at most four calls more.
const COLUMNS: usize = CALLS - 4;

/// Most runs of columns with the same columns of the kernel: as many as there are on either side, one
/// inside, and two in the padding.
pub(super) const RUNS: usize = 9;

/// Outputs side by side with the same columns of the kernel.
#[derive(Clone)]
pub(super) struct KeptRun {
    pub len: usize,
    pub taps: Range<usize>,
    /// From a row's first value to the first output's first tap's input, in bytes.
    pub offset: i32,
}

impl KeptRun {
    /// None yet, of a value at hand, since zeros are stored by a call that takes three times as long.
    pub fn unset(value: usize) -> [Self; RUNS] {
        [(); RUNS].map(|()| Self {
            len: value,
            taps: value..value,
            offset: value as i32,
        })
    }
}

/// A list that is being made.
struct CallList {
    calls: [KeptCall; CALLS],
    len: usize,
    table: CodeTable,
    /// Rows of the kernel that were taken up.
    taken: usize,
    /// Bytes from the first output on the list to behind the last one.
    written: i32,
}

impl CallList {
    fn push(&mut self, offset: i32, code: u32) {
        self.calls[self.len] = KeptCall { offset, code };
        self.len += 1;
    }
}

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs in these rows and columns.
    #[inline(never)]
    pub fn kept(&self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let mut start = columns.start;
        while start < columns.end {
            let end = columns.end.min(start + COLUMNS);
            self.kept_strip(rows.clone(), start..end, target);
            start = end;
        }
    }

    /// The same, of no more columns than are computed at once.
    fn kept_strip(&self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
        let mut runs = KeptRun::unset(self.groups);
        let count = self.kept_runs(columns.clone(), &mut runs);
        let mut list = CallList {
            calls: [KeptCall { offset: 0, code: 0 }; CALLS],
            len: 0,
            table: CodeTable::new(),
            taken: 0,
            written: 0,
        };
        let gap = bytes(target.pitch - columns.len());
        let mut first = rows.start;
        for y in rows {
            // What a row needs at most, with the list's end.
            if list.len + columns.len() + 4 > CALLS {
                self.run_kept(&mut list, target, target.place(first, columns.start));
                first = y;
            }
            self.list_row(&mut list, y, &runs[..count]);
            list.written += bytes(columns.len()) + gap;
            if gap != 0 {
                list.push(gap, list.table.other(KeptCode::ROW_END));
            }
        }
        self.run_kept(&mut list, target, target.place(first, columns.start));
    }

    /// The columns as runs; says how many.
    pub(super) fn kept_runs(&self, columns: Range<usize>, runs: &mut [KeptRun; RUNS]) -> usize {
        let g = self.geometry;
        let (mut count, mut at) = (0, columns.start);
        while at < columns.end {
            let (alike, taps) = self.alike(1, at, columns.end);
            let first = (at * g.stride[1] + taps.start).wrapping_sub(g.padding[1]);
            let (len, offset) = (alike.len(), first.wrapping_mul(size_of::<f32>()) as i32);
            runs[count] = KeptRun { len, taps, offset };
            (at, count) = (alike.end, count + 1);
        }
        count
    }

    /// Puts a row of outputs on the list.
    fn list_row(&self, list: &mut CallList, y: usize, runs: &[KeptRun]) {
        let g = self.geometry;
        let (_, taps) = self.alike(0, y, y + 1);
        if !taps.is_empty() && taps.end != list.taken {
            // All rows of the kernel up to the last one, so that it is in the loops' last place.
            let code = list.table.take(g.kernel[1], ROWS - taps.end);
            list.push(code as i32, list.table.other(KeptCode::WEIGHTS));
            list.push(0, 0);
            list.taken = taps.end;
        }
        let row = (y * g.stride[0] + taps.start * g.dilation[0]).wrapping_sub(g.padding[0]);
        let row = row.wrapping_mul(g.input[1] * size_of::<f32>()) as i32;
        for run in runs {
            let columns = if taps.is_empty() {
                0..0
            } else {
                run.taps.clone()
            };
            let code = list.table.output(&columns, ROWS - taps.len());
            let mut offset = row.wrapping_add(run.offset);
            for _ in 0..run.len {
                list.push(offset, code);
                offset = offset.wrapping_add(bytes(g.stride[1]));
            }
        }
    }

    /// Goes through the list, whose first output has this place, for all filters, and begins a new one.
    fn run_kept(&self, list: &mut CallList, target: &OutputPlaces, place: usize) {
        list.push(0, list.table.other(KeptCode::END));
        let g = self.geometry;
        // Of each group.
        let filters = self.tiled + self.few;
        for filter in 0..filters {
            let work = KeptFilters {
                input: self.input,
                output: target.of(filter, place),
                weights: self.weights.wrapping_add(filter * g.taps()),
                bias: self.bias_of(filter),
                calls: list.calls.as_ptr(),
                floor: self.sweep.floor,
                pitch: bytes(g.dilation[0] * g.input[1]),
                weight_pitch: bytes(g.kernel[1]),
                filters: self.groups as u32,
                input_step: bytes(g.input_area()),
                output_step: bytes(g.group_filters() * target.map) - list.written,
                weight_step: bytes(g.group_filters() * g.taps()),
                bias_step: bytes(g.group_filters() * self.bias_step()),
            };
            // SAFETY: each output's taps are inside the input, and the target has a place for it in each of
            // the groups; buffers are whole, and the list ends.
            unsafe { work.run() };
        }
        (list.len, list.taken, list.written) = (0, 0, 0);
    }
}
