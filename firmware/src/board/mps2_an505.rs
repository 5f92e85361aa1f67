//! Arm's MPS2 board with the Cortex-M33 image AN505, as QEMU emulates it: all in the secure state.

use super::evaluating::EvaluatingBoard;

pub use super::semihosted::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::MPS2_AN505.name;

/// SysTick runs at the image's 20 MHz: 50 instructions a tick.
pub type Board = EvaluatingBoard<20>;
