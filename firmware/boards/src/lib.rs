#![no_std]
#![forbid(unsafe_code)]
//! What is known of the boards that Kiln's firmware runs on, and what the firmware keeps of their
//! memory for itself. The desktop, the firmware, its build and its storage all read it here.
//!
//! ```
//! let board = boards::named("nrf52840").ok_or("no such board")?;
//! assert_eq!(board.target, "thumbv7em-none-eabihf");
//! assert!(boards::storage_bytes(53_866) < board.flash - boards::PROGRAM_BYTES);
//! # Ok::<(), &str>(())
//! ```

mod board;
mod reserve;
mod storage;

pub use board::{
    BOARDS, Board, Emulated, FLASH_ORIGIN, MPS2_AN385, MPS2_AN386, MPS2_AN500, NRF52840,
    RAM_ORIGIN, named,
};
pub use reserve::{
    INT8_PROGRAM_BYTES, PROGRAM_BYTES, STACK_BYTES, STACK_GUARD_BYTES, WORKING_BYTES,
};
pub use storage::{PAGE_BYTES, SLOT_HEADER_BYTES, WORD_BYTES, storage_bytes};

#[cfg(test)]
mod tests;
