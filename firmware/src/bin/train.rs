#![no_std]
#![no_main]
//! Trains on the digits in flash.

use firmware::board::{self, Board, Exit};
use firmware::train;

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    match train::run(&mut board) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
