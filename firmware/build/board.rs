//! The board built for, and whether what it is to hold fits its memory.

use crate::error::Error;
use crate::files::Files;
use boards::{BOARDS, Board, BoardBoot, PROGRAM_BYTES, STACK_BYTES};
use kiln_core::{ModelFile, Program, Purpose};
use std::env;

/// The board whose feature is set.
pub fn chosen() -> Result<Board, Error> {
    let is_set = |board: &Board| {
        let feature = board.name.to_uppercase().replace('-', "_");
        env::var_os(format!("CARGO_FEATURE_{feature}")).is_some()
    };
    let set: Vec<Board> = BOARDS.into_iter().filter(is_set).collect();
    match set[..] {
        [board] => Ok(board),
        _ => Err(Error::Boards(set.len())),
    }
}

/// The symbol that names the board in the program.
pub fn symbol(board: &Board) -> String {
    format!("kiln_board_{}", board.name.replace('-', "_"))
}

/// Whether model and samples fit the flash, and the model's arena the RAM.
pub fn check(board: &Board, files: &Files, model: &ModelFile<'_>) -> Result<(), Error> {
    check_files(board, files, 0)?;
    let program: Program =
        Program::try_of(model.network(), Purpose::Inference).map_err(Error::Program)?;
    let arena = program.working_bytes(1);
    check_ram(board, &[("the arena", arena)])
}

/// Whether model, samples and so many bytes of storage fit the flash.
pub fn check_files(board: &Board, files: &Files, storage: usize) -> Result<(), Error> {
    let [model, samples] = [files.model_bytes(), files.samples_bytes()].map(<[u8]>::len);
    let parts = [
        ("the model", model),
        ("samples", samples),
        ("program", PROGRAM_BYTES),
        ("storage", storage),
    ];
    check_flash(board, &parts)
}

/// Whether these parts, the program among them, fit the flash.
pub fn check_flash(board: &Board, parts: &[(&str, usize)]) -> Result<(), Error> {
    check_memory(board.name, "flash", board.flash, parts)
}

/// Whether these parts and what every program needs fit the RAM.
pub fn check_ram(board: &Board, parts: &[(&str, usize)]) -> Result<(), Error> {
    let parts = [parts, &[("stack and buffers", board.working_bytes())]].concat();
    check_memory(board.name, "RAM", board.ram, &parts)
}

/// The linker's memory layout, with so many bytes at the flash's end kept from the program, and a
/// stack that is no shorter than it may be.
pub fn layout(board: &Board, storage: usize) -> String {
    let Board {
        flash_origin,
        ram,
        ram_origin,
        ..
    } = *board;
    let program = board.flash - storage;
    let stack = match board.target.starts_with("riscv") {
        true => RISCV_REGIONS,
        false => STACK_FIRST,
    };
    let boot = match board.boot {
        BoardBoot::VectorTable => "",
        BoardBoot::SecondStage => SECOND_STAGE,
        BoardBoot::ImageDefinition => IMAGE_DEFINITION,
    };
    format!(
        "MEMORY\n{{\n  \
           FLASH : ORIGIN = {flash_origin:#010x}, LENGTH = {program}\n  \
           RAM   : ORIGIN = {ram_origin:#010x}, LENGTH = {ram}\n}}\n\
         {stack}{boot}\
         _kiln_storage = ORIGIN(FLASH) + LENGTH(FLASH);\n\
         ASSERT(_stack_start - _stack_end >= {STACK_BYTES}, \"{}: the RAM is too small: beside \
         what the network takes, it leaves the stack less than {STACK_BYTES} bytes; use a smaller \
         network, or smaller images\");\n",
        board.name
    )
}

/// The stack at the RAM's beginning, as long as what the statics leave, instead of behind them: one that
/// overflows runs out of the RAM, where no chip here has memory, before anything is written over. There the
/// processor faults at the first access, since the bus or a region without access says so: of a mebibyte,
/// which no frame leaps over, as one could over a region between stack and statics. The sum has room for
/// what the sections' alignments take.
const STACK_FIRST: &str = "\
_kiln_statics = SIZEOF(.data) + SIZEOF(.bss) + SIZEOF(.uninit) + 128;
SECTIONS {
  .stack (NOLOAD) : {
    . += _kiln_statics < LENGTH(RAM) ? (LENGTH(RAM) - _kiln_statics) & ~7 : 0;
  } > RAM
} INSERT BEFORE .data;
_stack_end = ORIGIN(RAM);
_stack_start = ORIGIN(RAM) + SIZEOF(.stack);
_kiln_forbidden = ORIGIN(RAM) - 0x100000;
";

/// What lies where, as riscv-rt asks, and the names that cortex-m-rt gives to the stack's ends.
const RISCV_REGIONS: &str = "\
EXTERN(ExceptionHandler);
REGION_ALIAS(\"REGION_TEXT\", FLASH);
REGION_ALIAS(\"REGION_RODATA\", FLASH);
REGION_ALIAS(\"REGION_DATA\", RAM);
REGION_ALIAS(\"REGION_BSS\", RAM);
REGION_ALIAS(\"REGION_HEAP\", RAM);
REGION_ALIAS(\"REGION_STACK\", RAM);
_stack_end = __estack;
_stack_start = ORIGIN(RAM) + LENGTH(RAM);
";

/// What an RP2040's ROM calls, in front of the program.
const SECOND_STAGE: &str = "\
EXTERN(BOOT2_FIRMWARE);
MEMORY { BOOT2 : ORIGIN = ORIGIN(FLASH) - 0x100, LENGTH = 0x100 }
SECTIONS { .boot2 ORIGIN(BOOT2) : { KEEP(*(.boot2)); } > BOOT2 } INSERT BEFORE .text;
";

/// What an RP2350's ROM looks for, between the vector table and the rest of the program.
const IMAGE_DEFINITION: &str = "\
EXTERN(START_BLOCK);
SECTIONS { .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH } INSERT AFTER .vector_table;
_stext = ADDR(.start_block) + SIZEOF(.start_block);
";

fn check_memory(
    board: &'static str,
    memory: &'static str,
    available: usize,
    parts: &[(&str, usize)],
) -> Result<(), Error> {
    let needed = parts.iter().map(|(_, bytes)| bytes).sum();
    if needed <= available {
        return Ok(());
    }
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, bytes)| *bytes > 0)
        .map(|(name, bytes)| format!("{name} ({bytes})"))
        .collect();
    Err(Error::TooLarge {
        board,
        memory,
        needed,
        available,
        parts: parts.join(", "),
    })
}
