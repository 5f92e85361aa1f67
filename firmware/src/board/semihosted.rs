//! What emulated boards have in common: a log and an end by semihosting. The emulator counts instructions,
//! not cycles.

use super::Exit;
use defmt_semihosting as _;

/// What the boards' counters count.
pub const TICK_UNIT: &str = "instructions";

/// Ends the emulation.
pub fn exit(exit: Exit) -> ! {
    semihosting::process::exit(match exit {
        Exit::Success => 0,
        Exit::Failure => 1,
    })
}
