//! How a region is swept.

use super::convolution::{OutputPlaces, bytes, is_narrow};
use super::filter_block::FilterBlock;
use super::{Fan, FanShape, TileShape};
use core::ops::Range;

/// Outputs with the same taps, up to four, wherever they are.
#[derive(Clone, Copy)]
pub(super) struct ScatteredOutputs {
    pub count: usize,
    /// Their first taps' inputs, of the first group.
    pub inputs: [*const f32; 4],
    /// Values from a filter's first place to theirs.
    pub places: [usize; 4],
}

impl ScatteredOutputs {
    pub const NONE: Self = Self {
        count: 0,
        inputs: [core::ptr::null(); 4],
        places: [0; 4],
    };

    /// Those that are missing are the first one again.
    pub fn filled(mut self) -> Self {
        let (input, place) = (self.inputs[0], self.places[0]);
        self.inputs[self.count..].fill(input);
        self.places[self.count..].fill(place);
        self
    }

    /// From the first one to each of the others, in bytes.
    pub fn steps(&self) -> [i32; 3] {
        [1, 2, 3].map(|at| bytes(self.places[at]).wrapping_sub(bytes(self.places[0])))
    }
}

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
    pub fn tiles(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let tiles = columns.len() / 4;
        if tiles > 0 {
            for group in 0..self.groups {
                for first in (0..self.tiled).step_by(4) {
                    let inputs = [rows.clone(), columns.clone()];
                    self.lines_of_tiles(inputs, tiles, (group, first), target);
                }
            }
        }
        let left = columns.start + 4 * tiles..columns.end;
        if left.is_empty() {
            return;
        }
        let over = self.scattered([rows, left], target, Self::scattered_tiles);
        if Self::HAS_FANS && self.tiled >= 4 && is_narrow(self.geometry) {
            self.lone_outputs(&over, target);
        } else if over.count > 0 {
            self.scattered_tiles(&over.filled(), target);
        }
    }

    /// Rows of tiles of four filters.
    fn lines_of_tiles(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        tiles: usize,
        (group, first): (usize, usize),
        target: &OutputPlaces,
    ) {
        let across = self.geometry.stride[1];
        let shape = if across == 1 {
            TileShape::Line
        } else {
            TileShape::Scattered
        };
        self.sweep_filters(group, first);
        (self.sweep.input_step, self.sweep.output_step) = (bytes(4 * across), bytes(4));
        self.sweep.places = [bytes(1), bytes(2), bytes(3)];
        for y in rows {
            let input = self.first_input(y, columns.start);
            let input = input.wrapping_add(group * self.group_values());
            self.sweep.inputs = [0, 1, 2, 3].map(|place| input.wrapping_add(place * across));
            self.sweep_to(group, first, target, target.place(y, columns.start));
            self.run(shape, tiles);
        }
    }

    /// Four outputs of all filters that are in tiles.
    #[inline(never)]
    fn scattered_tiles(&mut self, outputs: &ScatteredOutputs, target: &OutputPlaces) {
        self.sweep.places = outputs.steps();
        for group in 0..self.groups {
            let offset = group * self.group_values();
            for first in (0..self.tiled).step_by(4) {
                self.sweep_filters(group, first);
                self.sweep.inputs = outputs.inputs.map(|input| input.wrapping_add(offset));
                self.sweep_to(group, first, target, outputs.places[0]);
                self.run(TileShape::Scattered, 1);
            }
        }
    }

    /// Gives these outputs to `compute`, four at a time, and returns those that are left over.
    #[inline(always)]
    pub fn scattered(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        target: &OutputPlaces,
        compute: impl Fn(&mut Self, &ScatteredOutputs, &OutputPlaces),
    ) -> ScatteredOutputs {
        let mut outputs = ScatteredOutputs::NONE;
        for y in rows {
            let mut input = self.first_input(y, columns.start);
            let mut place = target.place(y, columns.start);
            for _ in columns.clone() {
                outputs.inputs[outputs.count] = input;
                outputs.places[outputs.count] = place;
                (input, place) = (input.wrapping_add(self.geometry.stride[1]), place + 1);
                outputs.count += 1;
                if outputs.count == 4 {
                    compute(self, &outputs, target);
                    outputs.count = 0;
                }
            }
        }
        outputs
    }

    /// Fewer than four outputs of all filters that are in tiles, four or more: two at a time, then one.
    #[inline(never)]
    fn lone_outputs(&mut self, outputs: &ScatteredOutputs, target: &OutputPlaces) {
        let blocks = [(0, self.tiled / 4), (self.tiled - 4, 1)];
        let blocks = &blocks[..1 + usize::from(self.tiled % 4 > 0)];
        let mut left = *outputs;
        while left.count > 0 {
            let shape = if left.count > 1 {
                FanShape::Two
            } else {
                FanShape::One
            };
            let mut fan = Fan::of_outputs(self, &left, target);
            for group in 0..self.groups {
                for &(first, turns) in blocks {
                    fan.at_filters(self, (group, first, turns), &left, target);
                    // SAFETY: these outputs have the block's taps, and the target has each of them;
                    // buffers are whole.
                    unsafe { fan.run(shape) };
                }
            }
            left.count = left.count.saturating_sub(2);
            (left.inputs[0], left.places[0]) = (left.inputs[2], left.places[2]);
        }
    }

    /// Makes the sweep one of up to four filters: of a group, from one of its own on. The last one stands
    /// for those that are missing.
    fn sweep_filters(&mut self, group: usize, first: usize) {
        let filter = group * self.geometry.group_filters() + first;
        if self.swept == filter {
            return;
        }
        self.swept = filter;
        let last = self.tiled - first - 1;
        let filters = [0, 1, 2, 3].map(|f: usize| filter + f.min(last));
        self.sweep.weights = filters.map(|f| self.first_weight(f));
        // SAFETY: as in `bias_of`.
        let biases = filters.map(|f| unsafe { *self.bias_of(f) });
        for (sums, bias) in self
            .sweep
            .sums
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(biases)
        {
            *sums = [bias; 4];
        }
    }

    /// Aims at these filters' outputs from a place on.
    fn sweep_to(&mut self, group: usize, first: usize, target: &OutputPlaces, place: usize) {
        let filter = group * self.geometry.group_filters() + first;
        let last = self.tiled - first - 1;
        let output = target.of(filter, place);
        self.sweep.outputs =
            [0, 1, 2, 3].map(|f: usize| output.wrapping_add(f.min(last) * target.map));
    }

    #[inline(never)]
    fn run(&mut self, shape: TileShape, tiles: usize) {
        self.sweep.tiles = tiles as u32;
        // SAFETY: `aim` made the steps for taps that are inside the input for all the outputs whose
        // inputs' addresses were set, and the target has each of them; buffers are whole.
        unsafe { self.sweep.run(shape) }
    }

    /// Makes the sweep one of outputs with the block's taps.
    #[inline(never)]
    pub fn aim(&mut self) {
        self.swept = Self::NONE;
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
