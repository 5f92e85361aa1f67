//! Which sweeps make a convolution: any kernel, stride, padding, dilation and number of groups.
//!
//! Padding taps are skipped, so outputs beside the borders have fewer of them. Outputs with the
//! same taps make a region, a rectangle, and a region is swept in lines: what changes from one to
//! the next is a few addresses and steps, not code.

use super::{Rectangle, Sweep, TileShape};
use crate::ops::activation::Activation;
use crate::ops::conv2d::scalar::rectified;
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
        let relu = self.activation == Activation::Relu;
        let mut block = FilterBlock::new(
            &g,
            if self.pool {
                f32::NEG_INFINITY
            } else {
                self.floor()
            },
        );
        // Filters of all groups at once, where a group has few, each for itself.
        let is_at_once = !self.pool && is_single(&g, g.group_filters());
        let groups = if is_at_once { 1 } else { g.groups };
        block.groups = g.groups / groups;
        let map = height * width;
        for group in 0..groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            let input = &self.input[group * g.group_channels() * g.input_area()..];
            while filter < end {
                let filters = block.take(end - filter, self.weights, filter, self.bias);
                block.input = input.as_ptr();
                let output = &mut self.output[filter * map..];
                if self.pool {
                    let winners = self.winners.get_mut(filter * map..).unwrap_or(&mut []);
                    block.pool(relu, output, winners);
                } else {
                    let first = output.as_mut_ptr();
                    let target = OutputPlaces {
                        outputs: block.each(|f| first.wrapping_add(f * map)),
                        pitch: width,
                        first: [0, 0],
                    };
                    block.regions([0..height, 0..width], &target);
                }
                filter += filters;
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

/// Whether rectangles can be made of the kernel's rows.
fn is_narrow(g: &ConvGeometry) -> bool {
    g.dilation[1] == 1 && g.kernel[1] <= Rectangle::COLUMNS
}

/// Whether a block is one filter, swept in rectangles, not up to four, swept in tiles: of the
/// filters left in the group.
fn is_single(g: &ConvGeometry, filters: usize) -> bool {
    let is_depthwise = g.group_channels() == 1 && g.group_filters() < 4;
    is_narrow(g) && (filters == 1 || is_depthwise)
}

/// Where outputs go.
pub(super) struct OutputPlaces {
    /// Each filter's.
    pub outputs: [*mut f32; 4],
    /// Values from a row to the next one.
    pub pitch: usize,
    /// The output that is written first.
    pub first: [usize; 2],
}

impl OutputPlaces {
    fn at(&self, y: usize, x: usize) -> [*mut f32; 4] {
        let place = self.place(y, x);
        self.outputs.map(|output| output.wrapping_add(place))
    }

    /// Values from a filter's first place to that of an output.
    fn place(&self, y: usize, x: usize) -> usize {
        (y - self.first[0]) * self.pitch + x - self.first[1]
    }
}

/// Up to four filters side by side.
pub(super) struct FilterBlock<'a> {
    pub geometry: &'a ConvGeometry,
    /// The outputs with all taps.
    interior: [Range<usize>; 2],
    is_single: bool,
    pub filters: usize,
    /// Groups that are computed at once.
    groups: usize,
    /// The first group's channels.
    input: *const f32,
    /// The first filter's.
    weights: *const f32,
    /// The first filter's; none where it is that of no filter.
    bias: *const f32,
    /// What outputs are not below of.
    floor: f32,
    /// The rows and columns of the kernel that the sweep is made for.
    taps: [Range<usize>; 2],
    sweep: Sweep,
}

impl<'a> FilterBlock<'a> {
    fn new(g: &'a ConvGeometry, floor: f32) -> Self {
        let mut sweep = Sweep::NOTHING;
        sweep.rectify = u32::from(floor == 0.0);
        Self {
            geometry: g,
            interior: [g.interior(0), g.interior(1)],
            is_single: false,
            filters: 0,
            groups: 1,
            input: core::ptr::null(),
            weights: core::ptr::null(),
            bias: &ZERO,
            floor,
            taps: [0..0, 0..0],
            sweep,
        }
    }

    /// Becomes the filters from `first` on, of which there are `left` in the group, and says how
    /// many it takes.
    fn take(&mut self, left: usize, weights: &[f32], first: usize, bias: &[f32]) -> usize {
        let g = self.geometry;
        self.is_single = is_single(g, left);
        self.filters = if self.is_single { 1 } else { left.min(4) };
        self.weights = weights[first * g.taps()..].as_ptr();
        let own = bias.get(first..).unwrap_or(&[]);
        self.bias = own.first().map_or(&raw const ZERO, |bias| bias);
        let biases = self.each(|f| own.get(f).copied().unwrap_or(0.0));
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
        self.taps = [0..0, 0..0];
        self.filters
    }

    /// What `of` gives for each filter; the last one stands for those that are missing.
    #[inline(always)]
    pub fn each<T>(&self, of: impl Fn(usize) -> T) -> [T; 4] {
        [0, 1, 2, 3].map(|f: usize| of(f.min(self.filters - 1)))
    }

