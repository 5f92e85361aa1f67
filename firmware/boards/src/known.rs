//! Boards of which there are facts, but no program yet: whether a network fits them can be told.

use crate::board::{Board, BoardBoot, BoardPrograms};
use crate::programmed::STM32F405;
use crate::{HARD_FLOAT, KIBIBYTE};

/// ST's STM32F411xE, as on the "Black Pill" and the Nucleo-F411RE.
///
/// Source: ST, "RM0383: STM32F411xC/E advanced Arm-based 32-bit MCUs", memory and bus architecture.
pub const STM32F411: Board = Board {
    name: "stm32f411",
    flash: 512 * KIBIBYTE,
    programs: BoardPrograms::None,
    emulated: None,
    ..STM32F405
};

/// ST's STM32H743xI, as on the Nucleo-H743ZI. The RAM is the AXI SRAM, its largest piece; 128 KiB of data
/// TCM at 0x2000_0000, 288 KiB of SRAM1 to SRAM3 at 0x3000_0000 and 64 KiB of SRAM4 lie elsewhere.
///
/// Source: ST, "RM0433: STM32H742, STM32H743/753 and STM32H750 Value line advanced Arm-based 32-bit
/// MCUs", memory and bus architecture.
pub const STM32H743: Board = Board {
    name: "stm32h743",
    processor: "Cortex-M7",
    flash: 2048 * KIBIBYTE,
    ram: 512 * KIBIBYTE,
    ram_origin: 0x2400_0000,
    ..STM32F411
};

/// Nordic's nRF52833 of the variant AA, as on the nRF52833-DK and the second BBC micro:bit.
///
/// Source: Nordic, "nRF52833 Product Specification", memory and ordering information.
pub const NRF52833: Board = Board {
    name: "nrf52833",
    processor: "Cortex-M4F",
    target: HARD_FLOAT,
    flash: 512 * KIBIBYTE,
    flash_origin: 0x0000_0000,
    ram: 128 * KIBIBYTE,
    ram_origin: 0x2000_0000,
    has_dsp: true,
    has_floating_point_unit: true,
    programs: BoardPrograms::None,
    has_device_crate: false,
    boot: BoardBoot::VectorTable,
    emulated: None,
};

/// Espressif's ESP32-C3 with 4 MiB of flash, as in the ESP32-C3FH4. Of its 400 KiB of RAM, 16 are the
/// flash's cache, and the last ones are the boot loader's until the program runs: a program's region has
/// 313, which it shares with code that it runs from RAM.
///
/// Source: Espressif, "ESP32-C3 Series Datasheet" and "ESP32-C3 Technical Reference Manual", system and
/// memory; the region as esp-hal's linker script `ld/esp32c3/memory.x` has it.
pub const ESP32_C3: Board = Board {
    name: "esp32-c3",
    processor: "RISC-V, RV32IMC",
    target: "riscv32imc-unknown-none-elf",
    flash: 4096 * KIBIBYTE,
    flash_origin: 0x4200_0000,
    ram: 313 * KIBIBYTE,
    ram_origin: 0x3FC8_0000,
    has_dsp: false,
    has_floating_point_unit: false,
    ..NRF52833
};
