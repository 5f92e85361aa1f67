//! Up to three filters of each group: fewer than a tile has.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::region::ScatteredOutputs;
use super::{ColumnRun, Fan, FanShape, Rectangle};
use core::ops::Range;

/// Most runs of columns. A kernel of seven columns has six with part of it in the padding on either side, one with
/// all of it inside, and one without any on either side.
const RUNS: usize = 2 * Rectangle::COLUMNS + 1;

/// Outputs of a fan.
const LANES: usize = 4;

/// Instructions that outputs with the same rows of the kernel take, of all filters that are in no tile.
struct BandCost {
    /// A fan without its products.
    fan: usize,
    /// An output by itself without its products.
    lone: usize,
    /// The products of an output with one tap a row.
    tap: usize,
}

impl BandCost {
    /// Instructions before the first fan of outputs with the same taps.
    const FANS: usize = 120;

    /// Of outputs with so many rows of the kernel. What the loops take is counted.
    fn of<const PARTS: u8>(block: &FilterBlock<PARTS>, kernel_rows: usize) -> Self {
        let channels = block.geometry.group_channels();
        let rows = channels * kernel_rows;
        // Behind a channel; one row of each is the rows of one channel.
        let between = if kernel_rows == 1 { 0 } else { 12 * channels };
        let all = block.few * block.groups;
        let fans = block.few.div_ceil(2) * (70 + block.groups * (28 + between + 12 * rows));
        Self {
            fan: fans + 36 * all,
            lone: all * (20 + between + 6 * rows),
            tap: all * rows,
        }
    }

