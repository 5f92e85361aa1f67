//! How a region is swept.

use super::convolution::{OutputPlaces, bytes, is_narrow};
use super::filter_block::FilterBlock;
use super::scattered::ScatteredOutputs;
use super::{Fan, FanShape, SweepStart, TileShape};
use core::ops::Range;

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

    /// Tiles of four outputs across, then four at a time of what is left, by `fan` what is left over of these.
    #[inline(never)]
    pub fn tiles(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        target: &OutputPlaces,
        fan: Option<&mut Fan>,
    ) {
        let tiles = columns.len() / 4;
        let left = columns.start + 4 * tiles..columns.end;
        let mut over = ScatteredOutputs::none_at(self.input);
        let has_fan = Self::HAS_FANS && self.tiled >= 4 && is_narrow(self.geometry);
        let is_lone = has_fan && rows.len() * columns.len() < 4;
        let mut first = 0;
        while first < self.tiled {
            let is_known = self.start.filters[0] == first && self.start.filters[1] > first;
            if !is_lone && !is_known {
                self.start_at(first, target);
            }
            if tiles > 0 {
                self.lines_of_tiles([rows.clone(), columns.clone()], tiles, target);
            }
            if !left.is_empty() {
                (self.sweep.input_step, self.sweep.output_step) = (0, 0);
                over.count = 0;
                let outputs = [rows.clone(), left.clone()];
                self.scattered(outputs, target, &mut over, |block, outputs| {
                    block.scattered_tile(outputs);
                });
                if !has_fan && over.count > 0 {
                    over.fill();
                    self.scattered_tile(&over);
                }
            }
            if is_lone {
                break;
            }
            first = self.start.filters[1];
        }
        if let Some(fan) = fan
            && has_fan
            && over.count > 0
        {
            self.lone_outputs(&mut over, target, fan);
        }
    }

    fn lines_of_tiles(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        tiles: usize,
        target: &OutputPlaces,
    ) {
        let g = self.geometry;
        let across = g.stride[1];
        let shape = if across == 1 {
            TileShape::Line
        } else {
            TileShape::Scattered
        };
        (self.sweep.input_step, self.sweep.output_step) = (bytes(4 * across), bytes(4));
        self.sweep.places = [bytes(1), bytes(2), bytes(3)];
        let mut input = self.first_input(rows.start, columns.start);
        let mut place = target.place(rows.start, columns.start);
        for _ in rows {
            let inputs = [0, 1, 2, 3].map(|place| input.wrapping_add(place * across));
            self.sweep_outputs(shape, tiles, &inputs, place);
            input = input.wrapping_add(g.stride[0] * g.input[1]);
            place += target.pitch;
        }
    }

    /// Four outputs.
    #[inline(always)]
    fn scattered_tile(&mut self, outputs: &ScatteredOutputs) {
        self.sweep.places = outputs.steps();
        let (inputs, place) = (&outputs.inputs, outputs.places[0]);
        self.sweep_outputs(TileShape::Scattered, 1, inputs, place);
    }

    /// Fewer than four outputs of all filters that are in tiles, four or more: two at a time, then one.
    #[inline(never)]
    fn lone_outputs(&mut self, left: &mut ScatteredOutputs, target: &OutputPlaces, fan: &mut Fan) {
        let blocks = [(0, self.tiled / 4), (self.tiled - 4, 1)];
        let blocks = &blocks[..1 + usize::from(!self.tiled.is_multiple_of(4))];
        fan.aim(self);
        fan.share_inputs();
        while left.count > 0 {
            let shape = if left.count > 1 {
                FanShape::Two
            } else {
                FanShape::One
            };
            fan.shared_place = left.steps()[0];
            for group in 0..self.groups {
                for &(first, turns) in blocks {
                    fan.at_filters(self, (group, first, turns), left, target);
                    // SAFETY: these outputs have the block's taps, and the target has each of them;
                    // buffers are whole.
                    unsafe { fan.run(shape) };
                }
            }
            left.count = left.count.saturating_sub(2);
            (left.inputs[0], left.places[0]) = (left.inputs[2], left.places[2]);
        }
    }

    /// Sweeps tiles of the filters that sweeps start at. Inputs are the first group's; the first output has
    /// this place.
    #[inline(always)]
    fn sweep_outputs(
        &mut self,
        shape: TileShape,
        tiles: usize,
        inputs: &[*const f32; 4],
        place: usize,
    ) {
        if !self.start.is_ready {
            self.prepare(tiles);
        }
        self.run(shape, tiles, inputs, place);
    }

    /// Makes the sweep one of the filters that sweeps start at.
    // Does not run it: what lies on the stack here would lie below the loops.
    #[inline(never)]
    fn prepare(&mut self, tiles: usize) {
        self.sweep_from(self.start.filters[0]);
        let (start, sweep) = (&mut self.start, &mut self.sweep);
        sweep.turn_tiles = tiles as u32;
        let steps = tiles as i32 - 1;
        sweep.input_turn = start.input_turn - steps * sweep.input_step;
        sweep.output_turn = start.output_turn - steps * sweep.output_step;
        start.is_ready = start.turns == 1;
    }

    #[inline(always)]
    fn run(&mut self, shape: TileShape, tiles: usize, inputs: &[*const f32; 4], place: usize) {
        let is_column = self.is_column();
        let (start, sweep) = (&self.start, &mut self.sweep);
        sweep.inputs = *inputs;
        sweep.outputs = start.outputs.map(|output| output.wrapping_add(place));
        (sweep.tiles, sweep.turns) = (tiles as u32, start.turns.into());
        // SAFETY: `aim` made the steps for taps that are inside the input for all the outputs whose
        // inputs' addresses were set, and the target has each of them; buffers are whole.
        unsafe {
            if is_column {
                sweep.run_columns(shape);
            } else {
                sweep.run(shape);
            }
        }
    }

    /// Makes sweeps start at up to four filters of the first group, from this one on, where the last one
    /// stands for those that are missing, and turn from them to the same ones of all groups, or else to
    /// all that are left of the only one.
    #[inline(never)]
    fn start_at(&mut self, first: usize, target: &OutputPlaces) {
        let g = self.geometry;
        let (turns, filters, values, next);
        if self.groups > 1 {
            (turns, filters, values) = (self.groups, g.group_filters(), self.group_values());
            next = first + 4;
        } else {
            (turns, filters, values) = (((self.tiled - first) / 4).max(1), 4, 0);
            next = first + 4 * turns;
        }
        let last = self.tiled - first - 1;
        self.start = SweepStart {
            filters: [first, next],
            turns: turns as u16,
            is_ready: false,
            outputs: [0, 1, 2, 3].map(|f: usize| target.of(first + f.min(last), 0)),
            input_turn: bytes(values),
            output_turn: bytes(filters * target.map),
        };
        let bias = self.bias_step();
        let sweep = &mut self.sweep;
        sweep.weight_turn = bytes(filters * g.taps());
        sweep.bias_turn = bytes(filters * bias);
        sweep.bias_steps = [1, 2, 3].map(|f| if f <= last { bytes(bias) } else { 0 });
    }

    /// Gives the sweep these filters' weights and biases; turns leave it those of others.
    fn sweep_from(&mut self, first: usize) {
        let last = self.tiled - first - 1;
        let (weights, taps) = (self.first_weight(first), self.geometry.taps());
        let bias = self.bias_of(first);
        let step = self.bias_step();
        self.sweep.bias = bias;
        for f in 0..4 {
            let other = f.min(last);
            self.sweep.weights[f] = weights.wrapping_add(other * taps);
            // SAFETY: as in `bias_of`.
            let own = unsafe { *bias.wrapping_add(other * step) };
            self.sweep.sums[4 * f..][..4].fill(own);
        }
    }

    /// Makes the sweep one of outputs with the block's taps.
    #[inline(never)]
    pub fn aim(&mut self) {
        self.start.is_ready = false;
        let is_column = self.is_column();
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
        if is_column {
            (sweep.threes, sweep.ones) = (turns / 3, turns % 3);
        } else {
            sweep.threes *= turns;
            sweep.ones *= turns;
        }
    }
}
