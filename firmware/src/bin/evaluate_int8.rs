#![no_std]
#![no_main]
//! Classifies the digits in flash by a network of 8-bit integers.

use firmware::board::{self, Board, Exit};
use firmware::evaluate_int8;

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    match evaluate_int8::run(&mut board) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
