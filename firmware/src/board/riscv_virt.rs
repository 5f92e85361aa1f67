//! QEMU's RISC-V machine `virt`, with one processor of 32 bits.

use riscv::register::minstret;

pub use super::semihosted::{TICK_UNIT, exit};

/// The board's name.
pub const NAME: &str = boards::RISCV_VIRT.name;

/// The board: nothing but its processor's count of instructions.
pub struct Board(());

impl Board {
    /// Starts nothing: the processor counts from its reset.
    pub fn start() -> Self {
        Self(())
    }

    /// What `work` gives, and how many instructions it took, exactly; of more than 2^32, what is left of
    /// them.
    pub fn time<R>(&mut self, work: impl FnOnce() -> R) -> (R, u32) {
        let start = minstret::read() as u32;
        let result = work();
        (result, (minstret::read() as u32).wrapping_sub(start))
    }
}
