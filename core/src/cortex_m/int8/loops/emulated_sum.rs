//! The loops of sums and copies in Rust, for tests on other processors.

use super::addition::{SumOnce, SumTwice};
use super::copying::Pieces;

/// # Safety
///
/// Each input has as many codes as the output.
pub(super) unsafe fn once(work: &SumOnce) {
    for at in 0..work.end as usize - work.output as usize {
        let mut sum = work.constant;
        for (input, multiplier) in work.inputs.into_iter().zip(work.multipliers) {
            // SAFETY: the caller vouches for what is read and written.
            let code = unsafe { *input.wrapping_add(at) };
            sum += i32::from(code) * i32::from(multiplier as i16);
        }
        let code = (sum >> work.shift).clamp(-128, 127);
        // SAFETY: as above.
        unsafe { *work.output.wrapping_add(at) = code as i8 };
    }
}

/// The upper word of the product, rounded, and a word.
fn rounded(a: i32, b: i32, word: i32) -> i32 {
    let product = i64::from(a) * i64::from(b) + (1 << 31);
    word.wrapping_add((product >> 32) as i32)
}

/// # Safety
///
/// Each input has as many codes as the output.
pub(super) unsafe fn twice(work: &SumTwice) {
    for at in 0..work.end as usize - work.output as usize {
        // SAFETY: the caller vouches for what is read and written.
        let [exact, scaled] =
            [work.exact, work.scaled].map(|input| i32::from(unsafe { *input.wrapping_add(at) }));
        let scaled = (scaled << 21) - work.zero;
        let half = work.half + (work.mask & (scaled >> 31));
        let scaled = rounded(scaled, work.multiplier, half) >> work.shift;
        let sum = 2 * scaled + work.exact_constant + (exact << 20);
        let half = work.output_constant + (sum >> 31);
        let code = rounded(sum, work.output_multiplier, half) >> work.output_shift;
        // SAFETY: as above.
        unsafe { *work.output.wrapping_add(at) = code.clamp(-128, 127) as i8 };
    }
}

/// Copies so many bytes for each piece.
///
/// # Safety
///
/// As for [`Pieces::run`].
pub(super) unsafe fn copy(work: &Pieces, bytes: usize) {
    for index in 0..work.rows * work.columns {
        let (row, column) = (index / work.columns, index % work.columns);
        let step = row * work.row_step + column * work.column_step;
        let place = index * work.bytes + row * work.copy_gap;
        let (source, copy) = (
            work.source.wrapping_add(step),
            work.copy.wrapping_add(place),
        );
        // SAFETY: the caller vouches for what is read and written.
        unsafe { core::ptr::copy_nonoverlapping(source, copy, bytes) };
    }
}
