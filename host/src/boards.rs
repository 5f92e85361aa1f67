//! The boards that the firmware runs on: whether something fits them, and how they are chosen.

use crate::output::grouped;
use kiln_core::Int8Target;
use serde::Serialize;

pub use ::boards::{
    BOARDS, Board, Emulated, INT8_PROGRAM_BYTES, PROGRAM_BYTES, WORKING_BYTES, storage_bytes,
};

/// Memory that something needs, beside what a board has, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// What it needs itself.
    pub needed: usize,
    /// Kept for what every program needs: the build refuses what does not leave it.
    pub reserved: usize,
    /// What the board has.
    pub available: usize,
    /// Whether there is enough for both.
    pub fits: bool,
}

impl Need {
    /// Flash of a board for so many bytes beside the program.
    pub const fn of_flash(board: &Board, needed: usize) -> Self {
        Self::of(needed, PROGRAM_BYTES, board.flash)
    }

    /// Flash of a board for a network of integers of so many bytes beside its program.
    pub const fn of_int8_flash(board: &Board, needed: usize) -> Self {
        Self::of(needed, INT8_PROGRAM_BYTES, board.flash)
    }

    /// RAM of a board for so many bytes beside stack and buffers.
    pub const fn of_ram(board: &Board, needed: usize) -> Self {
        Self::of(needed, WORKING_BYTES, board.ram)
    }

    const fn of(needed: usize, reserved: usize, available: usize) -> Self {
        Self {
            needed,
            reserved,
            available,
            fits: needed + reserved <= available,
        }
    }

    /// Bytes too many.
    pub const fn over(&self) -> usize {
        (self.needed + self.reserved).saturating_sub(self.available)
    }

    /// How much of this memory is missing, in words; nothing where it fits.
    pub fn missing(&self, memory: &str) -> Option<String> {
        let over = grouped(self.over() as u64);
        (!self.fits).then(|| format!("{over} bytes of {memory} too many"))
    }
}

/// What the firmware's build arranges a network of integers for on a board.
pub fn int8_target(board: &Board) -> Int8Target {
    match board.target.ends_with("eabihf") {
        true => Int8Target::CortexMDsp,
        false => Int8Target::Portable,
    }
}

/// What an option for a board does, with the names it takes.
pub fn help(what: &str) -> String {
    format!("{what}; there are {}", names())
}

/// A board that `--board` names.
///
/// # Errors
///
/// The names there are.
pub fn parse(name: &str) -> Result<Board, String> {
    ::boards::named(name).ok_or_else(|| format!("the boards are {}", names()))
}

fn names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}
