//! What is known of a board, and the table of them all.

use crate::known::{ESP32_C3, NRF52833, STM32F411, STM32H743};
use crate::programmed::{
    MICROBIT, MPS2_AN385, MPS2_AN386, MPS2_AN500, MPS2_AN505, NRF52840, RISCV_VIRT, RP2040, RP2350,
    STM32F405,
};
use crate::reserve::{INT8_EVALUATION_WORKING_BYTES, WORKING_BYTES};

/// A microcontroller board, or a chip where boards differ in nothing that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name: what `--board` takes, and the firmware's feature where there is a program for it.
    pub name: &'static str,
    /// Its processor, for people to read.
    pub processor: &'static str,
    /// The target that Rust builds for.
    pub target: &'static str,
    /// Flash in bytes.
    pub flash: usize,
    /// Address of the flash's first byte, where the vector table lies.
    pub flash_origin: u32,
    /// RAM in bytes: what one region of a linker script can take.
    pub ram: usize,
    /// Address of the first byte of that RAM.
    pub ram_origin: u32,
    /// Whether its processor adds up two products of 16 bits at once: the DSP extension.
    pub has_dsp: bool,
    /// Whether its processor computes with `f32`.
    pub has_floating_point_unit: bool,
    /// Which programs Kiln's firmware has for it.
    pub programs: BoardPrograms,
    /// Whether a crate for its chip names the interrupts for the linker.
    pub has_device_crate: bool,
    /// What its flash begins with.
    pub boot: BoardBoot,
    /// How QEMU emulates it, where it does.
    pub emulated: Option<Emulated>,
}

/// Which of its programs Kiln's firmware has for a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardPrograms {
    /// None: there are facts only, by which it is known whether a network fits.
    None,
    /// `evaluate_int8`, which classifies the samples in flash by a network of integers.
    Int8Evaluation,
    /// That and `evaluate`, which does so by one of floating-point numbers.
    Evaluation,
    /// All of them, with a serial port to be asked by, and storage for what is learned.
    All,
}

/// What a chip starts by, at its flash's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardBoot {
    /// The program's vector table, or its first instruction, and nothing else.
    VectorTable,
    /// 256 bytes before the program, which its ROM copies and calls: they make the flash readable.
    SecondStage,
    /// The vector table, and behind it a block that tells its ROM what kind of program it is.
    ImageDefinition,
}

/// What QEMU calls a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emulated {
    /// Its architecture.
    pub system: QemuSystem,
    /// The machine.
    pub machine: &'static str,
    /// Its processor.
    pub processor: &'static str,
}

/// An architecture, for which QEMU has a program of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QemuSystem {
    /// Arm of 32 bits.
    Arm,
    /// RISC-V of 32 bits.
    RiscV32,
}

/// All boards: first those with every program, the default first of all, then those that evaluate, then those
/// of which there are facts.
pub const BOARDS: [Board; 14] = [
    MPS2_AN386, MPS2_AN500, MPS2_AN385, NRF52840, STM32F405, MPS2_AN505, RISCV_VIRT, RP2040,
    RP2350, MICROBIT, STM32F411, STM32H743, NRF52833, ESP32_C3,
];

/// The board of this name.
pub fn named(name: &str) -> Option<Board> {
    BOARDS.into_iter().find(|board| board.name == name)
}

impl QemuSystem {
    /// The program's name.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Arm => "qemu-system-arm",
            Self::RiscV32 => "qemu-system-riscv32",
        }
    }

    /// The package of Debian and Ubuntu that has it.
    pub const fn package(self) -> &'static str {
        match self {
            Self::Arm => "qemu-system-arm",
            Self::RiscV32 => "qemu-system-misc",
        }
    }
}

impl Board {
    /// Whether the firmware has this program for it.
    pub fn has_program(&self, program: &str) -> bool {
        match self.programs {
            BoardPrograms::None => false,
            BoardPrograms::Int8Evaluation => program == "evaluate_int8",
            BoardPrograms::Evaluation => ["evaluate", "evaluate_int8"].contains(&program),
            BoardPrograms::All => true,
        }
    }

    /// RAM that the firmware keeps for what every program of the board's needs, in bytes: the build
    /// refuses what does not leave it.
    pub const fn working_bytes(&self) -> usize {
        match self.programs {
            BoardPrograms::Int8Evaluation => INT8_EVALUATION_WORKING_BYTES,
            _ => WORKING_BYTES,
        }
    }
}
