//! The first BBC micro:bit as QEMU emulates it. Its chip, the nRF51822, has no SysTick on silicon, where the
//! same program would tell of no instructions.

use super::evaluating::EvaluatingBoard;

pub use super::semihosted::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::MICROBIT.name;

/// In the emulator SysTick runs at the chip's 16 MHz: two ticks are 125 instructions.
pub type Board = EvaluatingBoard<16>;
