//! Up to three filters of each group: fewer than a tile has.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::region::ScatteredOutputs;
use super::{ColumnRun, Fan, FanShape, Rectangle};
use core::ops::Range;

/// Most runs of columns that are computed at once. A kernel of seven columns has seven runs with half of
/// it in the padding on either side.
const RUNS: usize = 9;

/// Outputs of a fan.
const LANES: usize = 4;

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs in these rows and columns.
    #[inline(never)]
    pub fn bands(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let mut runs = [ColumnRun::END; RUNS + 1];
        let mut y = rows.start;
        while y < rows.end {
            let (alike, taps) = self.alike(0, y, rows.end);
            y = alike.end;
            if taps.is_empty() {
                self.fill([alike, columns.clone()], self.few_filters(), target);
            } else {
                self.band([alike, columns.clone()], &taps, &mut runs, target);
            }
        }
        // For which the sweep is not made.
        self.taps = [0..0, 0..0];
    }

    fn few_filters(&self) -> Range<usize> {
        self.tiled..self.tiled + self.few
    }

    /// The same of rows that have these rows of the kernel, of which there are some.
    fn band(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        taps: &Range<usize>,
        runs: &mut [ColumnRun; RUNS + 1],
        target: &OutputPlaces,
    ) {
        // From here on outputs are to be computed by themselves.
        let mut lone = columns.start;
        let mut x = columns.start;
        while x < columns.end {
            let (alike, own) = self.alike(1, x, columns.end);
            x = alike.end;
            // A fan takes not much more than two of its outputs by themselves, of two filters than one.
            let is_lone = rows.len() * alike.len() + self.few.min(2) <= 3;
            if !is_lone && !own.is_empty() {
                self.runs([rows.clone(), lone..alike.start], taps, runs, target);
                self.taps = [taps.clone(), own];
                self.few_tiles([rows.clone(), alike], target);
                lone = x;
            }
        }
        self.runs([rows, lone..columns.end], taps, runs, target);
    }

    /// Outputs that have the block's taps: of two filters at a time, then of one.
    fn few_tiles(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        for first in self.few_filters().step_by(2) {
            let filters = (self.tiled + self.few - first).min(2);
            self.fan_tiles([rows.clone(), columns.clone()], [first, filters], target);
        }
    }

    /// The same of one filter or two, from the first one on: side by side, then four at a time of what is left.
    #[inline(never)]
    fn fan_tiles(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        filters: [usize; 2],
        target: &OutputPlaces,
    ) {
        let tiles = if self.geometry.stride[1] == 1 {
            columns.len() / LANES
        } else {
            0
        };
        if tiles > 0 {
            let mut fan = Fan::of_filters(self, target);
            for y in rows.clone() {
                self.fan_lines(&mut fan, (y, columns.start, tiles), filters, target);
            }
        }
        let left = columns.start + LANES * tiles..columns.end;
        if left.is_empty() {
            return;
        }
        let mut fan = Fan::of_filters(self, target);
        let mut over = ScatteredOutputs::NONE;
        self.scattered([rows, left], target, &mut over, |block, outputs| {
            block.fan_outputs(&mut fan, outputs, filters, target);
        });
        if over.count > 0 {
            over.fill();
            self.fan_outputs(&mut fan, &over, filters, target);
        }
    }

    /// So many tiles of neighbours, from an output on.
    #[inline(never)]
    fn fan_lines(
        &self,
        fan: &mut Fan,
        (y, x, tiles): (usize, usize, usize),
        filters: [usize; 2],
        target: &OutputPlaces,
    ) {
        let shape = if filters[1] == 1 {
            FanShape::OneLine
        } else {
            FanShape::TwoLines
        };
        let (input, place) = (self.first_input(y, x), target.place(y, x));
        // One way or the other the loops' turns are one tile of each group, or all tiles of the only one.
        let (calls, turns) = if self.groups > 1 {
            (tiles, self.groups)
        } else {
            (fan.turn, fan.output_turn) = (bytes(LANES), bytes(LANES));
            (fan.shared_turn, fan.bias_turn) = (0, 0);
            (1, tiles)
        };
        for tile in 0..calls {
            let inputs = [input.wrapping_add(LANES * tile); LANES];
            fan.at_outputs(self, inputs, filters, target, place + LANES * tile);
            fan.turns = turns as u32;
            // SAFETY: these outputs have the block's taps, and the target has each of them in each of the
            // groups; buffers are whole.
            unsafe { fan.run(shape) }
        }
    }

    /// Four outputs.
    #[inline(never)]
    fn fan_outputs(
        &self,
        fan: &mut Fan,
        outputs: &ScatteredOutputs,
        filters: [usize; 2],
        target: &OutputPlaces,
    ) {
        let shape = if filters[1] == 1 {
            FanShape::One
        } else {
            FanShape::Two
        };
        fan.places = outputs.steps();
        fan.turns = self.groups as u32;
        fan.at_outputs(self, outputs.inputs, filters, target, outputs.places[0]);
        // SAFETY: as in `fan_lines`.
        unsafe { fan.run(shape) }
    }

    /// All outputs in these rows and columns, one at a time. The rows have these rows of the kernel.
    #[inline(never)]
    fn runs(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        taps: &Range<usize>,
        runs: &mut [ColumnRun; RUNS + 1],
        target: &OutputPlaces,
    ) {
        let mut start = columns.start;
        while start < columns.end {
            let (count, end) = self.column_runs(start..columns.end, runs);
            let outputs = [rows.clone(), start..end];
            start = end;
            if count == 0 {
                self.fill(outputs, self.few_filters(), target);
                continue;
            }
            let first = usize::from(runs[0].first);
            self.taps = [taps.clone(), first..first];
            for filter in self.few_filters() {
                self.rectangle(outputs.clone(), filter, &mut runs[..=count], target);
            }
        }
    }

    /// As many runs of the columns as there is room for and that have taps, and where they end; without any, where
    /// those without taps do.
    #[inline(never)]
    fn column_runs(
        &self,
        columns: Range<usize>,
        runs: &mut [ColumnRun; RUNS + 1],
    ) -> (usize, usize) {
        let (mut count, mut at, mut before) = (0, columns.start, 0);
        while at < columns.end && count < RUNS {
            let (alike, taps) = self.alike(1, at, columns.end);
            if taps.is_empty() {
                if count == 0 {
                    at = alike.end;
                }
                break;
            }
            runs[count] = ColumnRun::of(alike.len(), &taps);
            runs[count].step = bytes(taps.start).wrapping_sub(bytes(before));
            (count, at, before) = (count + 1, alike.end, taps.start);
        }
        runs[count] = ColumnRun::END;
        (count, at)
    }

    /// Outputs of a filter, in each of the groups, that have the block's rows of taps, of which there are
    /// some. The columns consist of `runs`, which have [`ColumnRun::END`] behind them.
    #[inline(never)]
    fn rectangle(
        &self,
        [rows, columns]: [Range<usize>; 2],
        filter: usize,
        runs: &mut [ColumnRun],
        target: &OutputPlaces,
    ) {
        let g = self.geometry;
        let taps_down = self.taps[0].len();
        let pitch = bytes(g.dilation[0] * g.input[1]);
        let column_step = bytes(g.stride[1]);
        // From behind a row to the next one, from the last run's first tap to the first one's.
        let taps_back = i32::from(runs[0].first) - i32::from(runs[runs.len() - 2].first);
        let step =
            bytes(g.stride[0] * g.input[1]) - columns.len() as i32 * column_step + 4 * taps_back;
        runs[0].step = step;
        let first_input = self.first_input(rows.start, columns.start);
        let first_weight = filter * g.taps() + self.taps[0].start * g.kernel[1];
        let filters = g.group_filters();
        let mut work = Rectangle {
            input: first_input.wrapping_byte_offset(-step as isize),
            output: target.of(filter, target.place(rows.start, columns.start)),
            weights: self.weights.wrapping_add(first_weight),
            bias: self.bias_of(filter),
            runs: runs.as_mut_ptr(),
            floor: self.floor,
            kernel_rows: taps_down as u32,
            channels: g.group_channels() as u32,
            pitch,
            weight_pitch: bytes(g.kernel[1]),
            channel_step: bytes(g.input_area()) - taps_down as i32 * pitch,
            weight_channel_step: bytes((g.kernel[0] - taps_down) * g.kernel[1]),
            column_step,
            rows: rows.len() as u32,
            output_row_step: bytes(target.pitch - columns.len()),
            groups: self.groups as u32,
            group_step: bytes(self.group_values()),
            output_group_step: bytes(filters * target.map),
            weight_group_step: bytes(filters * g.taps()),
            bias_step: bytes(filters * self.bias_step()),
            own: [0; 3],
        };
        // SAFETY: all these outputs' taps are inside the input, and the target has each of them in
        // each of the groups; buffers are whole. Behind the runs is their end.
        unsafe { work.run() }
    }
}
