//! A firmware as an ELF file.

use super::log::{LogTable, LogTableError};
use crate::boards::{BOARDS, Board};
use crate::plain_file;
use object::{Object, ObjectSymbol};
use std::io;
use std::path::{Path, PathBuf};

/// A firmware: where it is, what board it is for, and how to read its log where that is one of frames; what
/// another firmware says is text.
pub struct EmulatedProgram {
    path: PathBuf,
    board: Option<Board>,
    log: Option<LogTable>,
}

/// Why a file is no firmware.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatedProgramError {
    /// The file cannot be read.
    #[error("cannot read it")]
    Unreadable(#[from] io::Error),
    /// It is no ELF file.
    #[error("no firmware, give an ELF file")]
    NotElf(#[from] object::Error),
    /// Its log lines cannot be found.
    #[error("its log cannot be decoded: {0}; build it again with this Kiln's firmware folder")]
    Log(LogTableError),
}

/// More bytes than this are no firmware with its symbols.
const MAX_ELF: u64 = 256 << 20;
/// How the firmware's build names its board: a symbol, the name behind it.
const BOARD_SYMBOL: &str = "kiln_board_";

impl EmulatedProgram {
    /// Reads a firmware.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or is no firmware, or whose log is none that is known here.
    pub fn read(path: &Path) -> Result<Self, EmulatedProgramError> {
        let elf = plain_file::read(path, MAX_ELF)?;
        let elf = object::File::parse(&*elf)?;
        Ok(Self {
            path: path.into(),
            board: board(&elf),
            log: LogTable::of(&elf).map_err(EmulatedProgramError::Log)?,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The board it was built for, where it says so.
    pub fn board(&self) -> Option<Board> {
        self.board
    }

    pub(super) fn log(&self) -> Option<&LogTable> {
        self.log.as_ref()
    }
}

fn board(elf: &object::File<'_>) -> Option<Board> {
    let mut names = elf.symbols().filter_map(|symbol| {
        let name = symbol.name().ok()?.strip_prefix(BOARD_SYMBOL)?;
        Some(name.replace('_', "-"))
    });
    let name = names.next()?;
    BOARDS.into_iter().find(|board| board.name == name)
}
