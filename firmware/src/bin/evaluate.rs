#![no_std]
#![no_main]
//! Classifies the digits in flash.

use firmware::board::{self, Board, Exit};
use firmware::evaluate;

#[board::entry]
fn main() -> ! {
    let mut board = Board::start();
    match evaluate::run(&mut board) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
