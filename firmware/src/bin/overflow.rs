#![no_std]
#![no_main]
//! Overflows the stack by small frames.

use firmware::{board, overflow};

#[board::entry]
fn main() -> ! {
    overflow::run::<8>()
}
