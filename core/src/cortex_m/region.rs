//! How a region is swept.

use super::convolution::{OutputPlaces, ZERO, bytes, is_narrow};
use super::filter_block::FilterBlock;
use super::{ColumnRun, Rectangle, TileShape};
use core::ops::Range;

/// Most runs of columns that are computed at once. A kernel of seven columns has seven runs with half of
/// it in the padding on either side.
const RUNS: usize = 9;

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// The address of the first tap's input of an output that has the block's taps.
    #[inline(never)]
    pub fn first_input(&self, y: usize, x: usize) -> *const f32 {
        let g = self.geometry;
        let [row, column] = [(0, y), (1, x)].map(|(axis, at)| {
            let tap = self.taps[axis].start * g.dilation[axis];
            (at * g.stride[axis] + tap).wrapping_sub(g.padding[axis])
        });
        let first = row.wrapping_mul(g.input[1]).wrapping_add(column);
        self.input.wrapping_add(first)
    }

    /// The address of a filter's first tap.
    pub fn first_weight(&self, filter: usize) -> *const f32 {
        let g = self.geometry;
        let first = self.taps[0].start * g.kernel[1] + self.taps[1].start;
        self.weights.wrapping_add(filter * g.taps() + first)
    }

    /// Tiles of four outputs across, then four at a time of what is left.
    #[inline(never)]
    pub fn tiles(&mut self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
        let across = self.geometry.stride[1];
        let shape = if across == 1 {
            TileShape::Line
        } else {
            TileShape::Scattered
        };
        let tiles = columns.len() / 4;
        if tiles > 0 {
            (self.sweep.input_step, self.sweep.output_step) = (bytes(4 * across), bytes(4));
            self.sweep.places = [bytes(1), bytes(2), bytes(3)];
            for y in rows.clone() {
                let first = self.first_input(y, columns.start);
                self.sweep.inputs = [0, 1, 2, 3].map(|place| first.wrapping_add(place * across));
                self.sweep.outputs = target.at(y, columns.start);
                self.run(shape, tiles);
            }
        }
        let left = columns.start + 4 * tiles..columns.end;
        if left.is_empty() {
            return;
        }
        let (mut count, mut last, mut first_place) = (0, (0, 0), 0);
        for y in rows {
            let mut input = self.first_input(y, left.start);
            let mut place = target.place(y, left.start);
            for x in left.clone() {
                last = (y, x);
                self.sweep.inputs[count] = input;
                if count == 0 {
                    self.sweep.outputs = target.outputs.map(|output| output.wrapping_add(place));
                    self.sweep.places = [0; 3];
                    first_place = place;
                } else {
                    self.sweep.places[count - 1] = bytes(place - first_place);
                }
                (input, place) = (input.wrapping_add(across), place + 1);
                count += 1;
                if count == 4 {
                    self.run(TileShape::Scattered, 1);
                    count = 0;
                }
            }
        }
        // A tile is four times what one output costs, but each filter's rows cost by themselves, too.
        if Self::HAS_SINGLES && count == 1 && is_narrow(self.geometry) && self.taps[1].len() > 2 {
            self.lone(last.0, last.1, target);
        } else if count > 0 {
            // The others are the first one again.
            let first = self.sweep.inputs[0];
            self.sweep.inputs[count..].fill(first);
            self.run(TileShape::Scattered, 1);
        }
    }

    #[inline(never)]
    pub fn run(&mut self, shape: TileShape, tiles: usize) {
        self.sweep.tiles = tiles as u32;
        // SAFETY: `aim` made the steps for taps that are inside the input for all the outputs whose
        // inputs' addresses were set, and the target has each of them; buffers are whole.
        unsafe { self.sweep.run(shape) }
    }

    /// All outputs in these rows and columns, of a block that is a single filter.
    #[inline(never)]
    pub fn bands(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let Some(inner) = self.line_columns(&columns) else {
            return self.runs([rows, columns], target);
        };
        self.lines(rows.clone(), inner.clone(), target);
        self.runs([rows.clone(), columns.start..inner.start], target);
        self.runs([rows, inner.end..columns.end], target);
    }

    /// The same, an output at a time.
    #[inline(never)]
    pub fn runs(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let mut start = columns.start;
        while start < columns.end {
            let mut runs = [ColumnRun::END; RUNS + 1];
            // A loop whose turns the compiler knows would be spelled out, in flash.
            let most = RUNS.min(2 * self.geometry.kernel[1]);
            let (count, mut end) = self.column_runs(start..columns.end, &mut runs[..most]);
            if count == 0 {
                end = self.alike(1, start, columns.end).end;
            }
            let first = usize::from(runs[0].first);
            let mut y = rows.start;
            while y < rows.end {
                let alike = self.alike(0, y, rows.end);
                self.taps = [self.valid_taps(0, y), first..first];
                y = alike.end;
                let outputs = [alike, start..end];
                if count == 0 || self.taps[0].is_empty() {
                    self.fill(outputs, target);
                } else {
                    self.rectangle(outputs, &mut runs[..=count], target);
                }
            }
            start = end;
        }
    }

    /// As many runs of the columns as there is room for and that have taps, and where they end.
    fn column_runs(&self, columns: Range<usize>, runs: &mut [ColumnRun]) -> (usize, usize) {
        let (mut count, mut at, mut before) = (0, columns.start, 0);
        for run in runs {
            let taps = self.valid_taps(1, at);
            if at == columns.end || taps.is_empty() {
                break;
            }
            let end = self.alike(1, at, columns.end).end;
            *run = ColumnRun::of(end - at, &taps);
            run.step = bytes(taps.start).wrapping_sub(bytes(before));
            (count, at, before) = (count + 1, end, taps.start);
        }
        (count, at)
    }

    /// Outputs all of whose taps are in the padding.
    #[inline(never)]
    pub fn fill(&mut self, outputs: [Range<usize>; 2], target: &OutputPlaces) {
        self.taps = [0..0, 0..0];
        let mut runs = [ColumnRun::of(outputs[1].len(), &(0..1)), ColumnRun::END];
        self.rectangle(outputs, &mut runs, target);
    }

    /// An output that has the block's taps.
    #[inline(never)]
    fn lone(&self, y: usize, x: usize, target: &OutputPlaces) {
        let mut runs = [ColumnRun::of(1, &self.taps[1]), ColumnRun::END];
        self.rectangle([y..y + 1, x..x + 1], &mut runs, target);
    }

    /// Outputs that have the block's rows of taps: of all its filters, one after the other, or of its
    /// single one in all groups that are computed at once. Without such rows outputs are where sums begin. The columns consist of `runs`, which have [`ColumnRun::END`] behind them.
    #[inline(never)]
    pub fn rectangle(
        &self,
        [rows, columns]: [Range<usize>; 2],
        runs: &mut [ColumnRun],
        target: &OutputPlaces,
    ) {
        let g = self.geometry;
        let taps_down = self.taps[0].len();
        let taps_across = if taps_down == 0 { 1 } else { g.kernel[1] };
        let pitch = bytes(g.dilation[0] * g.input[1]);
        let column_step = bytes(g.stride[1]);
        // Of the groups, or of the filters.
        let (count, filters, input, output) = if self.is_single {
            let (filters, area) = (g.group_filters(), g.group_channels() * g.input_area());
            (
                self.groups,
                filters,
                bytes(area),
                bytes(filters * g.output_area()),
            )
        } else {
            let [first, second, ..] = target.outputs.map(|output| output.addr());
            (self.filters, 1, 0, second.wrapping_sub(first) as i32)
        };
        let has_bias = self.bias != &raw const ZERO;
        let place = target.place(rows.start, columns.start);
        // From behind a row to the next one, from the last run's first tap to the first one's.
        let taps_back = i32::from(runs[0].first) - i32::from(runs[runs.len() - 2].first);
        let step =
            bytes(g.stride[0] * g.input[1]) - columns.len() as i32 * column_step + 4 * taps_back;
        runs[0].step = step;
        let first_input = self.first_input(rows.start, columns.start);
        let first_weight = self.taps[0].start * g.kernel[1];
        let mut work = Rectangle {
            input: first_input.wrapping_byte_offset(-step as isize),
            output: target.outputs[0].wrapping_add(place),
            weights: self.weights.wrapping_add(first_weight),
            bias: self.bias,
            runs: runs.as_mut_ptr(),
            floor: self.floor,
            kernel_rows: taps_down as u32,
            kernel_columns: taps_across as u32,
            channels: g.group_channels() as u32,
            pitch,
            weight_pitch: bytes(g.kernel[1]),
            channel_step: bytes(g.input_area()) - taps_down as i32 * pitch,
            weight_channel_step: bytes((g.kernel[0] - taps_down) * g.kernel[1]),
            column_step,
            rows: rows.len() as u32,
            output_row_step: bytes(target.pitch - columns.len()),
            groups: count as u32,
            group_step: input,
            output_group_step: output,
            weight_group_step: bytes(filters * g.taps()),
            bias_step: bytes(filters * usize::from(has_bias)),
            own: [0; 3],
        };
        // SAFETY: all these outputs' taps are inside the input, and the target has each of them in
        // each of the groups or filters; buffers are whole. Behind the runs is their end.
        unsafe { work.run() }
    }

    /// Makes the sweep one of outputs with the block's taps.
    #[inline(never)]
    pub fn aim(&mut self) {
        self.sweep.weights = self.each(|f| self.first_weight(f));
        let g = self.geometry;
        let [rows, columns] = [self.taps[0].len(), self.taps[1].len()];
        let (column, pitch) = (bytes(g.dilation[1]), bytes(g.dilation[0] * g.input[1]));
        let area = bytes(g.input_area());
        let behind_row = bytes(g.kernel[1] - columns);
        let behind_channel = bytes((g.kernel[0] - rows) * g.kernel[1]) + behind_row;
        let sweep = &mut self.sweep;
        (sweep.three_step, sweep.one_step) = (bytes(3), column);
        (sweep.threes, sweep.ones) = match g.dilation[1] {
            1 => (columns as u32 / 3, columns as u32 % 3),
            _ => (0, columns as u32),
        };
        if sweep.threes + sweep.ones != 1 || behind_row != 0 {
            (sweep.rows, sweep.channels) = (rows as u32, g.group_channels() as u32);
            sweep.row_step = pitch - column * columns as i32;
            sweep.channel_step = area - pitch * rows as i32 + sweep.row_step;
            (sweep.weight_row_step, sweep.weight_channel_step) = (behind_row, behind_channel);
            return;
        }
        // One turn a row: the rows are turns of the innermost loop, or else the channels.
        let (turns, step);
        if rows == 1 && behind_channel == 0 {
            (turns, step, sweep.rows) = (g.group_channels() as u32, area, 1);
        } else {
            (turns, step, sweep.rows) = (rows as u32, pitch, g.group_channels() as u32);
        }
        sweep.channels = 1;
        sweep.row_step = area - step * turns as i32;
        sweep.weight_row_step = behind_channel;
        (sweep.three_step, sweep.one_step) = (step, step);
        sweep.threes *= turns;
        sweep.ones *= turns;
    }
}
