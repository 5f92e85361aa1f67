//! Which sweeps make a convolution: any kernel, stride, padding, dilation and number of groups.
//!
//! Padding taps are skipped, so outputs beside the borders have fewer of them. Outputs with the
//! same taps make a region, a rectangle, and a region is swept in lines: what changes from one to
//! the next is a few addresses and steps, not code.

use super::{Depthwise, SingleFilter, Sweep, TileShape, depthwise};
use crate::ops::conv2d::{ConvGeometry, ScalarForward};
use core::ops::Range;

/// What sums begin at without a bias.
static ZERO: f32 = 0.0;

impl ScalarForward<'_> {
    /// All outputs, with the activation but for a ceiling, and the pool.
    pub(crate) fn convolve_by_tiles(&mut self) {
        let g = flattened(self.geometry, self.pool);
        let [height, width] = if self.pool {
            g.output.map(|extent| extent / 2)
        } else {
            g.output
        };
        // What the addresses rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && self.weights.len() == g.filters * g.taps()
            && [0, g.filters].contains(&self.bias.len())
            && self.output.len() == g.filters * height * width;
        assert!(is_whole, "a convolution's buffers are not of its geometry");
        for group in 0..g.groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            while filter < end {
                let filters = (end - filter).min(4);
                let input = self.input[group * g.group_channels() * g.input_area()..].as_ptr();
                let weights = self.weights[filter * g.taps()..].as_ptr();
                let bias = match self.bias.get(filter) {
                    Some(bias) => bias,
                    None => &ZERO,
                };
                let mut block = Block {
                    geometry: &g,
                    kind: Kind::of(&g, filters),
                    filters,
                    input,
                    weights,
                    bias,
                    channels: 1,
                    floor: if self.pool {
                        f32::NEG_INFINITY
                    } else {
                        self.floor()
                    },
                    taps: [0..0, 0..0],
                    sweep: Sweep::NOTHING,
                };
                block.set_sums(self.bias.get(filter..).unwrap_or(&[]));
                let places = filter * height * width..(filter + filters) * height * width;
                if self.pool {
                    let floor = self.floor();
                    let winners = self.winners.get_mut(places.clone()).unwrap_or(&mut []);
                    block.pool(floor, &mut self.output[places], winners);
                } else {
                    if matches!(block.kind, Kind::Depthwise) {
                        // Those of all groups at once, the others after them.
                        block.channels = g.groups;
                        if group > 0 {
                            return;
                        }
                    }
                    let output = self.output[places.start..].as_mut_ptr();
                    let target = Target {
                        outputs: [0_usize, 1, 2, 3].map(|f| {
                            output.wrapping_add(f.min(block.filters - 1) * height * width)
                        }),
                        pitch: width,
                        first: [0, 0],
                    };
                    block.regions([0..height, 0..width], &target);
                }
                filter += block.filters;
            }
        }
    }
}

/// A 1 x 1 kernel that takes every value sees one long row.
fn flattened(g: ConvGeometry, pool: bool) -> ConvGeometry {
    if pool || g.kernel != [1, 1] || g.stride != [1, 1] || g.input != g.output {
        return g;
    }
    ConvGeometry {
        input: [1, g.input_area()],
        output: [1, g.output_area()],
        ..g
    }
}

/// Bytes of so many values.
const fn bytes(values: usize) -> i32 {
    (values * size_of::<f32>()) as i32
}

/// How a block is swept.
#[derive(Clone, Copy)]
enum Kind {
    /// In tiles of four filters, the last of which may stand for several.
    Four,
    /// Filter by filter.
    Single,
    /// Filter by filter, each of which sees one channel and few taps of it.
    Depthwise,
}

impl Kind {
    fn of(g: &ConvGeometry, filters: usize) -> Self {
        let is_narrow = |most| g.dilation[1] == 1 && g.kernel[1] <= most;
        let is_depthwise = g.group_channels() == 1 && g.group_filters() < 4;
        if is_depthwise && is_narrow(depthwise::MOST) && g.kernel[0] <= depthwise::MOST {
            Self::Depthwise
        } else if filters == 1 && is_narrow(SingleFilter::MOST) {
            Self::Single
        } else {
            Self::Four
        }
    }
}

/// Where outputs go.
pub(super) struct Target {
    /// Each filter's.
    pub outputs: [*mut f32; 4],
    /// Values from a row to the next one.
    pub pitch: usize,
    /// The output that is written first.
    pub first: [usize; 2],
}

impl Target {
    fn at(&self, y: usize, x: usize) -> [*mut f32; 4] {
        let at = (y - self.first[0]) * self.pitch + x - self.first[1];
        self.outputs.map(|output| output.wrapping_add(at))
    }
}

