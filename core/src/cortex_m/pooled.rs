//! A convolution with a 2 x 2 max pool behind it: two rows of outputs at a time, a strip of them,
//! go to the stack, and what the pool makes of them to memory.

use super::convolution::{Block, Target};
use crate::ops::conv2d::scalar::rectified;
use crate::ops::pool::pool_2x2;
use core::slice::from_mut;

/// Most columns of a strip.
const COLUMNS: usize = 8;

/// Two rows of outputs of four filters.
type Strip = [[[f32; COLUMNS]; 2]; 4];

impl Block<'_> {
    /// All windows: filters x rows x columns.
    pub fn pool(&mut self, floor: f32, output: &mut [f32], winners: &mut [u8]) {
        let [height, width] = self.geometry.output.map(|extent| extent / 2);
        // As long as each other, so that as few as can be are left over of their tiles.
        let strips = (2 * width).div_ceil(COLUMNS);
        let len = width.div_ceil(strips);
        let mut strip: Strip = [[[0.0; COLUMNS]; 2]; 4];
        for y in 0..height {
            for x in (0..width).step_by(len) {
                let len = len.min(width - x);
                let first = strip.as_mut_ptr().cast::<f32>();
                let target = Target {
                    outputs: self.each(|f| first.wrapping_add(f * 2 * COLUMNS)),
                    pitch: COLUMNS,
                    first: [2 * y, 2 * x],
                };
                self.regions([2 * y..2 * y + 2, 2 * x..2 * (x + len)], &target);
                for (f, rows) in strip[..self.filters].iter().enumerate() {
                    let at = (f * height + y) * width + x;
                    let output = &mut output[at..at + len];
                    match winners.get_mut(at..at + len) {
                        Some(winners) => keep_winners(rows, floor == 0.0, output, winners),
                        None => keep(rows, floor, output),
                    }
                }
            }
        }
    }
}

fn keep(rows: &[[f32; COLUMNS]; 2], floor: f32, output: &mut [f32]) {
    let [top, bottom] = rows.each_ref().map(|row| row.as_chunks::<2>().0);
    for ((output, top), bottom) in output.iter_mut().zip(top).zip(bottom) {
        let window = [top[0], top[1], bottom[0], bottom[1]];
        *output = rectified(pool_2x2(window, false, &mut []), floor);
    }
}

fn keep_winners(rows: &[[f32; COLUMNS]; 2], relu: bool, output: &mut [f32], winners: &mut [u8]) {
    let [top, bottom] = rows.each_ref().map(|row| row.as_chunks::<2>().0);
    let windows = top.iter().zip(bottom);
    for ((output, winner), (top, bottom)) in output.iter_mut().zip(winners).zip(windows) {
        let window = [top[0], top[1], bottom[0], bottom[1]];
        *output = pool_2x2(window, relu, from_mut(winner));
    }
}
