#![no_std]
#![no_main]
//! Tells what inference and training take, step by step: the device's side of `kiln bench --board`.

use firmware::board::{self, Board, Exit};
use firmware::profile;

#[board::entry]
fn main() -> ! {
    match profile::run(Board::start()) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
