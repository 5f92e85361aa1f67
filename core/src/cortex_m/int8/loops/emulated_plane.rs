//! The loops over planes in Rust, for tests on other processors.

use super::any_plane::AnyPlane;
use super::emulated::code;
use super::pair::ChannelPair;
use super::plane::{NarrowPlane, PlanePlaces};

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

/// # Safety
///
/// As for [`NarrowPlane::run`].
pub(super) unsafe fn narrow(work: &NarrowPlane, at: PlanePlaces, is_strided: bool, is_twice: bool) {
    // SAFETY: the caller vouches for what is read and written.
    let filter = unsafe { *at.filter.cast::<[i32; 7]>() };
    let [bias, multiplier, constant, shift, weights @ ..] = filter;
    let stride = if is_strided { 2 } else { 1 };
    let columns = work.pairs_bytes / 2 / stride + work.is_odd;
    let row_bytes = work.row_step.wrapping_add(work.pairs_bytes);
    let mut output = at.output;
    for row in 0..work.rows {
        for column in 0..columns {
            let first = at.plane.wrapping_byte_add(row * row_bytes);
            let first = first.wrapping_add(column * stride);
            let mut sum = bias;
            for tap in 0..9 {
                let weight = (weights[tap / 3] >> (8 * (tap % 3))) as i8;
                let at = first.wrapping_byte_add(tap / 3 * work.pitch);
                // SAFETY: as above.
                sum += i32::from(weight) * i32::from(unsafe { *at.wrapping_add(tap % 3) });
            }
            // SAFETY: as above.
            unsafe { *output = code([multiplier, constant, shift], sum, is_twice) as i8 };
            output = output.wrapping_add(work.output_pitch);
        }
    }
}

/// # Safety
///
/// As for [`AnyPlane::run`].
pub(super) unsafe fn any(work: &mut AnyPlane, is_twice: bool) {
    let steps = [0, work.step, 2 * work.step, work.step_of_three];
    let places = [0, work.place, 2 * work.place, work.place_of_three];
    let scale = [work.multiplier, work.constant, work.shift].map(|word| word as i32);
    for _ in 0..work.tiles {
        for (step, place) in steps.into_iter().zip(places) {
            // SAFETY: the caller vouches for what is read and written.
            unsafe {
                let sum = sum(work, work.plane.wrapping_byte_add(step));
                *work.output.wrapping_add(place) = code(scale, sum, is_twice) as i8;
            }
        }
        work.plane = work.plane.wrapping_byte_add(4 * work.step);
        work.output = work.output.wrapping_add(4 * work.place);
    }
    work.tiles = 0;
}

// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn sum(work: &AnyPlane, first: *const i16) -> i32 {
    let mut sum = work.bias as i32;
    for row in 0..work.rows {
        for index in 0..work.words {
            let taps = first.wrapping_byte_add(row * work.row_step + index * work.word_step);
            // SAFETY: the caller vouches for what is read.
            unsafe {
                let weights = *work.weights.wrapping_add(row * work.words + index);
                let [first, second] = [*taps, *taps.wrapping_add(1)].map(i32::from);
                sum += i32::from(weights as i16) * first;
                sum += i32::from((weights >> 16) as i16) * second;
            }
        }
    }
    sum
}
