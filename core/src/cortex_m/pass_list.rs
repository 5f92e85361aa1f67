//! Few filters of each group, over any number of channels, of at most four columns and eight rows.
//!
//! Sums stay in memory: all outputs get the products of one channel, then those of the next one, whose weights
//! are in registers meanwhile, as many rows of them as there is room for at once. So outputs need no regions: all are
//! put on a list once, in scan order, each with the code for its taps, and those side by side that have all columns of
//! the kernel up to four at a time. The loops go through the list for each channel of each filter.

use super::channel_pass::{ChannelPass, PassCall, PassCode, PassTable};
use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::kept_list::KeptRun;
use crate::ops::conv2d::scalar::passes;
use core::mem::MaybeUninit;
use core::ops::Range;

/// Rows of weights that there are registers for.
const ROWS: usize = 4;

/// Most calls on a list. Those of the widest row, twice, with weights and what leads back.
const CALLS: usize = 50;

/// A list that is being made.
struct PassList {
    // Not as zeros, which would take longer to store than a short list to make.
    calls: [MaybeUninit<PassCall>; CALLS],
    len: usize,
    table: PassTable,
    /// Rows of the kernel that are taken up.
    taken: Range<usize>,
    /// Bytes of outputs to be left out before the next call.
    skipped: i32,
}

impl PassList {
    fn push(&mut self, offset: i32, code: PassCode, rows: u32) {
        let code = self.table.code(code);
        self.calls[self.len].write(PassCall { offset, code, rows });
        self.len += 1;
    }

    /// The calls from a place on once more, as often as there are rows, whose inputs lie so many bytes further on each
    /// time.
    fn repeat(&mut self, first: usize, rows: usize, step: i32) {
        let skip = self.table.code(PassCode::SKIP);
        let begin = self.len;
        self.len += rows * (begin - first);
        // Each is the copy of the one that lies a row before it.
        let row = begin - first;
        let calls = &mut self.calls[first..self.len];
        for at in row..calls.len() {
            // SAFETY: up to here all calls are on the list.
            let mut call = unsafe { calls[at - row].assume_init() };
            if call.code != skip {
                call.offset = call.offset.wrapping_add(step);
            }
            calls[at].write(call);
        }
    }