/// Up to four filters side by side.
pub(super) struct Block<'a> {
    pub geometry: &'a ConvGeometry,
    kind: Kind,
    pub filters: usize,
    /// The group's channels.
    input: *const f32,
    /// The first filter's.
    weights: *const f32,
    /// The first filter's.
    bias: &'a f32,
    /// Groups that are computed at once.
    channels: usize,
    floor: f32,
    /// The rows and columns of the kernel that the sweep is made for.
    taps: [Range<usize>; 2],
    sweep: Sweep,
}

impl Block<'_> {
    /// What sums begin at: `biases` are this block's and those behind it, or none.
    fn set_sums(&mut self, biases: &[f32]) {
        if matches!(self.kind, Kind::Depthwise) {
            self.filters = 1;
        }
        let sums = self.sweep.sums.as_chunks_mut::<4>().0;
        for (f, sums) in sums.iter_mut().enumerate() {
            *sums = [biases.get(f.min(self.filters - 1)).copied().unwrap_or(0.0); 4];
        }
        self.sweep.rectify = u32::from(self.floor == 0.0);
    }

    /// All outputs in these rows and columns.
    pub fn regions(&mut self, [rows, columns]: [Range<usize>; 2], target: &Target) {
        let mut y = rows.start;
        while y < rows.end {
            let alike_rows = self.alike(0, y, rows.end);
            let mut x = columns.start;
            while x < columns.end {
                let alike_columns = self.alike(1, x, columns.end);
                self.region([alike_rows.clone(), alike_columns.clone()], target);
                x = alike_columns.end;
            }
            y = alike_rows.end;
        }
    }

    /// The outputs from `at` to `end`, along an axis, that have the same taps.
    fn alike(&self, axis: usize, at: usize, end: usize) -> Range<usize> {
        let g = self.geometry;
        let interior = g.interior(axis);
        if interior.contains(&at) {
            return at..interior.end.min(end);
        }
        let taps = g.valid_taps(axis, at);
        let mut last = at + 1;
        while last < end && g.valid_taps(axis, last) == taps {
            last += 1;
        }
        at..last
    }

    /// Outputs with the same taps.
    fn region(&mut self, [rows, columns]: [Range<usize>; 2], target: &Target) {
        let g = self.geometry;
        let taps = [g.valid_taps(0, rows.start), g.valid_taps(1, columns.start)];
        if taps[0].is_empty() || taps[1].is_empty() {
            return self.fill(rows, columns, target);
        }
        let is_new = taps != self.taps;
        self.taps = taps;
        match self.kind {
            Kind::Depthwise => self.rectangle(rows, columns, target),
            Kind::Single => self.lines(rows, columns, target),
            Kind::Four => {
                if is_new {
                    self.aim();
                }
                self.tiles(rows, columns, target);
            }
        }
    }

    /// Outputs all of whose taps are in the padding.
    fn fill(&self, rows: Range<usize>, columns: Range<usize>, target: &Target) {
        let g = self.geometry;
        for channel in 0..self.channels {
            let bias = match self.channels {
                1 => self.sweep.sums,
                _ => [*self.bias_of(channel); 16],
            };
            let step = channel * g.group_filters() * g.output_area();
            for y in rows.clone() {
                for x in columns.clone() {
                    for (f, output) in target.at(y, x).into_iter().enumerate() {
                        let value = if bias[4 * f] <= self.floor {
                            self.floor
                        } else {
                            bias[4 * f]
                        };
                        // SAFETY: the target has a place for each output.
                        unsafe { *output.wrapping_add(step) = value };
                    }
                }
            }
        }
    }

    fn bias_of(&self, channel: usize) -> &f32 {
        let first: *const f32 = self.bias;
        if first == &raw const ZERO {
            return &ZERO;
        }
        // SAFETY: there is a bias for each filter, or none.
        unsafe { &*first.add(channel * self.geometry.group_filters()) }
    }

    /// The address of the first tap's input of an output that has the block's taps.
    fn first_input(&self, y: usize, x: usize) -> *const f32 {
        let g = self.geometry;
        let [row, column] = [(0, y), (1, x)].map(|(axis, at)| {
            at * g.stride[axis] + self.taps[axis].start * g.dilation[axis] - g.padding[axis]
        });
        self.input.wrapping_add(row * g.input[1] + column)
    }

    /// The address of a filter's first tap.
    fn first_weight(&self, filter: usize) -> *const f32 {
        let g = self.geometry;
        let first = self.taps[0].start * g.kernel[1] + self.taps[1].start;
        self.weights.wrapping_add(filter * g.taps() + first)
    }

    /// Bytes from an output's inputs to those of the next one, down and across.
    fn input_steps(&self) -> [i32; 2] {
        let g = self.geometry;
        [bytes(g.stride[0] * g.input[1]), bytes(g.stride[1])]
    }

    /// Tiles of four outputs across, then one by one, along the longer side of what is left.
    fn tiles(&mut self, rows: Range<usize>, columns: Range<usize>, target: &Target) {
        let [down, across] = self.input_steps();
        let shape = if self.geometry.stride[1] == 1 {
            TileShape::Line
        } else {
            TileShape::Scattered
        };
        let tiles = columns.len() / 4;
        if tiles > 0 {
            (self.sweep.input_step, self.sweep.output_step) = (4 * across, bytes(4));
            for y in rows.clone() {
                self.run(shape, [y, columns.start], tiles, target);
            }
        }
        let rest = columns.start + 4 * tiles..columns.end;
        if rest.len() < rows.len() {
            (self.sweep.input_step, self.sweep.output_step) = (down, bytes(target.pitch));
            for x in rest {
                self.run(TileShape::Column, [rows.start, x], rows.len(), target);
            }
        } else if !rest.is_empty() {
            (self.sweep.input_step, self.sweep.output_step) = (across, bytes(1));
            for y in rows {
                self.run(TileShape::Column, [y, rest.start], rest.len(), target);
            }
        }
    }

    fn run(&mut self, shape: TileShape, [y, x]: [usize; 2], tiles: usize, target: &Target) {
        let across = self.geometry.stride[1];
        let first = self.first_input(y, x);
        self.sweep.inputs = [0, 1, 2, 3].map(|place| first.wrapping_add(place * across));
        self.sweep.outputs = target.at(y, x);
        self.sweep.tiles = tiles as u32;
        // SAFETY: `aim` made the steps for taps that are inside the input for all these outputs, of
        // which the target has each; buffers are whole.
        unsafe { self.sweep.run(shape) }
    }

    /// Lines along the longer side.
    fn lines(&self, rows: Range<usize>, columns: Range<usize>, target: &Target) {
        let g = self.geometry;
        let [taps_down, taps_across] = [self.taps[0].len(), self.taps[1].len()];
        let [down, across] = self.input_steps();
        let pitch = bytes(g.dilation[0] * g.input[1]);
        let mut line = SingleFilter {
            input: core::ptr::null(),
            output: core::ptr::null_mut(),
            weights: self.first_weight(0),
            bias: self.sweep.sums[0],
            floor: self.floor,
            columns: taps_across as u32,
            rows: taps_down as u32,
            channels: g.group_channels() as u32,
            pitch,
            weight_pitch: bytes(g.kernel[1]),
            channel_step: bytes(g.input_area()) - taps_down as i32 * pitch,
            weight_channel_step: bytes((g.kernel[0] - taps_down) * g.kernel[1]),
            input_step: across,
            output_step: bytes(1),
            outputs: columns.len() as u32,
        };
        let is_tall = columns.len() < rows.len();
        if is_tall {
            (line.input_step, line.output_step) = (down, bytes(target.pitch));
            line.outputs = rows.len() as u32;
        }
        let lines = if is_tall { columns.len() } else { rows.len() };
        for index in 0..lines {
            let (y, x) = if is_tall { (0, index) } else { (index, 0) };
            let (y, x) = (rows.start + y, columns.start + x);
            line.input = self.first_input(y, x);
            line.output = target.at(y, x)[0];
            // SAFETY: all these outputs' taps are inside the input, and the target has each of them;
            // buffers are whole.
            unsafe { line.run() }
        }
    }

    /// The rectangle of every channel.
    fn rectangle(&self, rows: Range<usize>, columns: Range<usize>, target: &Target) {
        let g = self.geometry;
        let taps = [self.taps[0].len(), self.taps[1].len()];
        let [down, across] = self.input_steps();
        let pitch = g.dilation[0] * g.input[1];
        let input = self.first_input(rows.start, columns.start);
        let bias: *const f32 = self.bias;
        let biases = usize::from(bias != &raw const ZERO) * g.group_filters();
        let mut work = Depthwise {
            weights: self.first_weight(0),
            input: input.wrapping_sub((depthwise::MOST - taps[0]) * pitch),
            output: target.at(rows.start, columns.start)[0],
            bias,
            floor: self.floor,
            kernel_rows: taps[0] as u32,
            kernel_columns: taps[1] as u32,
            pitch: bytes(pitch),
            weight_pitch: bytes(g.kernel[1]),
            column_step: across,
            columns: columns.len() as u32,
            rows: rows.len() as u32,
            channels: self.channels as u32,
            row_step: down - columns.len() as i32 * across,
            output_row_step: bytes(target.pitch - columns.len()),
            channel_step: bytes(g.input_area()),
            output_channel_step: bytes(g.group_filters() * g.output_area()),
            weight_channel_step: bytes(g.group_filters() * g.kernel_area()),
            bias_step: bytes(biases),
            loader: 0,
        };
        // SAFETY: all these outputs' taps are inside the input, and the target has each of them in
        // each of the channels; buffers are whole.
        unsafe { work.run() }
    }

    /// Makes the sweep one of outputs with the block's taps.
    fn aim(&mut self) {
        for f in 0..4 {
            self.sweep.weights[f] = self.first_weight(f.min(self.filters - 1));
        }
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
