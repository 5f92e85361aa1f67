#![no_std]
#![no_main]
//! Tells what inference by a network of 8-bit integers takes, step by step: the device's side of
//! `kiln bench --board`.

use firmware::board::{self, Board, Exit};
use firmware::profile_int8;

#[board::entry]
fn main() -> ! {
    match profile_int8::run(Board::start()) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
