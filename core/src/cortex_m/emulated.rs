//! The loops in Rust, for tests on other processors.

extern crate std;

use super::{ColumnRun, Rectangle, Sweep, TileShape};
use core::cell::Cell;

std::thread_local! {
    static COLUMNS: Cell<usize> = const { Cell::new(0) };
}

/// How often this thread has taken three taps of a column at once, of a tile.
pub(crate) fn column_threes() -> usize {
    COLUMNS.get()
}

/// Of a kernel of one column where `is_column` is set.
///
/// # Safety
///
/// As for [`Sweep::run`].
pub(super) unsafe fn sweep(sweep: &mut Sweep, shape: TileShape, is_column: bool) {
    loop {
        // SAFETY: the caller's.
        unsafe { turn(sweep, shape, is_column) };
        sweep.turns -= 1;
        if sweep.turns == 0 {
            return;
        }
        sweep.tiles = sweep.turn_tiles;
        sweep.weights = sweep.weights.map(|at| moved(at, sweep.weight_turn));
        sweep.inputs = sweep.inputs.map(|at| moved(at, sweep.input_turn));
        let step = sweep.output_turn as isize;
        sweep.outputs = sweep.outputs.map(|at| at.wrapping_byte_offset(step));
        sweep.bias = moved(sweep.bias, sweep.bias_turn);
        let mut bias = sweep.bias;
        for (filter, step) in [0].into_iter().chain(sweep.bias_steps).enumerate() {
            bias = moved(bias, step);
            // SAFETY: the caller vouches for the biases.
            sweep.sums[4 * filter..][..4].fill(unsafe { *bias });
        }
    }
}

// SAFETY: as for `sweep`.
unsafe fn turn(sweep: &mut Sweep, shape: TileShape, is_column: bool) {
    loop {
        let mut walk = LoopWalk {
            shape,
            is_column,
            weights: sweep.weights,
            inputs: sweep.inputs,
            sums: sweep.sums,
        };
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            walk.tile(sweep);
            for filter in 0..4 {
                for place in 0..4 {
                    let sum = walk.sums[4 * filter + place];
                    let is_cut = sweep.floor == 0.0 && sum <= 0.0;
                    let behind = match (shape, place) {
                        (TileShape::Scattered, 1..) => sweep.places[place - 1],
                        _ => 4 * place as i32,
                    };
                    let output = sweep.outputs[filter].wrapping_byte_offset(behind as isize);
                    *output = if is_cut { 0.0 } else { sum };
                }
            }
        }
        sweep.tiles -= 1;
        if sweep.tiles == 0 {
            return;
        }
        sweep.inputs = sweep.inputs.map(|at| moved(at, sweep.input_step));
        let step = sweep.output_step as isize;
        sweep.outputs = sweep.outputs.map(|at| at.wrapping_byte_offset(step));
    }
}

struct LoopWalk {
    shape: TileShape,
    is_column: bool,
    weights: [*const f32; 4],
    inputs: [*const f32; 4],
    sums: [f32; 16],
}

impl LoopWalk {
    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn tile(&mut self, sweep: &Sweep) {
        for channel in 0..sweep.channels {
            for row in 0..sweep.rows {
                for _ in 0..sweep.threes {
                    if self.is_column {
                        COLUMNS.set(COLUMNS.get() + 1);
                        for _ in 0..3 {
                            // SAFETY: the caller's.
                            unsafe { self.add_tap(0) };
                            self.step(sweep.three_step, 4);
                        }
                        continue;
                    }
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
    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn add_tap(&mut self, tap: usize) {
        for filter in 0..4 {
            for place in 0..4 {
                let (input, offset) = match self.shape {
                    TileShape::Scattered => (place, 0),
                    TileShape::Line => (0, place),
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
/// As for [`Rectangle::run`].
pub(super) unsafe fn rectangle(work: &mut Rectangle) {
    for _ in 0..work.groups {
        let (mut first, mut output) = (work.input, work.output);
        for _ in 0..work.rows {
            let mut next = work.runs;
            // SAFETY: the caller vouches for what the loops read and write, and for the end of the runs.
            while let run = unsafe { *next }
                && run.columns > 0
            {
                first = moved(first, run.step);
                for _ in 0..run.columns {
                    // SAFETY: the caller's.
                    unsafe { *output = output_of(work, &run, first) };
                    first = moved(first, work.column_step);
                    output = output.wrapping_add(1);
                }
                next = next.wrapping_add(1);
            }
            output = output.wrapping_byte_offset(work.output_row_step as isize);
        }
        work.input = moved(work.input, work.group_step);
        work.weights = moved(work.weights, work.weight_group_step);
        work.bias = moved(work.bias, work.bias_step);
        let step = work.output_group_step as isize;
        work.output = work.output.wrapping_byte_offset(step);
    }
}

// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn output_of(work: &Rectangle, run: &ColumnRun, mut input: *const f32) -> f32 {
    let mut weights = work.weights.wrapping_add(usize::from(run.first));
    // SAFETY: the caller's.
    let mut sum = unsafe { *work.bias };
    for _ in 0..work.channels {
        for _ in 0..work.kernel_rows {
            for tap in 0..usize::from(run.taps) {
                // SAFETY: the caller's.
                sum += unsafe { *weights.add(tap) * *input.add(tap) };
            }
            input = moved(input, work.pitch);
            weights = moved(weights, work.weight_pitch);
        }
        input = moved(input, work.channel_step);
        weights = moved(weights, work.weight_channel_step);
    }
    if sum <= work.floor { work.floor } else { sum }
}
