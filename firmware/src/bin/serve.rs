#![no_std]
#![no_main]
//! later
use firmware::board::{self, Board, Exit};
#[cortex_m_rt::entry]
fn main() -> ! { let _ = Board::start(); board::exit(Exit::Success) }
