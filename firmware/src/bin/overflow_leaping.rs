#![no_std]
#![no_main]
//! Overflows the stack by a frame that leaps over its guard.

use firmware::{board, overflow};

#[board::entry]
fn main() -> ! {
    overflow::run::<{ overflow::LEAP }>()
}
