//! The loops of windows in Rust, for tests on other processors.

use super::window_runs::RunWork;
use crate::ops::pool::int8::WindowShape;

/// # Safety
///
/// So many channels can be read from each place.
pub(super) unsafe fn sums(first: *const i8, shape: &WindowShape, sums: &mut [i32]) {
    let mut own = [0_i16; 16];
    // SAFETY: the caller vouches for what is read.
    unsafe { add(first, shape, &mut own[..sums.len()]) };
    for (sum, own) in sums.iter_mut().zip(own) {
        *sum = own.into();
    }
}

/// # Safety
///
/// So many channels can be read from each place of each window, and as many codes written for each.
pub(super) unsafe fn averages(first: *const i8, work: &RunWork, size: usize, output: *mut i8) {
    for window in 0..work.count {
        let first = first.wrapping_add(window * work.step);
        let mut sums = [work.start as i16; 16];
        // SAFETY: the caller vouches for what is read and written.
        unsafe { add(first, &work.shape, &mut sums[..size]) };
        for (channel, sum) in sums[..size].iter().enumerate() {
            let scale = &work.scale;
            let product = (i64::from(*sum) << scale.left) * i64::from(scale.multiplier);
            let upper = (product >> 32) as i32 + scale.constant;
            let code = (upper >> scale.shift).clamp(-128, 127) as i8;
            // SAFETY: as above.
            unsafe { *output.wrapping_add(window * work.output_step + channel) = code };
        }
    }
}

/// # Safety
///
/// As for [`averages`].
pub(super) unsafe fn maxima(first: *const i8, work: &RunWork, size: usize, output: *mut i8) {
    for window in 0..work.count {
        for channel in 0..size {
            let first = first.wrapping_add(window * work.step + channel);
            // SAFETY: the caller vouches for what is read and written.
            let codes = places(first, &work.shape).map(|place| unsafe { *place });
            let most = codes.fold(work.start as i8, i8::max);
            // SAFETY: as above.
            unsafe { *output.wrapping_add(window * work.output_step + channel) = most };
        }
    }
}

/// Of 16 bits, as the processor's are.
///
/// # Safety
///
/// As for [`sums`].
unsafe fn add(first: *const i8, shape: &WindowShape, sums: &mut [i16]) {
    for place in places(first, shape) {
        for (channel, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller vouches for what is read.
            let code = unsafe { *place.wrapping_add(channel) };
            *sum = sum.wrapping_add(code.into());
        }
    }
}

fn places(first: *const i8, shape: &WindowShape) -> impl Iterator<Item = *const i8> {
    let (pitch, columns) = (shape.pitch, shape.columns);
    let row_pitch = columns * pitch + shape.row_gap;
    (0..shape.rows * columns)
        .map(move |at| first.wrapping_add(at / columns * row_pitch + at % columns * pitch))
}
