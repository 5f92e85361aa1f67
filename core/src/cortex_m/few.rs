//! Up to three filters of each group: fewer than a tile has.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::scattered::ScatteredOutputs;
use super::{ColumnRun, Fan, FanShape, Rectangle};
use core::ops::Range;

/// Most runs of columns. A kernel of seven columns has six with part of it in the padding on either side, one with
/// all of it inside, and one without any on either side.
const RUNS: usize = 2 * Rectangle::COLUMNS + 1;

/// Outputs of a fan.
const LANES: usize = 4;

/// Fans of one filter and two of outputs side by side, if not further apart.
const LINES: [FanShape; 2] = [FanShape::OneLine, FanShape::TwoLines];
/// The same of outputs anywhere.
const SCATTERED: [FanShape; 2] = [FanShape::One, FanShape::Two];

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
        let mut fan = Fan::nowhere(self);
        fan.begin_filters(self, target);
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

    pub fn few_filters(&self) -> Range<usize> {
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
                self.lone_runs([rows.clone(), lone..x], &mut runs[first..=at], target);
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
        let tiles = columns.len() / LANES;
        if tiles > 0 {
            self.fan_lines(fan, (rows.clone(), columns.start, tiles), target);
        }
        let left = columns.start + LANES * tiles..columns.end;
        if left.is_empty() {
            return;
        }
        let is_short = self.geometry.stride[1] == 1 && fan.taps <= 3;
        if left.len() == LANES - 1 && tiles > 0 && is_short {
            // One of them again costs less than rows of their own.
            return self.fan_lines(fan, (rows, columns.end - LANES, 1), target);
        }
        let mut over = ScatteredOutputs::none_at(self.input);
        self.scattered([rows, left], target, &mut over, |block, outputs| {
            block.fan_outputs(fan, outputs, target);
        });
        if over.count > 0 {
            over.fill();
            self.fan_outputs(fan, &over, target);
        }
    }

    /// Of each of these rows so many tiles of neighbours, from a column on.
    #[inline(never)]
    fn fan_lines(
        &self,
        fan: &mut Fan,
        (rows, x, tiles): (Range<usize>, usize, usize),
        target: &OutputPlaces,
    ) {
        let g = self.geometry;
        let across = g.stride[1];
        let down = g.stride[0] * g.input[1];
        let turn = [fan.turn, fan.shared_turn, fan.output_turn, fan.bias_turn];
        // What there is most of, groups, rows or tiles of a row, are the loops' turns.
        let mut calls = [self.groups, rows.len(), tiles];
        let turns = self.groups.max(rows.len()).max(tiles);
        if self.groups == turns {
            calls[0] = 1;
        } else {
            (fan.shared_turn, fan.bias_turn) = (0, 0);
            if rows.len() == turns {
                calls[1] = 1;
                (fan.turn, fan.output_turn) = (bytes(down), bytes(target.pitch));
            } else {
                calls[2] = 1;
                (fan.turn, fan.output_turn) = (bytes(LANES * across), bytes(LANES));
            }
        }
        fan.places = [bytes(1), bytes(2), bytes(3)];
        let (first, place) = (self.first_input(rows.start, x), target.place(rows.start, x));
        for group in 0..calls[0] {
            for row in 0..calls[1] {
                for tile in 0..calls[2] {
                    let input = group * self.group_values() + row * down + LANES * tile * across;
                    let input = first.wrapping_add(input);
                    let inputs = [0, 1, 2, 3].map(|lane| input.wrapping_add(lane * across));
                    let place = place + row * target.pitch + LANES * tile;
                    let filter = group * g.group_filters();
                    let shapes = if across == 1 { LINES } else { SCATTERED };
                    self.fan_filters(fan, shapes, (filter, turns), inputs, target, place);
                }
            }
        }
        [fan.turn, fan.shared_turn, fan.output_turn, fan.bias_turn] = turn;
    }

    /// Four outputs.
    #[inline(never)]
    fn fan_outputs(&self, fan: &mut Fan, outputs: &ScatteredOutputs, target: &OutputPlaces) {
        fan.places = outputs.steps();
        let (turns, place) = ((0, self.groups), outputs.places[0]);
        self.fan_filters(fan, SCATTERED, turns, outputs.inputs, target, place);
    }

    /// Four outputs of all filters that are in no tile, of the group that begins at a filter, and so many turns; by
    /// these shapes for one filter and two.
    #[inline(always)]
    fn fan_filters(
        &self,
        fan: &mut Fan,
        shapes: [FanShape; 2],
        (start, turns): (usize, usize),
        inputs: [*const f32; LANES],
        target: &OutputPlaces,
        place: usize,
    ) {
        for first in self.few_filters().step_by(2) {
            let filters = (self.tiled + self.few - first).min(2);
            fan.at_outputs(self, inputs, [start + first, filters], target, place);
            fan.turns = turns as u32;
            // SAFETY: these outputs have the block's taps, and the target has each of them in each of the
            // groups; buffers are whole.
            unsafe { fan.run(shapes[filters - 1]) }
        }
    }
}