    /// All outputs in these rows and columns.
    pub fn regions(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
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
    #[inline(never)]
    fn alike(&self, axis: usize, at: usize, end: usize) -> Range<usize> {
        let interior = &self.interior[axis];
        if interior.contains(&at) {
            return at..interior.end.min(end);
        }
        let taps = self.valid_taps(axis, at);
        let mut last = at + 1;
        while last < end && self.valid_taps(axis, last) == taps {
            last += 1;
        }
        at..last
    }

    #[inline(never)]
    fn valid_taps(&self, axis: usize, at: usize) -> Range<usize> {
        self.geometry.valid_taps(axis, at)
    }

    /// Outputs with the same taps.
    #[inline(never)]
    fn region(&mut self, [rows, columns]: [Range<usize>; 2], target: &OutputPlaces) {
        let taps = [
            self.valid_taps(0, rows.start),
            self.valid_taps(1, columns.start),
        ];
        if taps[0].is_empty() || taps[1].is_empty() {
            return self.fill(rows, columns, target);
        }
        let is_new = taps != self.taps;
        self.taps = taps;
        if self.is_single {
            return self.rectangle(0, rows, columns, target);
        }
        if is_new {
            self.aim();
        }
        self.tiles(rows, columns, target);
    }

    /// Outputs all of whose taps are in the padding.
    #[inline(never)]
    fn fill(&self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
        let steps = self.group_steps();
        for index in 0..self.groups * self.filters {
            let (group, f) = (index / self.filters, index % self.filters);
            // SAFETY: there is a bias for each filter, or none, and then no step.
            let bias = unsafe { *self.bias_of(f).wrapping_add(group * steps[3]) };
            let output = target.outputs[f].wrapping_add(group * steps[1]);
            for y in rows.clone() {
                for x in columns.clone() {
                    // SAFETY: the target has a place for each output.
                    unsafe {
                        *output.wrapping_add(target.place(y, x)) = rectified(bias, self.floor)
                    };
                }
            }
        }
    }

    fn bias_of(&self, f: usize) -> *const f32 {
        let step = if self.bias == &raw const ZERO { 0 } else { f };
        self.bias.wrapping_add(step)
    }

    /// Values from a group's input, output, weights and bias to the next one's.
    fn group_steps(&self) -> [usize; 4] {
        let g = self.geometry;
        let filters = g.group_filters();
        let has_bias = self.bias != &raw const ZERO;
        [
            g.group_channels() * g.input_area(),
            filters * g.output_area(),
            filters * g.taps(),
            filters * usize::from(has_bias),
        ]
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

    /// Tiles of four outputs across, then four at a time of what is left.
    #[inline(never)]
    fn tiles(&mut self, rows: Range<usize>, columns: Range<usize>, target: &OutputPlaces) {
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
        let (mut count, mut last) = (0, (0, 0));
        for y in rows {
            for x in columns.start + 4 * tiles..columns.end {
                last = (y, x);
                self.sweep.inputs[count] = self.first_input(y, x);
                let place = target.place(y, x);
                if count == 0 {
                    self.sweep.outputs = target.outputs.map(|output| output.wrapping_add(place));
                    self.sweep.places = [0; 3];
                } else {
                    let first = self.sweep.outputs[0];
                    let output = target.outputs[0].wrapping_add(place);
                    self.sweep.places[count - 1] =
                        (output.addr() as i32).wrapping_sub(first.addr() as i32);
                }
                count += 1;
                if count == 4 {
                    self.run(TileShape::Scattered, 1);
                    count = 0;
                }
            }
        }
        // A tile is four times what one output costs, but each filter's rows cost by themselves, too.
        if count == 1 && is_narrow(self.geometry) && self.taps[1].len() > 2 {
            for f in 0..self.filters {
                self.rectangle(f, last.0..last.0 + 1, last.1..last.1 + 1, target);
            }
        } else if count > 0 {
            // The others are the first one again.
            let first = self.sweep.inputs[0];
            self.sweep.inputs[count..].fill(first);
            self.run(TileShape::Scattered, 1);
        }
    }

    #[inline(never)]
    fn run(&mut self, shape: TileShape, tiles: usize) {
        self.sweep.tiles = tiles as u32;
        // SAFETY: `aim` made the steps for taps that are inside the input for all the outputs whose
        // inputs' addresses were set, and the target has each of them; buffers are whole.
        unsafe { self.sweep.run(shape) }
    }

    /// A rectangle of filter `f`, in all groups that are computed at once.
    #[inline(never)]
    fn rectangle(
        &self,
        f: usize,
        rows: Range<usize>,
        columns: Range<usize>,
        target: &OutputPlaces,
    ) {
        let g = self.geometry;
        let [taps_down, taps_across] = [self.taps[0].len(), self.taps[1].len()];
        let pitch = bytes(g.dilation[0] * g.input[1]);
        let column_step = bytes(g.stride[1]);
        let [group_step, output_group_step, weight_group_step, bias_step] =
            self.group_steps().map(bytes);
        let place = target.place(rows.start, columns.start);
        let mut work = Rectangle {
            input: self.first_input(rows.start, columns.start),
            output: target.outputs[f].wrapping_add(place),
            weights: self.first_weight(f),
            bias: self.bias_of(f),
            floor: self.floor,
            kernel_rows: taps_down as u32,
            kernel_columns: taps_across as u32,
            channels: g.group_channels() as u32,
            pitch,
            weight_pitch: bytes(g.kernel[1]),
            channel_step: bytes(g.input_area()) - taps_down as i32 * pitch,
            weight_channel_step: bytes((g.kernel[0] - taps_down) * g.kernel[1]),
            column_step,
            columns: columns.len() as u32,
            rows: rows.len() as u32,
            row_step: bytes(g.stride[0] * g.input[1]) - columns.len() as i32 * column_step,
            output_row_step: bytes(target.pitch - columns.len()),
            groups: self.groups as u32,
            group_step,
            output_group_step,
            weight_group_step,
            bias_step,
            own: 0,
        };
        // SAFETY: all these outputs' taps are inside the input, and the target has each of them in
        // each of the groups; buffers are whole.
        unsafe { work.run() }
    }

    /// Makes the sweep one of outputs with the block's taps.
    #[inline(never)]
    fn aim(&mut self) {
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
