//! `kiln emulate`: runs a firmware in QEMU and prints its log.

use crate::boards::{self, BOARDS, Board};
use crate::emulator::{EmulatedProgram, EmulatedSerial, Emulation};
use crate::{output, platform};
use anyhow::{Context, Result};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Run a firmware in QEMU, with its instructions counted, and print its log.
///
/// Any firmware for one of the boards will do: one of Kiln's, whose log is decoded, or one of your own that
/// prints by semihosting. Ends when the firmware ends, with the firmware's exit code, or with 130 at Ctrl-C.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kiln emulate firmware/target/thumbv7em-none-eabihf/release/evaluate
  kiln emulate program.elf --board mps2-an500
")]
pub struct EmulateArguments {
    /// The firmware
    #[arg(value_name = "ELF")]
    program: PathBuf,
    /// The board to emulate.
    #[arg(long, value_name = "NAME", value_parser = boards::parse_with("evaluate_int8"),
        help = boards::help_with("The board to emulate [default: the one it was built for]", "evaluate_int8"))]
    board: Option<Board>,
}

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
/// What an emulation ends with that somebody else ended.
const KILLED: u8 = 2;

/// Runs the command; gives the firmware's exit code.
///
/// # Errors
///
/// What was wrong with the firmware or the emulator, in one line.
pub fn run(arguments: &EmulateArguments) -> Result<ExitCode> {
    let name = || arguments.program.display().to_string();
    let program = EmulatedProgram::read(&arguments.program).with_context(name)?;
    let board = arguments.board.or(program.board()).unwrap_or(BOARDS[0]);
    let interrupted = Arc::new(AtomicBool::new(false));
    let mut emulation = Emulation::start(&program, board, EmulatedSerial::Nowhere)?;
    let (stopper, flag) = (emulation.stopper(), Arc::clone(&interrupted));
    platform::watch_end(move || {
        flag.store(true, Ordering::Relaxed);
        stopper.stop();
    })?;
    let status = emulation.follow(&program, |line| {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", output::printable_lines(line))?;
        stdout.flush()
    })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(match code {
        _ if interrupted.load(Ordering::Relaxed) => ExitCode::from(INTERRUPTED),
        Some(code) => ExitCode::from(code),
        None => ExitCode::from(KILLED),
    })
}
