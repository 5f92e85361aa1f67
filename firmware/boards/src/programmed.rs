//! Boards that Kiln's firmware has programs for.

use crate::board::{Board, BoardBoot, BoardPrograms, Emulated, QemuSystem};
use crate::{ARMV6M, ARMV8M_HARD_FLOAT, HARD_FLOAT, KIBIBYTE, RISCV, SOFT_FLOAT};

/// Arm's MPS2 with the image AN386. It has 4 MiB of each memory; this is the budget of a real part.
pub const MPS2_AN386: Board = Board {
    name: "mps2-an386",
    processor: "Cortex-M4F, emulated",
    target: HARD_FLOAT,
    flash: 1024 * KIBIBYTE,
    flash_origin: 0x0000_0000,
    ram: 256 * KIBIBYTE,
    ram_origin: 0x2000_0000,
    has_dsp: true,
    has_floating_point_unit: true,
    programs: BoardPrograms::All,
    has_device_crate: false,
    boot: BoardBoot::VectorTable,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "mps2-an386",
        processor: "cortex-m4",
    }),
};

/// Arm's MPS2 with the image AN500, with the budget of a real part such as NXP's i.MX RT1062 with
/// 2 MiB of flash beside it.
pub const MPS2_AN500: Board = Board {
    name: "mps2-an500",
    processor: "Cortex-M7, emulated",
    flash: 2048 * KIBIBYTE,
    ram: 1024 * KIBIBYTE,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "mps2-an500",
        processor: "cortex-m7",
    }),
    ..MPS2_AN386
};

/// Arm's MPS2 with the image AN385, with the budget of a real part.
pub const MPS2_AN385: Board = Board {
    name: "mps2-an385",
    processor: "Cortex-M3, emulated",
    target: SOFT_FLOAT,
    has_dsp: false,
    has_floating_point_unit: false,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "mps2-an385",
        processor: "cortex-m3",
    }),
    ..MPS2_AN386
};

/// Nordic's nRF52840-DK.
pub const NRF52840: Board = Board {
    name: "nrf52840",
    processor: "Cortex-M4F",
    has_device_crate: true,
    emulated: None,
    ..MPS2_AN386
};

/// ST's STM32F405xG, as on the Netduino Plus 2. SRAM1 (112 KiB) and SRAM2 (16 KiB) are one piece; the
/// 64 KiB of core coupled memory lie elsewhere, at 0x1000_0000, and are not counted.
///
/// Source: ST, "RM0090: STM32F405/415, STM32F407/417, STM32F427/437 and STM32F429/439 advanced
/// Arm-based 32-bit MCUs", memory and bus architecture.
pub const STM32F405: Board = Board {
    name: "stm32f405",
    processor: "Cortex-M4F",
    target: HARD_FLOAT,
    flash: 1024 * KIBIBYTE,
    flash_origin: 0x0800_0000,
    ram: 128 * KIBIBYTE,
    ram_origin: 0x2000_0000,
    has_dsp: true,
    has_floating_point_unit: true,
    programs: BoardPrograms::Evaluation,
    has_device_crate: false,
    boot: BoardBoot::VectorTable,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "netduinoplus2",
        processor: "cortex-m4",
    }),
};

/// Arm's MPS2 with the image AN505, in its secure state, with the budget of a real part. It has 4 MiB of
/// memory for code at the flash's address, and as much at the RAM's.
///
/// Source: Arm, "Application Note AN505: Example IoT Kit Subsystem for V2M-MPS2+", memory map.
pub const MPS2_AN505: Board = Board {
    name: "mps2-an505",
    processor: "Cortex-M33, emulated",
    target: ARMV8M_HARD_FLOAT,
    flash: 1024 * KIBIBYTE,
    flash_origin: 0x1000_0000,
    ram: 256 * KIBIBYTE,
    ram_origin: 0x3800_0000,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "mps2-an505",
        processor: "cortex-m33",
    }),
    ..STM32F405
};

/// QEMU's machine `virt` with a RISC-V processor of 32 bits, with the budget of a real part. All its memory
/// is RAM, 128 MiB of it; it starts at the first byte.
///
/// Source: QEMU, "'virt' Generic Virtual Platform".
pub const RISCV_VIRT: Board = Board {
    name: "riscv-virt",
    processor: "RISC-V RV32IMAC, emulated",
    target: RISCV,
    flash: 1024 * KIBIBYTE,
    flash_origin: 0x8000_0000,
    ram: 256 * KIBIBYTE,
    ram_origin: 0x8100_0000,
    has_dsp: false,
    has_floating_point_unit: false,
    emulated: Some(Emulated {
        system: QemuSystem::RiscV32,
        machine: "virt",
        processor: "rv32",
    }),
    ..STM32F405
};

/// Raspberry Pi's RP2040 with the Pico's 2 MiB of flash, the first 256 bytes of which are the boot
/// loader's. The RAM is all six banks, which are one piece: four striped ones and two of 4 KiB.
///
/// Source: Raspberry Pi, "RP2040 Datasheet", address map, and "Raspberry Pi Pico Datasheet".
pub const RP2040: Board = Board {
    name: "rp2040",
    processor: "Cortex-M0+, two of them",
    target: ARMV6M,
    flash: 2048 * KIBIBYTE - 256,
    flash_origin: 0x1000_0100,
    ram: 264 * KIBIBYTE,
    has_dsp: false,
    has_floating_point_unit: false,
    boot: BoardBoot::SecondStage,
    emulated: None,
    ..STM32F405
};

/// Raspberry Pi's RP2350 with the Pico 2's 4 MiB of flash, by its Arm processors. The RAM is all ten
/// banks, which are one piece: eight striped ones and two of 4 KiB.
///
/// Source: Raspberry Pi, "RP2350 Datasheet", address map and Cortex-M33 processor, and "Raspberry Pi
/// Pico 2 Datasheet".
pub const RP2350: Board = Board {
    name: "rp2350",
    processor: "Cortex-M33, two of them",
    target: ARMV8M_HARD_FLOAT,
    flash: 4096 * KIBIBYTE,
    flash_origin: 0x1000_0000,
    ram: 520 * KIBIBYTE,
    boot: BoardBoot::ImageDefinition,
    emulated: None,
    ..STM32F405
};

/// The first BBC micro:bit, whose chip is Nordic's nRF51822 of the variant AA.
///
/// Source: Nordic, "nRF51822 Product Specification", memory; Micro:bit Educational Foundation, "Hardware",
/// version 1.
pub const MICROBIT: Board = Board {
    name: "microbit",
    processor: "Cortex-M0",
    target: ARMV6M,
    flash: 256 * KIBIBYTE,
    flash_origin: 0x0000_0000,
    ram: 16 * KIBIBYTE,
    ram_origin: 0x2000_0000,
    has_dsp: false,
    has_floating_point_unit: false,
    programs: BoardPrograms::Int8Evaluation,
    has_device_crate: false,
    boot: BoardBoot::VectorTable,
    emulated: Some(Emulated {
        system: QemuSystem::Arm,
        machine: "microbit",
        processor: "cortex-m0",
    }),
};
