//! The loops in Rust, for tests on other processors.

use super::{Depthwise, SingleFilter, Sweep, TileShape, depthwise::MOST};

/// # Safety
///
/// As for [`Sweep::run`].
pub(super) unsafe fn sweep(sweep: &mut Sweep, shape: TileShape) {
    for _ in 0..sweep.tiles {
        let mut walk = Walk {
            shape,
            weights: sweep.weights,
            inputs: sweep.inputs,
            sums: sweep.sums,
        };
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            walk.tile(sweep);
            for filter in 0..4 {
                for place in 0..if shape == TileShape::Column { 1 } else { 4 } {
                    let sum = walk.sums[4 * filter + place];
                    let is_cut = sweep.rectify != 0 && sum <= 0.0;
                    let behind = match (shape, place) {
                        (TileShape::Scattered, 1..) => sweep.places[place - 1],
                        _ => 4 * place as i32,
                    };
                    let output = sweep.outputs[filter].wrapping_byte_offset(behind as isize);
                    *output = if is_cut { 0.0 } else { sum };
                }
            }
        }
        sweep.inputs = sweep.inputs.map(|at| moved(at, sweep.input_step));
        let step = sweep.output_step as isize;
        sweep.outputs = sweep.outputs.map(|at| at.wrapping_byte_offset(step));
    }
    sweep.tiles = 0;
}

struct Walk {
    shape: TileShape,
    weights: [*const f32; 4],
    inputs: [*const f32; 4],
    sums: [f32; 16],
}

impl Walk {
    unsafe fn tile(&mut self, sweep: &Sweep) {
        for channel in 0..sweep.channels {
            for row in 0..sweep.rows {
                for _ in 0..sweep.threes {
                    for tap in 0..3 {
                        // SAFETY: the caller's.
                        unsafe { self.add_tap(tap) };
                    }
                    self.step(sweep.three_step, 12);
                }
                for _ in 0..sweep.ones {
                    // SAFETY: the caller's.
                    unsafe { self.add_tap(0) };
                    self.step(sweep.one_step, 4);
                }
                if row + 1 < sweep.rows {
                    self.step(sweep.row_step, sweep.weight_row_step);
                }
            }
            if channel + 1 < sweep.channels {
                self.step(sweep.channel_step, sweep.weight_channel_step);
            }
        }
    }

    /// Adds the products of the tap that is `tap` values behind the addresses.
    unsafe fn add_tap(&mut self, tap: usize) {
        for filter in 0..4 {
            for place in 0..4 {
                let (input, offset) = match self.shape {
                    TileShape::Scattered => (place, 0),
                    TileShape::Line => (0, place),
                    TileShape::Column if place == 0 => (0, 0),
                    TileShape::Column => continue,
                };
                // SAFETY: the caller's.
                self.sums[4 * filter + place] += unsafe {
                    *self.weights[filter].add(tap) * *self.inputs[input].add(tap + offset)
                };
            }
        }
    }

    fn step(&mut self, inputs: i32, weights: i32) {
        self.inputs = self.inputs.map(|at| moved(at, inputs));
        self.weights = self.weights.map(|at| moved(at, weights));
    }
}

/// Behind the last tap an address may lie anywhere; nothing is read from there.
fn moved(at: *const f32, bytes: i32) -> *const f32 {
    at.wrapping_byte_offset(bytes as isize)
}

/// # Safety
///
/// As for [`SingleFilter::run`].
pub(super) unsafe fn single_filter(filter: &mut SingleFilter) {
    for _ in 0..filter.groups {
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe { line_of_filter(filter) };
        filter.input = moved(filter.input, filter.group_step);
        filter.weights = moved(filter.weights, filter.weight_group_step);
        filter.bias = moved(filter.bias, filter.bias_step);
        let step = filter.output_group_step as isize;
        filter.output = filter.output.wrapping_byte_offset(step);
    }
}

unsafe fn line_of_filter(filter: &SingleFilter) {
    let (mut first, mut output) = (filter.input, filter.output);
    for _ in 0..filter.outputs {
        let (mut input, mut weights) = (first, filter.weights);
        // SAFETY: the caller's.
        let mut sum = unsafe { *filter.bias };
        for _ in 0..filter.channels {
            for _ in 0..filter.rows {
                for tap in 0..filter.columns as usize {
                    // SAFETY: the caller's.
                    sum += unsafe { *weights.add(tap) * *input.add(tap) };
                }
                input = moved(input, filter.pitch);
                weights = moved(weights, filter.weight_pitch);
            }
            input = moved(input, filter.channel_step);
            weights = moved(weights, filter.weight_channel_step);
        }
        // SAFETY: the caller's.
        unsafe {
            *output = if sum <= filter.floor {
                filter.floor
            } else {
                sum
            }
        };
        first = moved(first, filter.input_step);
        output = output.wrapping_byte_offset(filter.output_step as isize);
    }
}

/// # Safety
///
/// As for [`Depthwise::run`].
pub(super) unsafe fn depthwise(work: &mut Depthwise) {
    let lacking = MOST as i32 - work.kernel_rows as i32;
    for channel in 0..work.channels as i32 {
        let mut first = moved(
            work.input,
            channel * work.channel_step + lacking * work.pitch,
        );
        let weights = moved(work.weights, channel * work.weight_channel_step);
        let step = channel * work.output_channel_step;
        let mut output = work.output.wrapping_byte_offset(step as isize);
        for _ in 0..work.rows {
            for _ in 0..work.columns {
                // SAFETY: the caller vouches for what the loops read and write.
                unsafe {
                    let mut sum = *moved(work.bias, channel * work.bias_step);
                    for row in 0..work.kernel_rows as i32 {
                        let weights = moved(weights, row * work.weight_pitch);
                        let input = moved(first, row * work.pitch);
                        for tap in 0..work.kernel_columns as usize {
                            sum += *weights.add(tap) * *input.add(tap);
                        }
                    }
                    *output = if sum <= work.floor { work.floor } else { sum };
                }
                first = moved(first, work.column_step);
                output = output.wrapping_add(1);
            }
            first = moved(first, work.row_step);
            output = output.wrapping_byte_offset(work.output_row_step as isize);
        }
    }
}
