//! The boards.

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
    /// Whether a crate for its chip names the interrupts for the linker.
    pub has_device_crate: bool,
    /// How QEMU emulates it, where it does.
    pub emulated: Option<Emulated>,
}

/// What QEMU calls a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emulated {
    /// The machine.
    pub machine: &'static str,
    /// Its processor.
    pub processor: &'static str,
}

const HARD_FLOAT: &str = "thumbv7em-none-eabihf";
const SOFT_FLOAT: &str = "thumbv7m-none-eabi";
const KIBIBYTE: usize = 1 << 10;

/// Arm's MPS2 with the image AN386. It has 4 MiB of each memory; this is the budget of a real part.
pub const MPS2_AN386: Board = Board {
    name: "mps2-an386",
    processor: "Cortex-M4F, emulated",
    target: HARD_FLOAT,
    flash: 1024 * KIBIBYTE,
    ram: 256 * KIBIBYTE,
    has_device_crate: false,
    emulated: Some(Emulated {
        machine: "mps2-an386",
        processor: "cortex-m4",
    }),
};

/// Arm's MPS2 with the image AN500, with the budget of a real part such as NXP's i.MX RT1062 with
/// 2 MiB of flash beside it.
pub const MPS2_AN500: Board = Board {
    name: "mps2-an500",
    processor: "Cortex-M7, emulated",
    target: HARD_FLOAT,
    flash: 2048 * KIBIBYTE,
    ram: 1024 * KIBIBYTE,
    has_device_crate: false,
    emulated: Some(Emulated {
        machine: "mps2-an500",
        processor: "cortex-m7",
    }),
};

/// Arm's MPS2 with the image AN385, with the budget of a real part.
pub const MPS2_AN385: Board = Board {
    name: "mps2-an385",
    processor: "Cortex-M3, emulated",
    target: SOFT_FLOAT,
    flash: 1024 * KIBIBYTE,
    ram: 256 * KIBIBYTE,
    has_device_crate: false,
    emulated: Some(Emulated {
        machine: "mps2-an385",
        processor: "cortex-m3",
    }),
};

/// Nordic's nRF52840-DK.
pub const NRF52840: Board = Board {
    name: "nrf52840",
    processor: "Cortex-M4F",
    target: HARD_FLOAT,
    flash: 1024 * KIBIBYTE,
    ram: 256 * KIBIBYTE,
    has_device_crate: true,
    emulated: None,
};

/// All boards; the first is the default.
pub const BOARDS: [Board; 4] = [MPS2_AN386, MPS2_AN500, MPS2_AN385, NRF52840];

/// Address of the first byte of every board's flash, where the vector table lies.
pub const FLASH_ORIGIN: u32 = 0x0000_0000;
/// Address of the first byte of every board's RAM.
pub const RAM_ORIGIN: u32 = 0x2000_0000;

/// The board of this name.
pub fn named(name: &str) -> Option<Board> {
    BOARDS.into_iter().find(|board| board.name == name)
}
