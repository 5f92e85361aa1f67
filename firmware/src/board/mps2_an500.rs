//! Arm's MPS2 board with the Cortex-M7 image AN500, as QEMU emulates it.

/// The board's name.
pub const NAME: &str = boards::MPS2_AN500.name;

pub use super::mps2::Board;
pub use super::semihosted::{TICK_UNIT, exit};
#[cfg(feature = "training")]
pub use super::simulated_storage::Storage;
