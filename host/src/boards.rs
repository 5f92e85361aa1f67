//! The boards that the firmware runs on, and what memory they have.

use crate::output::grouped;
use serde::Serialize;

/// A microcontroller board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name: the firmware's feature, and what `--board` takes.
    pub name: &'static str,
    /// Its processor, for people to read.
    pub processor: &'static str,
    /// The target that Rust builds for.
    pub target: &'static str,
    /// Flash in bytes.
    pub flash: usize,
    /// RAM in bytes.
    pub ram: usize,
    /// QEMU's name of its processor, where QEMU emulates the board under its own name.
    pub emulated_processor: Option<&'static str>,
}

const HARD_FLOAT: &str = "thumbv7em-none-eabihf";
const SOFT_FLOAT: &str = "thumbv7m-none-eabi";
const FLASH: usize = 1024 << 10;
const LARGE_FLASH: usize = 2048 << 10;
const RAM: usize = 256 << 10;
const LARGE_RAM: usize = 1024 << 10;

/// All boards; the first is the default.
pub const BOARDS: [Board; 4] = [
    Board {
        name: "mps2-an386",
        processor: "Cortex-M4F, emulated",
        target: HARD_FLOAT,
        flash: FLASH,
        ram: RAM,
        emulated_processor: Some("cortex-m4"),
    },
    Board {
        name: "mps2-an500",
        processor: "Cortex-M7, emulated",
        target: HARD_FLOAT,
        flash: LARGE_FLASH,
        ram: LARGE_RAM,
        emulated_processor: Some("cortex-m7"),
    },
    Board {
        name: "mps2-an385",
        processor: "Cortex-M3, emulated",
        target: SOFT_FLOAT,
        flash: FLASH,
        ram: RAM,
        emulated_processor: Some("cortex-m3"),
    },
    Board {
        name: "nrf52840",
        processor: "Cortex-M4F",
        target: HARD_FLOAT,
        flash: FLASH,
        ram: RAM,
        emulated_processor: None,
    },
];

/// Flash that the firmware's build keeps for the program, in bytes: `firmware/build/board.rs` has
/// the same, and refuses by it.
pub const PROGRAM: usize = 32 << 10;
/// RAM that it keeps for the stack, the link's buffers and the log.
pub const WORKING: usize = 16 << 10;

/// Flash for two sets of so many trained parameters, in bytes, as `firmware/build/training.rs` sets
/// it aside.
pub const fn storage_bytes(trained_values: usize) -> usize {
    const PAGE: usize = 4096;
    const HEADER: usize = 32;
    2 * (HEADER + size_of::<f32>() * trained_values).next_multiple_of(PAGE)
}

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

impl Board {
    /// Flash for so many bytes beside the program.
    pub const fn flash_for(&self, needed: usize) -> Need {
        Need::of(needed, PROGRAM, self.flash)
    }

    /// RAM for so many bytes beside stack and buffers.
    pub const fn ram_for(&self, needed: usize) -> Need {
        Need::of(needed, WORKING, self.ram)
    }
}

impl Need {
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

/// What an option for a board does, with the names it takes.
pub fn help(what: &str) -> String {
    format!(
        "{what}; there are {}",
        BOARDS.map(|board| board.name).join(", ")
    )
}

/// A board that `--board` names.
///
/// # Errors
///
/// The names there are.
pub fn parse(name: &str) -> Result<Board, String> {
    let found = BOARDS.into_iter().find(|board| board.name == name);
    found.ok_or_else(|| {
        format!(
            "the boards are {}",
            BOARDS.map(|board| board.name).join(", ")
        )
    })
}
