//! The loops of fans in Rust, for tests on other processors.

extern crate std;

use super::{Fan, FanShape};
use core::cell::Cell;

std::thread_local! {
    static SHAPES: Cell<[usize; 4]> = const { Cell::new([0; 4]) };
}

/// How many fans of each shape this thread has computed.
pub(crate) fn fans_of(shape: FanShape) -> usize {
    SHAPES.get()[shape as usize]
}

/// # Safety
///
/// As for [`Fan::run`].
pub(super) unsafe fn fan(fan: &mut Fan, shape: FanShape) {
    let mut shapes = SHAPES.get();
    shapes[shape as usize] += fan.turns as usize;
    SHAPES.set(shapes);
    loop {
        let shared = match shape {
            FanShape::One | FanShape::OneLine => 1,
            FanShape::Two | FanShape::TwoLines => 2,
        };
        let is_line = matches!(shape, FanShape::OneLine | FanShape::TwoLines);
        for second in 0..shared {
            for own in 0..4 {
                // SAFETY: the caller vouches for what the loops read and write.
                unsafe { output_of(fan, own, second, is_line) };
            }
        }
        fan.turns -= 1;
        if fan.turns == 0 {
            break;
        }
        fan.own = fan.own.map(|at| at.wrapping_byte_offset(fan.turn as isize));
        fan.shared = fan
            .shared
            .map(|at| at.wrapping_byte_offset(fan.shared_turn as isize));
        fan.output = fan.output.wrapping_byte_offset(fan.output_turn as isize);
        fan.bias = fan.bias.wrapping_byte_offset(fan.bias_turn as isize);
    }
}

/// Computes the output of an own row and a shared one.
// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn output_of(fan: &Fan, own: usize, second: usize, is_line: bool) {
    let bias = (own + 4 * second) as i32 * fan.bias_step + second as i32 * fan.shared_bias_step;
    let (mut row, mut shared) = (fan.own[own], fan.shared[second]);
    if is_line {
        row = fan.own[0].wrapping_add(own);
    }
    // SAFETY: the caller's.
    let mut sum = unsafe { *fan.bias.wrapping_byte_offset(bias as isize) };
    for _ in 0..fan.channels {
        for _ in 0..fan.rows {
            for tap in 0..fan.taps as usize {
                // SAFETY: the caller's.
                sum += unsafe { *row.add(tap) * *shared.add(tap) };
            }
            row = row.wrapping_byte_offset(fan.pitch as isize);
            shared = shared.wrapping_byte_offset(fan.shared_pitch as isize);
        }
        row = row.wrapping_byte_offset(fan.channel_step as isize);
        shared = shared.wrapping_byte_offset(fan.shared_channel_step as isize);
    }
    let place = match (own, is_line) {
        (0, _) => 0,
        (_, true) => 4 * own as i32,
        (_, false) => fan.places[own - 1],
    };
    let place = place + if second > 0 { fan.shared_place } else { 0 };
    let raised = if sum <= fan.floor { fan.floor } else { sum };
    // SAFETY: the caller's.
    unsafe { *fan.output.wrapping_byte_offset(place as isize) = raised };
}
