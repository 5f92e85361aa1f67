#![no_std]
#![forbid(unsafe_code)]
//! What is known of boards, those that Kiln's firmware runs on among them, and what the firmware keeps
//! of their memory for itself. The desktop, the firmware, its build and its storage all read it here.
//!
//! ```
//! let board = boards::named("nrf52840").ok_or("no such board")?;
//! assert_eq!(board.target, "thumbv7em-none-eabihf");
//! assert!(boards::storage_bytes(53_866) < board.flash - boards::PROGRAM_BYTES);
//! # Ok::<(), &str>(())
//! ```

mod board;
mod known;
mod programmed;
mod reserve;
mod storage;

pub use board::{BOARDS, Board, BoardBoot, BoardPrograms, Emulated, QemuSystem, named};
pub use known::{ESP32_C3, NRF52833, STM32F411, STM32H743};
pub use programmed::{
    MICROBIT, MPS2_AN385, MPS2_AN386, MPS2_AN500, MPS2_AN505, NRF52840, RISCV_VIRT, RP2040, RP2350,
    STM32F405,
};
pub use reserve::{
    INT8_EVALUATION_WORKING_BYTES, INT8_PROGRAM_BYTES, PROGRAM_BYTES, STACK_BYTES,
    STACK_GUARD_BYTES, WORKING_BYTES,
};
pub use storage::{PAGE_BYTES, SLOT_HEADER_BYTES, WORD_BYTES, storage_bytes};

/// Armv7E-M with floating-point registers for arguments.
const HARD_FLOAT: &str = "thumbv7em-none-eabihf";
/// Armv8-M Mainline of the same.
const ARMV8M_HARD_FLOAT: &str = "thumbv8m.main-none-eabihf";
/// Armv7-M, which has no floating-point unit.
const SOFT_FLOAT: &str = "thumbv7m-none-eabi";
/// Armv6-M, which has no floating-point unit and divides in software.
const ARMV6M: &str = "thumbv6m-none-eabi";
/// RISC-V with multiplication and atomic accesses, without floating-point unit.
const RISCV: &str = "riscv32imac-unknown-none-elf";
const KIBIBYTE: usize = 1 << 10;

#[cfg(test)]
mod tests;
