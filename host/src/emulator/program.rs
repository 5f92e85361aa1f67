//! A firmware as an ELF file.

use crate::boards::{BOARDS, Board};
use crate::plain_file;
use defmt_decoder::Table;
use object::{Object, ObjectSymbol};
use std::io;
use std::path::{Path, PathBuf};

/// A firmware: where it is, what board it is for, and how to read its log where that is one of frames; what
/// another firmware says is text.
pub struct EmulatedProgram {
    path: PathBuf,
    board: Option<Board>,
    log: Option<Table>,
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
    Log(String),
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
        let board = board(&object::File::parse(&*elf)?);
        let log = match Table::parse(&elf) {
            Ok(table) => table,
            Err(error) => return Err(EmulatedProgramError::Log(error.to_string())),
        };
        Ok(Self {
            path: path.into(),
            board,
            log,
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

    pub(super) fn log(&self) -> Option<&Table> {
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
