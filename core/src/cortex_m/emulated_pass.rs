//! The loops that go through a list channel by channel, in Rust, for tests on other processors.

extern crate std;

use super::channel_pass::{ChannelPass, PassCall, PassCode};
use core::cell::Cell;
use core::ops::Range;

/// Rows of weights that there is room for, each of as many columns.
const KEPT: usize = 4;

std::thread_local! {
    static LINES: Cell<[usize; 5]> = const { Cell::new([0; 5]) };
}

/// How often this thread has added a channel to so many outputs side by side.
pub(crate) fn channel_passes(outputs: usize) -> usize {
    LINES.get()[outputs]
}

/// What stands for the address of rows.
pub(super) fn rows(stride: usize, outputs: usize, columns: &Range<usize>, past: usize) -> u32 {
    let parts = [past, outputs, columns.start, columns.len(), stride];
    let word = parts.iter().rev().fold(0, |word, part| word << 4 | part);
    word as u32
}

/// What `rows` was given: past rows, outputs, the first column, columns, stride.
fn parts(word: u32) -> [usize; 5] {
    [0, 1, 2, 3, 4].map(|place| word as usize >> (4 * place) & 15)
}

/// # Safety
///
/// As for [`ChannelPass::run`].
pub(super) unsafe fn pass(work: &mut ChannelPass) {
    for _ in 0..work.groups {
        for output in 0..work.outputs as usize {
            // SAFETY: the caller vouches for all outputs, and for the bias.
            unsafe { *work.output.add(output) = *work.bias };
        }
        let (mut input, mut weights) = (work.input, work.weights);
        for _ in 0..work.channels {
            // SAFETY: the caller vouches for what the list comes to.
            unsafe { channel(work, input, weights) };
            input = moved(input, work.channel_step);
            weights = moved(weights, work.weight_channel_step);
        }
        for output in 0..work.outputs as usize {
            // SAFETY: as above.
            unsafe {
                let output = work.output.add(output);
                if *output <= work.floor {
                    *output = work.floor;
                }
            }
        }
        let [inputs, outputs, weights, bias] = work.group_steps;
        work.input = moved(work.input, inputs);
        work.output = work.output.wrapping_byte_offset(outputs as isize);
        work.weights = moved(work.weights, weights);
        work.bias = moved(work.bias, bias);
    }
}

/// Goes through the list for a channel.
// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn channel(work: &ChannelPass, input: *const f32, weights: *const f32) {
    let mut taken = [[f32::NAN; KEPT]; KEPT];
    let (mut output, mut next) = (work.output, work.calls);
    loop {
        // SAFETY: the caller vouches for the list's end.
        let call: PassCall = unsafe { *next };
        next = next.wrapping_add(1);
        let [past, outputs, first, columns, stride] = parts(call.rows);
        match PassCode(call.code as usize) {
            PassCode::END => return,
            PassCode::SKIP => output = output.wrapping_byte_offset(call.offset as isize),
            PassCode::WEIGHTS => {
                let mut row = moved(weights, call.offset);
                for kept in &mut taken[past..] {
                    for (column, kept) in kept[..columns].iter_mut().enumerate() {
                        // SAFETY: the caller's.
                        *kept = unsafe { *row.add(column) };
                    }
                    row = moved(row, work.weight_pitch);
                }
            }
            code => {
                assert_eq!(code, PassCode::sums(outputs));
                let mut lines = LINES.get();
                lines[outputs] += 1;
                LINES.set(lines);
                for at in 0..outputs {
                    let mut row = moved(input, call.offset).wrapping_add(at * stride);
                    for kept in &taken[past..] {
                        for tap in 0..columns {
                            // SAFETY: the caller's.
                            unsafe { *output += *row.add(tap) * kept[first + tap] };
                        }
                        row = moved(row, work.pitch);
                    }
                    output = output.wrapping_add(1);
                }
            }
        }
    }
}

/// Nothing is read from behind the last row.
fn moved(at: *const f32, bytes: i32) -> *const f32 {
    at.wrapping_byte_offset(bytes as isize)
}
