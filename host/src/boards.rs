//! The boards that the firmware runs on, and what memory they have.

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