    /// Whether so many outputs with so many taps a row are to be computed by themselves.
    fn is_lone(&self, outputs: usize, taps: usize) -> bool {
        let fan = self.fan + LANES * self.tap * taps;
        outputs * (self.lone + self.tap * taps) <= Self::FANS + outputs.div_ceil(LANES) * fan
    }
}

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs in these rows and columns.
    #[inline(never)]
    pub fn bands(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let mut runs = [ColumnRun::END; RUNS + 1];
        let count = self.column_runs(columns.clone(), &mut runs);
        let mut fan = Fan::of_filters(self, target);
        let mut y = rows.start;
        while y < rows.end {
            let (alike, taps) = self.alike(0, y, rows.end);
            y = alike.end;
            if taps.is_empty() {
                self.fill([alike, columns.clone()], self.few_filters(), target);
            } else {
                self.taps[0] = taps;
                let runs = &mut runs[..=count];
                self.band(alike, columns.start, runs, &mut fan, target);
            }
        }
        // For which the sweep is not made.
        self.taps = [0..0, 0..0];
    }

    fn few_filters(&self) -> Range<usize> {
        self.tiled..self.tiled + self.few
    }

    /// The columns as runs, with [`ColumnRun::END`] behind them; says how many.
    #[inline(never)]
    fn column_runs(&self, columns: Range<usize>, runs: &mut [ColumnRun; RUNS + 1]) -> usize {
        let (mut count, mut at, mut before) = (0, columns.start, 0);
        while at < columns.end {
            let (alike, taps) = self.alike(1, at, columns.end);
            runs[count] = ColumnRun::of(alike.len(), &taps);
            runs[count].step = bytes(taps.start).wrapping_sub(bytes(before));
            (count, at, before) = (count + 1, alike.end, taps.start);
        }
        runs[count] = ColumnRun::END;
        count
    }

    /// The outputs of rows that have the block's rows of the kernel, of which there are some, from column `x` on.
    fn band(
        &mut self,
        rows: Range<usize>,
        mut x: usize,
        runs: &mut [ColumnRun],
        fan: &mut Fan,
        target: &OutputPlaces,
    ) {
        let cost = BandCost::of(self, self.taps[0].len());
        // From here on outputs are to be computed by themselves.
        let (mut lone, mut first) = (x, 0);
        for at in 0..runs.len() {
            let run = runs[at];
            let alike = x..x + run.columns as usize;
            let taps = usize::from(run.taps);
            if taps > 0 && cost.is_lone(rows.len() * alike.len(), taps) {
                x = alike.end;
                continue;
            }
            if first < at {
                self.runs([rows.clone(), lone..x], &mut runs[first..=at], target);
            }
            let outputs = [rows.clone(), alike.clone()];
            if taps > 0 {
                let first = usize::from(run.first);
                self.taps[1] = first..first + taps;
                self.fans(outputs, fan, target);
            } else if run.columns > 0 {
                self.fill(outputs, self.few_filters(), target);
            }
            x = alike.end;
            (lone, first) = (x, at + 1);
        }
    }

    /// Outputs that have the block's taps: of two filters at a time, then of one; side by side, and four at a time
    /// of what is left.
    fn fans(&mut self, [rows, columns]: [Range<usize>; 2], fan: &mut Fan, target: &OutputPlaces) {
        fan.aim(self);
        let tiles = if self.geometry.stride[1] == 1 {
            columns.len() / LANES
        } else {
            0
        };
        if tiles > 0 {
            self.fan_lines(fan, (rows.clone(), columns.start, tiles), target);
        }
        let left = columns.start + LANES * tiles..columns.end;
        if left.is_empty() {
            return;
        }
        let mut over = ScatteredOutputs::NONE;
        self.scattered([rows, left], target, &mut over, |block, outputs| {
            block.fan_outputs(fan, outputs, target);
        });
        if over.count > 0 {
            over.fill();
            self.fan_outputs(fan, &over, target);
        }
    }

    /// Filters of a fan: the first one, and how many there are.
    fn pairs(&self) -> impl Iterator<Item = [usize; 2]> + use<PARTS> {
        let filters = self.few_filters();
        let end = filters.end;
        filters
            .step_by(2)
            .map(move |first| [first, (end - first).min(2)])
    }

    /// Of each of these rows so many tiles of neighbours, from a column on.
    #[inline(never)]
    fn fan_lines(
        &self,
        fan: &mut Fan,
        (rows, x, tiles): (Range<usize>, usize, usize),
        target: &OutputPlaces,
    ) {
        // The loops' turns are one tile of each group, or of the only one all tiles of a row, or all rows of a
        // tile: whatever leaves fewer calls.
        let (turns, across, down);
        if self.groups > 1 {
            (turns, across, down) = (self.groups, 1, 1);
        } else if tiles >= rows.len() {
            (turns, across, down) = (tiles, tiles, 1);
            (fan.turn, fan.output_turn) = (bytes(LANES), bytes(LANES));
        } else {
            (turns, across, down) = (rows.len(), 1, rows.len());
            fan.turn = bytes(self.geometry.stride[0] * self.geometry.input[1]);
            fan.output_turn = bytes(target.pitch);
        }
        for y in rows.step_by(down) {
            for tile in (0..tiles).step_by(across) {
                let x = x + LANES * tile;
                let (input, place) = (self.first_input(y, x), target.place(y, x));
                for filters in self.pairs() {
                    let shape = if filters[1] == 1 {
                        FanShape::OneLine
                    } else {
                        FanShape::TwoLines
                    };
                    fan.at_outputs(self, [input; LANES], filters, target, place);
                    fan.turns = turns as u32;
                    // SAFETY: these outputs have the block's taps, and the target has each of them in each of
                    // the groups; buffers are whole.
                    unsafe { fan.run(shape) }
                }
            }
        }
    }

    /// Four outputs.
    #[inline(never)]
    fn fan_outputs(&self, fan: &mut Fan, outputs: &ScatteredOutputs, target: &OutputPlaces) {
        fan.places = outputs.steps();
        for filters in self.pairs() {
            let shape = if filters[1] == 1 {
                FanShape::One
            } else {
                FanShape::Two
            };
            fan.turns = self.groups as u32;
            fan.at_outputs(self, outputs.inputs, filters, target, outputs.places[0]);
            // SAFETY: as in `fan_lines`.
            unsafe { fan.run(shape) }
        }
    }

    /// All outputs in these rows and columns, one at a time. The rows have the block's rows of the kernel, and the
    /// columns consist of these runs, each of which has taps, but the last one, which is another's or the end.
    #[inline(never)]
    fn runs(&mut self, outputs: [Range<usize>; 2], runs: &mut [ColumnRun], target: &OutputPlaces) {
        let end = runs.len() - 1;
        let (behind, step) = (runs[end], runs[0].step);
        runs[end] = ColumnRun::END;
        let first = usize::from(runs[0].first);
        self.taps[1] = first..first;
        for filter in self.few_filters() {
            self.rectangle(outputs.clone(), filter, runs, target);
        }
        (runs[end], runs[0].step) = (behind, step);
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
        let mut kernel_rows = [self.taps[0].len(), g.group_channels()];
        let mut pitch = bytes(g.dilation[0] * g.input[1]);
        let mut weight_pitch = bytes(g.kernel[1]);
        let (area, kernel) = (bytes(g.input_area()), bytes(g.kernel_area()));
        if kernel_rows[0] == 1 {
            // The channels' rows as rows of one channel.
            kernel_rows = [kernel_rows[1], 1];
            (pitch, weight_pitch) = (area, kernel);
        }
        let down = kernel_rows[0] as i32;
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
            kernel_rows: kernel_rows[0] as u32,
            channels: kernel_rows[1] as u32,
            pitch,
            weight_pitch,
            channel_step: area - down * pitch,
            weight_channel_step: kernel - down * weight_pitch,
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
