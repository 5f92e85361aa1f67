//! The loops over planes in Rust, for tests on other processors.

use super::emulated::code;
use super::plane::{AnyPlane, ChannelPair, NarrowPlane, PlaneScale};

/// # Safety
///
/// As for [`ChannelPair::widen`].
pub(super) unsafe fn widen_pair(work: &ChannelPair) {
    let mut source = work.source;
    let mut planes = work.planes;
    for _ in 0..work.rows {
        for _ in 0..work.columns {
            for (channel, plane) in planes.iter_mut().enumerate() {
                // SAFETY: the caller vouches for what is read and written.
                unsafe { **plane = i16::from(*source.wrapping_add(channel)) };
                *plane = plane.wrapping_add(1);
            }
            source = source.wrapping_add(work.pitch);
        }
        source = source.wrapping_add(work.source_step);
        planes = planes.map(|plane| plane.wrapping_byte_add(work.plane_step));
    }
}

fn code_of(scale: &PlaneScale, sum: i32, is_twice: bool) -> i8 {
    let [multiplier, constant] = [scale.multiplier, scale.constant].map(|word| word as i32);
    code([multiplier, constant, scale.shift as i32], sum, is_twice) as i8
}

/// # Safety
///
/// As for [`NarrowPlane::run`].
pub(super) unsafe fn narrow(work: &NarrowPlane, is_strided: bool, is_twice: bool) {
    let stride = if is_strided { 2 } else { 1 };
    let columns = work.pairs_bytes / 2 / stride + work.is_odd;
    let row_bytes = work.row_step.wrapping_add(work.pairs_bytes);
    let mut output = work.output;
    for row in 0..work.rows {
        for column in 0..columns {
            let first = work.plane.wrapping_byte_add(row * row_bytes);
            let first = first.wrapping_add(column * stride);
            let mut sum = work.scale.bias as i32;
            for tap in 0..9 {
                // SAFETY: the caller vouches for what is read and written.
                unsafe {
                    let weight = (*work.weights.wrapping_add(tap / 3) >> (8 * (tap % 3))) as i8;
                    let at = first.wrapping_byte_add(tap / 3 * work.pitch);
                    sum += i32::from(weight) * i32::from(*at.wrapping_add(tap % 3));
                }
            }
            // SAFETY: as above.
            unsafe { *output = code_of(&work.scale, sum, is_twice) };
            output = output.wrapping_add(work.scale.output_pitch);
        }
    }
}

/// # Safety
///
/// As for [`AnyPlane::run`].
pub(super) unsafe fn any(work: &AnyPlane, is_twice: bool) {
    let steps = [0, work.step, 2 * work.step, work.step_of_three];
    let places = [0, work.place, 2 * work.place, work.place_of_three];
    for (step, place) in steps.into_iter().zip(places) {
        let mut sum = work.scale.bias as i32;
        for row in 0..work.rows {
            for index in 0..work.words {
                let at = step + row * work.row_step + index * work.word_step;
                // SAFETY: the caller vouches for what is read and written.
                unsafe {
                    let weights = *work.weights.wrapping_add(row * work.words + index);
                    let taps = work.plane.wrapping_byte_add(at);
                    let [first, second] = [*taps, *taps.wrapping_add(1)].map(i32::from);
                    sum += i32::from(weights as i16) * first;
                    sum += i32::from((weights >> 16) as i16) * second;
                }
            }
        }
        // SAFETY: as above.
        unsafe { *work.output.wrapping_add(place) = code_of(&work.scale, sum, is_twice) };
    }
}
