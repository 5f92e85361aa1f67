//! The tiles of a convolution: any kernel, stride, padding, dilation and number of groups.
//!
//! Padding taps are skipped, so outputs beside the borders have fewer of them. Outputs with the
//! same taps make a *region*, a rectangle, and a region is cut into tiles: what changes from one to
//! the next is a few addresses and steps, not code.

use super::{Tile, TileShape};
use crate::ops::conv2d::{ConvGeometry, ScalarForward, rectified};
use crate::ops::pool::pool_2x2;
use core::ops::Range;
use core::slice::from_mut;

/// Bytes of a value.
const VALUE: usize = size_of::<f32>();

impl ScalarForward<'_> {
    /// All outputs, with the activation but for a ceiling, and the pool.
    pub(crate) fn convolve_by_tiles(&mut self) {
        let g = flattened(self.geometry, self.pool);
        // What the addresses below rely on.
        let is_whole = self.input.len() == g.channels * g.input_area()
            && self.weights.len() == g.filters * g.taps();
        assert!(is_whole, "a convolution's input or weights are cut off");
        let floor = self.floor();
        let len = if self.pool {
            (g.output[0] / 2) * (g.output[1] / 2)
        } else {
            g.output_area()
        };
        for group in 0..g.groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            while filter < end {
                let filters = if filter + 4 <= end { 4 } else { 1 };
                let input = &self.input[group * g.group_channels() * g.input_area()..];
                let weights = &self.weights[filter * g.taps()..];
                let mut block = Block {
                    geometry: &g,
                    filters,
                    input: input.as_ptr(),
                    weights: weights.as_ptr(),
                    bias: [0, 1, 2, 3].map(|f| self.bias.get(filter + f).copied().unwrap_or(0.0)),
                    floor,
                    taps: [0..0, 0..0],
                    tile: Tile::NOTHING,
                };
                let places = filter * len..(filter + filters) * len;
                let output = &mut self.output[places.clone()];
                if self.pool {
                    block.windows(output, self.winners.get_mut(places).unwrap_or(&mut []));
                } else {
                    block.regions(output);
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

/// Four filters side by side, or one.
struct Block<'a> {
    geometry: &'a ConvGeometry,
    filters: usize,
    /// The group's channels.
    input: *const f32,
    /// The block's filters.
    weights: *const f32,
    bias: [f32; 4],
    floor: f32,
    /// The rows and columns of the kernel that the tile is made for.
    taps: [Range<usize>; 2],
    tile: Tile,
}

impl Block<'_> {
    /// All outputs without a pool: filters x rows x columns.
    fn regions(&mut self, output: &mut [f32]) {
        let [height, width] = self.geometry.output;
        let mut y = 0;
        while y < height {
            let rows = self.alike(0, y);
            let mut x = 0;
            while x < width {
                let columns = self.alike(1, x);
                self.aim(y, x);
                self.region(rows.clone(), columns.clone(), output);
                x = columns.end;
            }
            y = rows.end;
        }
    }

    /// The outputs from `at` on, along an axis, that have the same taps.
    fn alike(&self, axis: usize, at: usize) -> Range<usize> {
        let g = self.geometry;
        let interior = g.interior(axis);
        if interior.contains(&at) {
            return at..interior.end;
        }
        let taps = g.valid_taps(axis, at);
        let mut end = at + 1;
        while end < g.output[axis] && g.valid_taps(axis, end) == taps {
            end += 1;
        }
        at..end
    }

    /// Outputs with the same taps: lines of four where inputs lie side by side, the others as they
    /// come.
    fn region(&mut self, rows: Range<usize>, columns: Range<usize>, output: &mut [f32]) {
        let width = self.geometry.output[1];
        let mut rest = columns.start;
        if self.filters == 4 && self.geometry.stride[1] == 1 {
            rest += columns.len() / 4 * 4;
            for y in rows.clone() {
                for x in (columns.start..rest).step_by(4) {
                    self.tile.inputs[0] = self.first_input(y, x);
                    self.accumulate(TileShape::Line);
                    let at = y * width + x;
                    self.store(&[at, at + 1, at + 2, at + 3], output);
                }
            }
        }
        let (mut places, mut count) = ([0; 4], 0);
        for y in rows {
            for x in rest..columns.end {
                self.tile.inputs[count] = self.first_input(y, x);
                places[count] = y * width + x;
                count += 1;
                if count == 4 {
                    self.scattered(&places, output);
                    count = 0;
                }
            }
        }
        if count > 0 {
            self.scattered(&places[..count], output);
        }
    }

    /// At most four outputs with the same taps, whose inputs' addresses are there.
    fn scattered(&mut self, places: &[usize], output: &mut [f32]) {
        if places.len() == 1 && self.filters == 4 {
            self.single();
        } else {
            // What is computed in vain is not stored.
            let first = self.tile.inputs[0];
            self.tile.inputs[places.len()..].fill(first);
            self.accumulate(match self.filters {
                4 => TileShape::Scattered,
                _ => TileShape::Quad,
            });
        }
        self.store(places, output);
    }

    /// One output of four filters, whose inputs' address is the first: the first sum of each.
    fn single(&mut self) {
        self.tile.inputs = [self.tile.inputs[0]; 4];
        for f in 0..4 {
            self.tile.sums[f] = self.bias[f];
        }
        self.add_taps(TileShape::Quad);
        for f in (1..4).rev() {
            self.tile.sums[4 * f] = self.tile.sums[f];
        }
    }

    fn store(&self, places: &[usize], output: &mut [f32]) {
        let area = self.geometry.output_area();
        let sums = self.tile.sums.as_chunks::<4>().0;
        for (map, sums) in output.chunks_exact_mut(area).zip(sums) {
            for (at, sum) in places.iter().zip(sums) {
                map[*at] = rectified(*sum, self.floor);
            }
        }
    }

    /// All windows of the pool: filters x rows x columns.
    fn windows(&mut self, output: &mut [f32], winners: &mut [u8]) {
        let [height, width] = self.geometry.output.map(|extent| extent / 2);
        for y in 0..height {
            for x in 0..width {
                self.window(2 * y, 2 * x);
                let sums = self.tile.sums.as_chunks::<4>().0;
                for (f, sums) in sums[..self.filters].iter().enumerate() {
                    let at = (f * height + y) * width + x;
                    output[at] = match winners.get_mut(at) {
                        Some(winner) => pool_2x2(*sums, self.floor == 0.0, from_mut(winner)),
                        None => rectified(pool_2x2(*sums, false, &mut []), self.floor),
                    };
                }
            }
        }
    }

    /// The sums of 2 x 2 outputs.
    fn window(&mut self, y: usize, x: usize) {
        let g = self.geometry;
        let alike = |axis, at| g.valid_taps(axis, at) == g.valid_taps(axis, at + 1);
        if alike(0, y) && alike(1, x) {
            self.aim(y, x);
            self.tile.inputs[0] = self.first_input(y, x);
            if self.filters == 4 && g.stride[1] == 1 {
                self.tile.inputs[1] = self.first_input(y + 1, x);
                self.accumulate(TileShape::Window);
                return;
            }
            self.tile.inputs[1] = self.first_input(y, x + 1);
            self.tile.inputs[2] = self.first_input(y + 1, x);
            self.tile.inputs[3] = self.first_input(y + 1, x + 1);
            self.accumulate(match self.filters {
                4 => TileShape::Scattered,
                _ => TileShape::Quad,
            });
            return;
        }
        let mut sums = [0.0; 16];
        for place in 0..4 {
            let (y, x) = (y + place / 2, x + place % 2);
            self.aim(y, x);
            self.tile.inputs[0] = self.first_input(y, x);
            self.single();
            for f in 0..4 {
                sums[4 * f + place] = self.tile.sums[4 * f];
            }
        }
        self.tile.sums = sums;
    }

    /// All sums of the tile.
    fn accumulate(&mut self, shape: TileShape) {
        let sums = self.tile.sums.as_chunks_mut::<4>().0;
        for (sums, bias) in sums.iter_mut().zip(self.bias) {
            *sums = [bias; 4];
        }
        self.add_taps(shape);
    }

    #[inline(never)]
    fn add_taps(&mut self, shape: TileShape) {
        if !self.taps[0].is_empty() && !self.taps[1].is_empty() {
            // SAFETY: `aim` made the steps for taps that are inside the input for the outputs whose
            // addresses were set, and input and weights are whole.
            unsafe { self.tile.accumulate(shape) }
        }
    }

    /// The address of the first tap's input, of an output that has the tile's taps.
    fn first_input(&self, y: usize, x: usize) -> *const f32 {
        let g = self.geometry;
        let [row, column] = [(0, y), (1, x)].map(|(axis, at)| {
            let tap = self.taps[axis].start * g.dilation[axis];
            // In an empty range of taps there is no first one.
            (at * g.stride[axis] + tap).wrapping_sub(g.padding[axis])
        });
        let at = row.wrapping_mul(g.input[1]).wrapping_add(column);
        self.input.wrapping_add(at)
    }

    /// Makes the tile one of outputs with the taps of this one.
    fn aim(&mut self, y: usize, x: usize) {
        let g = self.geometry;
        let taps = [g.valid_taps(0, y), g.valid_taps(1, x)];
        if taps == self.taps {
            return;
        }
        let first = taps[0].start * g.kernel[1] + taps[1].start;
        let len = if self.filters == 4 { g.taps() } else { 0 };
        for f in 0..4 {
            self.tile.weights[f] = self.weights.wrapping_add(first + f * len);
        }
        self.step_over(taps[0].len(), taps[1].len());
        self.taps = taps;
    }

    /// The loops over `rows` x `columns` taps of each channel.
    fn step_over(&mut self, rows: usize, columns: usize) {
        let g = self.geometry;
        let bytes = |values: usize| (values * VALUE) as i32;
        let (column, pitch) = (bytes(g.dilation[1]), bytes(g.dilation[0] * g.input[1]));
        let area = bytes(g.input_area());
        let behind_row = bytes(g.kernel[1] - columns);
        let behind_channel = bytes(g.kernel_area()) - (bytes(rows * g.kernel[1]) - behind_row);
        let tile = &mut self.tile;
        (tile.three_step, tile.one_step) = (bytes(3), column);
        (tile.threes, tile.ones) = match g.dilation[1] {
            1 => (columns as u32 / 3, columns as u32 % 3),
            _ => (0, columns as u32),
        };
        if tile.threes + tile.ones != 1 || behind_row != 0 {
            (tile.rows, tile.channels) = (rows as u32, g.group_channels() as u32);
            tile.row_step = pitch - column * columns as i32;
            tile.channel_step = area - pitch * rows as i32 + tile.row_step;
            (tile.weight_row_step, tile.weight_channel_step) = (behind_row, behind_channel);
            return;
        }
        // One turn a row: the rows are turns of the innermost loop, or else the channels.
        let (turns, step);
        if rows == 1 && behind_channel == 0 {
            (turns, step, tile.rows) = (g.group_channels() as u32, area, 1);
        } else {
            (turns, step, tile.rows) = (rows as u32, pitch, g.group_channels() as u32);
        }
        tile.channels = 1;
        tile.row_step = area - step * turns as i32;
        tile.weight_row_step = behind_channel;
        (tile.three_step, tile.one_step) = (step, step);
        tile.threes *= turns;
        tile.ones *= turns;
    }
}
