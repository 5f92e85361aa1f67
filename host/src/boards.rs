//! Boards: whether something fits them, and how they are chosen.

mod memory;

use crate::output::grouped;
use kiln_core::Int8Target;
use serde::Serialize;

pub use ::boards::{
    BOARDS, Board, BoardPrograms, Emulated, INT8_PROGRAM_BYTES, PROGRAM_BYTES, QemuSystem,
    WORKING_BYTES, storage_bytes,
};
pub use memory::parse_memory;

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
        Self::of(needed, board.working_bytes(), board.ram)
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
    match board.has_dsp && board.has_floating_point_unit {
        true => Int8Target::CortexMDsp,
        false => Int8Target::Portable,
    }
}

/// A part that no table has, with so many bytes of flash and of RAM, and the default board's processor.
pub fn part(flash: usize, ram: usize) -> Board {
    Board {
        name: "your part",
        flash,
        ram,
        programs: BoardPrograms::None,
        emulated: None,
        ..BOARDS[0]
    }
}

/// What an option for a board does, with the names it takes.
pub fn help(what: &str) -> String {
    format!("{what}; there are {}", names(|_| true))
}

/// The same of an option for a board that has a program of the firmware's.
pub fn help_with(what: &str, program: &str) -> String {
    format!(
        "{what}; there are {}",
        names(|board| board.has_program(program))
    )
}

/// A board that `--board` names.
///
/// # Errors
///
/// The names there are.
pub fn parse(name: &str) -> Result<Board, String> {
    ::boards::named(name).ok_or_else(|| format!("the boards are {}", names(|_| true)))
}

/// A parser of the names of boards that have a program of the firmware's; of others it says what they
/// have, and which ones do.
pub fn parse_with(
    program: &'static str,
) -> impl Fn(&str) -> Result<Board, String> + Clone + Send + Sync + 'static {
    move |name| match ::boards::named(name) {
        Some(board) => match lacking(&board, program) {
            None => Ok(board),
            Some(reason) => Err(reason),
        },
        None => {
            let names = names(|board| board.has_program(program));
            Err(format!("the boards are {names}"))
        }
    }
}

/// Why a program of the firmware's cannot be had for a board, in words; nothing where it can.
pub fn lacking(board: &Board, program: &str) -> Option<String> {
    if board.has_program(program) {
        return None;
    }
    let name = board.name;
    let there = match board.programs {
        BoardPrograms::None => format!(
            "of {name} Kiln knows the memory only (kiln summary --board {name}), and has no firmware \
             for it"
        ),
        _ => {
            let command = if board.emulated.is_some() {
                "run"
            } else {
                "build"
            };
            format!(
                "the firmware for {name} classifies what is in its flash and does no more \
                 (firmware/build.sh {command} {name} --bin evaluate_int8)"
            )
        }
    };
    let names = names(|board| board.has_program(program));
    Some(format!("{there}; the boards with {program} are {names}"))
}

fn names(of: impl Fn(&Board) -> bool) -> String {
    let boards = BOARDS.iter().filter(|board| of(board));
    boards
        .map(|board| board.name)
        .collect::<Vec<_>>()
        .join(", ")
}
