#![no_std]
#![no_main]
//! Does what a desktop asks of a network of 8-bit integers: the device's side of `kiln device`.

use firmware::board::{self, Board, Exit};
use firmware::serve;

#[board::entry]
fn main() -> ! {
    match serve::int8::run(Board::start()) {
        Ok(()) => board::exit(Exit::Success),
        Err(failure) => {
            failure.report();
            board::exit(Exit::Failure)
        }
    }
}
