//! Overflows the stack: what is to be reported, before anything but the stack is written over.

use crate::board::{self, Board, Exit};
use core::hint::black_box;
use core::mem::MaybeUninit;

/// Bytes of a frame that leaps over the stack's guard.
pub const LEAP: usize = 16 * boards::STACK_GUARD_BYTES;

/// Calls itself, with so many bytes of which the farthest is written, until it is stopped.
pub fn run<const FRAME: usize>() -> ! {
    let _board = Board::start();
    defmt::println!("stack      {=usize} bytes", board::stack_bytes());
    let depth = deeper::<FRAME>(0);
    defmt::println!("error: {=u32} calls overflowed nothing", depth);
    board::exit(Exit::Failure)
}

#[inline(never)]
fn deeper<const FRAME: usize>(depth: u32) -> u32 {
    let mut frame = [MaybeUninit::<u8>::uninit(); FRAME];
    if let Some(farthest) = black_box(&mut frame).first_mut() {
        farthest.write(1);
    }
    match black_box(depth) {
        u32::MAX => depth,
        // What follows the call keeps the frame.
        _ => deeper::<FRAME>(depth + 1) + black_box(&mut frame).len() as u32,
    }
}
