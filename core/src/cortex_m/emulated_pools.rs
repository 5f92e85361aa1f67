//! The loops of pools in Rust, for tests on other processors.

use super::pools::PoolWork;

/// # Safety
///
/// As for [`PoolWork::run`].
pub(super) unsafe fn run<const MEAN: bool>(
    work: &PoolWork,
    lanes: usize,
    stride: usize,
    mut input: *const f32,
    mut output: *mut f32,
) {
    let [blocks, rows, channels] = &work.turns;
    for _ in 0..channels.count {
        for _ in 0..rows.count {
            for _ in 0..blocks.count {
                for lane in 0..lanes {
                    let first = input.wrapping_add(lane * stride);
                    // SAFETY: the caller vouches for what is read and written.
                    unsafe { *output.wrapping_add(lane) = value::<MEAN>(work, first) };
                }
                input = input.wrapping_byte_offset(blocks.input);
                output = output.wrapping_byte_offset(blocks.output);
            }
            input = input.wrapping_byte_offset(rows.input);
            output = output.wrapping_byte_offset(rows.output);
        }
        input = input.wrapping_byte_offset(channels.input);
        output = output.wrapping_byte_offset(channels.output);
    }
}

// SAFETY: to be called where a window can be read.
unsafe fn value<const MEAN: bool>(work: &PoolWork, mut at: *const f32) -> f32 {
    // SAFETY: the caller's.
    let mut value = if MEAN { work.zeros[0] } else { unsafe { *at } };
    let [columns, rows] = work.window;
    for _ in 0..rows {
        for _ in 0..columns {
            // SAFETY: the caller's.
            let own = unsafe { *at };
            at = at.wrapping_add(1);
            if MEAN {
                value += own;
            } else if own > value {
                value = own;
            }
        }
        at = at.wrapping_byte_add(work.row_gap);
    }
    if MEAN { value * work.reciprocal } else { value }
}