    /// Leaves out what is to be left out.
    fn skip(&mut self) {
        if self.skipped != 0 {
            self.push(self.skipped, PassCode::SKIP, 0);
            self.skipped = 0;
        }
    }
}

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs of the filters that are in no tile, where they lie as the maps do.
    #[inline(never)]
    pub fn passes(&self, target: &OutputPlaces) {
        let g = self.geometry;
        let mut runs = KeptRun::unset(g.groups);
        let count = self.kept_runs(0..g.output[1], &mut runs);
        let runs = &runs[..count];
        let mut list = PassList {
            calls: [const { MaybeUninit::uninit() }; CALLS],
            len: 0,
            table: PassTable::new(g.stride[1]),
            taken: 0..0,
            skipped: 0,
        };
        let row_calls: usize = runs.iter().map(|run| self.run_calls(run)).sum();
        let chunks = g.kernel[0].div_ceil(ROWS);
        // Without the list's end, the first weights and what leads back of each chunk.
        let room = (CALLS - 1) / chunks - 2;
        // Weights once more where a row lacks some.
        let others = g.output[0] - self.interior[0].len();
        let mut height = g.output[0];
        if height * row_calls + others > room {
            height = (room / (row_calls + 1)).max(1);
        }
        let mut first = 0;
        while first < g.output[0] {
            let rows = first..g.output[0].min(first + height);
            first = rows.end;
            self.list_rows(&mut list, rows.clone(), runs);
            self.run_passes(&mut list, target, rows);
        }
    }

    /// How many calls a run of columns takes at most.
    fn run_calls(&self, run: &KeptRun) -> usize {
        let g = self.geometry;
        match run.taps.len() {
            taps if taps == g.kernel[1] => run.len.div_ceil(passes::line(taps, g.stride[1])),
            0 => 1,
            _ => run.len,
        }
    }

    /// Puts these rows of outputs on the list, as often as the kernel's rows are taken up.
    fn list_rows(&self, list: &mut PassList, rows: Range<usize>, runs: &[KeptRun]) {
        let g = self.geometry;
        for first in (0..g.kernel[0]).step_by(ROWS) {
            let chunk = first..g.kernel[0].min(first + ROWS);
            if first > 0 {
                list.skipped -= bytes(rows.len() * g.output[1]);
            }
            let mut y = rows.start;
            while y < rows.end {
                let (alike, taps) = self.alike(0, y, rows.end);
                y = alike.end;
                let taps = taps.start.max(chunk.start)..taps.end.min(chunk.end);
                if taps.is_empty() {
                    list.skipped += bytes(alike.len() * g.output[1]);
                } else {
                    self.list_alike(list, alike, chunk.start..taps.end, &taps, runs);
                }
            }
        }
        list.push(0, PassCode::END, 0);
    }

    /// Puts rows of outputs on the list that have the same rows of the kernel, and there are some; up to the last of
    /// them these are to be taken up.
    fn list_alike(
        &self,
        list: &mut PassList,
        rows: Range<usize>,
        // All up to the last one, so that it is in the loops' last place.
        taken: Range<usize>,
        taps: &Range<usize>,
        runs: &[KeptRun],
    ) {
        let g = self.geometry;
        if taken != list.taken {
            let code = list.table.take(g.kernel[1], ROWS - taken.len());
            let weights = bytes(taken.start * g.kernel[1]);
            list.push(weights, PassCode::WEIGHTS, code);
            list.taken = taken;
        }
        let step = bytes(g.stride[0] * g.input[1]);
        let row = rows.start * g.stride[0] + taps.start * g.dilation[0];
        let row = row.wrapping_sub(g.padding[0]);
        let mut row = row.wrapping_mul(g.input[1] * size_of::<f32>()) as i32;
        list.skip();
        let past = ROWS - taps.len();
        let (mut begin, mut left) = (list.len, rows.len() - 1);
        self.list_row_of(list, row, runs, past);
        // Where outputs are left out at its end, the next row begins with that.
        if left > 0 && list.skipped != 0 {
            (begin, left) = (list.len, left - 1);
            row = row.wrapping_add(step);
            self.list_row_of(list, row, runs, past);
        }
        list.repeat(begin, left, step);
    }

    /// Puts a row of outputs on the list, whose row of inputs begins at an offset, past some rows of weights.
    fn list_row_of(&self, list: &mut PassList, row: i32, runs: &[KeptRun], past: usize) {
        for run in runs {
            self.list_run(list, row, run, past);
        }
    }

    /// Those of a run of columns.
    fn list_run(&self, list: &mut PassList, row: i32, run: &KeptRun, past: usize) {
        let g = self.geometry;
        if run.taps.is_empty() {
            list.skipped += bytes(run.len);
            return;
        }
        list.skip();
        let most = match run.taps.len() {
            taps if taps == g.kernel[1] => passes::line(taps, g.stride[1]),
            _ => 1,
        };
        let (mut left, mut offset, mut outputs) = (run.len, row.wrapping_add(run.offset), most);
        let mut rows = 0;
        while left > 0 {
            if rows == 0 || left < outputs {
                outputs = most.min(left);
                rows = list.table.rows(outputs, &run.taps, past);
            }
            list.push(offset, PassCode::sums(outputs), rows);
            offset = offset.wrapping_add(bytes(outputs * g.stride[1]));
            left -= outputs;
        }
    }

    /// Goes through the list, of these rows of outputs, for all channels of all filters, and begins a new one.
    fn run_passes(&self, list: &mut PassList, target: &OutputPlaces, rows: Range<usize>) {
        let g = self.geometry;
        let filters = g.group_filters();
        let mut work = ChannelPass {
            input: self.input,
            output: target.first,
            weights: self.weights,
            bias: self.input,
            group_steps: [
                bytes(self.group_values()),
                bytes(filters * target.map),
                bytes(filters * g.taps()),
                bytes(filters * self.bias_step()),
            ],
            groups: 0,
            outputs: (rows.len() * g.output[1]) as u32,
            channels: g.group_channels() as u32,
            calls: list.calls.as_ptr().cast::<PassCall>(),
            floor: self.sweep.floor,
            pitch: bytes(g.dilation[0] * g.input[1]),
            weight_pitch: bytes(g.kernel[1]),
            channel_step: bytes(g.input_area()),
            weight_channel_step: bytes(g.kernel_area()),
        };
        for filter in self.few_filters() {
            work.input = self.input;
            work.output = target.of(filter, rows.start * g.output[1]);
            work.weights = self.weights.wrapping_add(filter * g.taps());
            work.bias = self.bias_of(filter);
            work.groups = self.groups as u32;
            // SAFETY: each output's taps are inside the input, and the target has a place for it in each of
            // the groups; buffers are whole, and the list ends.
            unsafe { work.run() };
        }
        (list.len, list.taken, list.skipped) = (0, 0..0, 0);
    }
}
