//! The board built for, and whether what it is to hold fits its memory.

use crate::error::Error;
use crate::files::Files;
use boards::{BOARDS, Board, PROGRAM_BYTES, STACK_BYTES};
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
    format!(
        "MEMORY\n{{\n  \
           FLASH : ORIGIN = {flash_origin:#010x}, LENGTH = {program}\n  \
           RAM   : ORIGIN = {ram_origin:#010x}, LENGTH = {ram}\n}}\n\
         _kiln_storage = ORIGIN(FLASH) + LENGTH(FLASH);\n\
         ASSERT(_stack_start - _stack_end >= {STACK_BYTES}, \"{}: the RAM is too small: beside \
         what the network takes, it leaves the stack less than {STACK_BYTES} bytes; use a smaller \
         network, or smaller images\");\n",
        board.name
    )
}

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
