//! The loops of filters whose weights stay in registers, in Rust, for tests on other processors.

extern crate std;

use super::kept::{KeptCode, KeptFilters};
use core::cell::Cell;

/// Rows of weights that there is room for, each of as many columns.
const KEPT: usize = 4;

std::thread_local! {
    static FILTERS: Cell<usize> = const { Cell::new(0) };
}

/// How many filters' lists this thread has gone through.
pub(crate) fn kept_filters() -> usize {
    FILTERS.get()
}

/// What stands for the address of a code, past so many rows.
pub(super) fn address(code: KeptCode, rows: usize) -> u32 {
    (code.0 | rows << 8) as u32
}

/// # Safety
///
/// As for [`KeptFilters::run`].
pub(super) unsafe fn filters(work: &KeptFilters) {
    FILTERS.set(FILTERS.get() + work.filters as usize);
    let (mut input, mut output) = (work.input, work.output);
    let (mut weights, mut bias) = (work.weights, work.bias);
    for _ in 0..work.filters {
        // SAFETY: the caller vouches for what the list comes to.
        output = unsafe { filter(work, input, output, weights, bias) };
        input = moved(input, work.input_step);
        weights = moved(weights, work.weight_step);
        bias = moved(bias, work.bias_step);
        output = output.wrapping_byte_offset(work.output_step as isize);
    }
}

/// Goes through the list for a filter; returns what lies behind its last output.
// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn filter(
    work: &KeptFilters,
    input: *const f32,
    mut output: *mut f32,
    weights: *const f32,
    bias: *const f32,
) -> *mut f32 {
    let mut taken = [[f32::NAN; KEPT]; KEPT];
    let mut next = work.calls;
    loop {
        // SAFETY: the caller vouches for the list's end.
        let call = unsafe { *next };
        next = next.wrapping_add(1);
        match KeptCode(call.code as usize & 0xff) {
            KeptCode::END => return output,
            KeptCode::ROW_END => output = output.wrapping_byte_offset(call.offset as isize),
            KeptCode::WEIGHTS => {
                let columns = (call.offset as usize & 0xff) - KeptCode::take(0).0;
                // SAFETY: as above.
                let mut row = moved(weights, unsafe { (*next).offset });
                next = next.wrapping_add(1);
                for kept in &mut taken[call.offset as usize >> 8..] {
                    for (column, kept) in kept[..columns].iter_mut().enumerate() {
                        // SAFETY: the caller's.
                        *kept = unsafe { *row.add(column) };
                    }
                    row = moved(row, work.weight_pitch);
                }
            }
            KeptCode(index) => {
                let (first, taps) = (index.saturating_sub(1) / 4, index.min((index + 3) % 4 + 1));
                let mut row = moved(input, call.offset);
                // SAFETY: the caller's.
                let mut sum = unsafe { *bias };
                for kept in &taken[call.code as usize >> 8..] {
                    for tap in 0..taps {
                        // SAFETY: the caller's.
                        sum += unsafe { *row.add(tap) } * kept[first + tap];
                    }
                    row = moved(row, work.pitch);
                }
                // SAFETY: the caller's.
                unsafe { *output = if sum <= work.floor { work.floor } else { sum } };
                output = output.wrapping_add(1);
            }
        }
    }
}

/// Nothing is read from behind the last row.
fn moved(at: *const f32, bytes: i32) -> *const f32 {
    at.wrapping_byte_offset(bytes as isize)
}
