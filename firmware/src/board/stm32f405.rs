//! ST's STM32F405 as QEMU emulates it on the Netduino Plus 2: its log and its end are semihosting's.
//!
//! The same program should run on silicon by a debugger that does semihosting, at the 16 MHz that the chip
//! starts with; a tick is a cycle there, and is still counted as the 125/21 instructions that it is in the
//! emulator. It was not tried.

use super::evaluating::EvaluatingBoard;

pub use super::semihosted::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::STM32F405.name;

/// In the emulator SysTick runs at 168 MHz whatever a program writes: 21 ticks are 125 instructions.
pub type Board = EvaluatingBoard<168>;
