//! A convolution with a 2 x 2 max pool behind it: two rows of outputs at a time, a strip of them,
//! go to the stack, and what the pool makes of them to memory.

use super::convolution::OutputPlaces;
use super::filter_block::FilterBlock;
use crate::lanes::NO_WINNER;

/// Most columns of a strip.
const COLUMNS: usize = 16;

/// Two rows of outputs of four filters.
type Strip = [[[f32; COLUMNS]; 2]; 4];

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All windows: filters x rows x columns.
    // Apart, so that only what has a pool has a strip on its stack.
    #[inline(never)]
    pub fn pool(&mut self, relu: bool, output: &mut [f32], winners: &mut [u8]) {
        let [height, width] = self.geometry.pooled_output();
        // As long as each other, so that as few as can be are left over of their tiles.
        let strips = (2 * width).div_ceil(COLUMNS);
        let len = width.div_ceil(strips);
        let mut strip: Strip = [[[0.0; COLUMNS]; 2]; 4];
        for y in 0..height {
            for x in (0..width).step_by(len) {
                let len = len.min(width - x);
                let target = OutputPlaces {
                    first: strip.as_mut_ptr().cast::<f32>(),
                    map: 2 * COLUMNS,
                    pitch: COLUMNS,
                    origin: [2 * y, 2 * x],
                };
                self.regions([2 * y..2 * y + 2, 2 * x..2 * (x + len)], &target);
                for (f, rows) in strip[..self.tiled + self.few].iter().enumerate() {
                    let at = (f * height + y) * width + x;
                    let winners = winners.get_mut(at..at + len).unwrap_or(&mut []);
                    pool_strip(rows, relu, &mut output[at..at + len], winners);
                }
            }
        }
    }
}

/// A row of windows; `winners` is empty, or has a place for each.
///
/// As [`pool_2x2`](crate::ops::pool::pool_2x2), in a few instructions.
#[inline(never)]
fn pool_strip(
    [top, bottom]: &[[f32; COLUMNS]; 2],
    relu: bool,
    output: &mut [f32],
    winners: &mut [u8],
) {
    let windows = top.as_chunks::<2>().0.iter().zip(bottom.as_chunks::<2>().0);
    for (index, (output, (top, bottom))) in output.iter_mut().zip(windows).enumerate() {
        let (mut best, mut place) = (top[0], 0);
        for (value, at) in [(top[1], 1), (bottom[0], 2), (bottom[1], 3)] {
            if value > best {
                (best, place) = (value, at);
            }
        }
        if relu && best <= 0.0 {
            (best, place) = (0.0, NO_WINNER);
        }
        *output = best;
        if let Some(winner) = winners.get_mut(index) {
            *winner = place;
        }
    }
}
