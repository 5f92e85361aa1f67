//! QEMU: found, started, and ended whatever happens.

use super::log::{self, LogError};
use super::{EmulatedProgram, EmulatedProgramError};
use crate::boards::{Board, QemuSystem};
use crate::platform;
use std::env::{self, consts::EXE_SUFFIX};
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the board's serial port leads.
#[derive(Clone, Copy, Debug)]
pub enum EmulatedSerial<'a> {
    /// Nowhere.
    Nowhere,
    /// To a socket that somebody listens at, as [`listen`](platform::listen) gives its place.
    Socket(&'a str),
}

/// A firmware that runs in QEMU. Dropping it ends QEMU; on Linux, so does the end of a program that
/// called [`offer`](platform::offer), however it ends.
pub struct Emulation {
    child: Arc<Mutex<Child>>,
    output: Option<ChildStdout>,
}

/// Why a firmware cannot be emulated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulationError {
    /// QEMU is not installed.
    #[error(
        "cannot find {}; install it (Debian and Ubuntu: apt-get install {}, macOS: brew install qemu, \
         Windows: winget install SoftwareFreedomConservancy.QEMU, and its folder into PATH)",
        .0.program(), .0.package()
    )]
    NoQemu(QemuSystem),
    /// QEMU cannot be started or waited for.
    #[error("QEMU: {0}")]
    Qemu(io::Error),
    /// The board is not one that QEMU knows.
    #[error("{0} cannot be emulated; flash it, or choose another --board")]
    NotEmulated(&'static str),
    /// The program is not what it should be.
    #[error(transparent)]
    Program(#[from] EmulatedProgramError),
    /// The log broke off.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl Emulation {
    /// Starts a program on a board.
    ///
    /// # Errors
    ///
    /// If QEMU is not there or does not start, or does not know the board.
    pub fn start(
        program: &EmulatedProgram,
        board: Board,
        serial: EmulatedSerial<'_>,
    ) -> Result<Self, EmulationError> {
        let mut command = command(board, serial)?;
        let mut child = command
            .arg("-kernel")
            .arg(program.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(EmulationError::Qemu)?;
        let output = child.stdout.take();
        Ok(Self {
            child: Arc::new(Mutex::new(child)),
            output,
        })
    }

    /// Hands on each line of the log until the program ends, and tells how it ended.
    ///
    /// # Errors
    ///
    /// If the log breaks off or QEMU cannot be waited for.
    pub fn follow(
        &mut self,
        program: &EmulatedProgram,
        line: impl FnMut(&str) -> io::Result<()>,
    ) -> Result<ExitStatus, EmulationError> {
        if let Some(output) = self.output.take() {
            log::decode(program, output, line)?;
        }
        lock(&self.child).wait().map_err(EmulationError::Qemu)
    }

    /// Something to end QEMU with from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.child))
    }
}

impl Drop for Emulation {
    fn drop(&mut self) {
        self.stopper().stop();
        // It has been killed: there is nothing to wait for, and nothing to do about a failure.
        let _ = lock(&self.child).wait();
    }
}

/// Ends an emulation from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<Mutex<Child>>);

impl Stopper {
    /// Ends QEMU where it still runs.
    pub fn stop(&self) {
        // The only failure is that it has ended already.
        let _ = lock(&self.0).kill();
    }
}

/// A child process is as good after another thread's panic as before.
fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The program's place among the folders of `PATH`.
fn find(system: QemuSystem) -> Result<PathBuf, EmulationError> {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{}{EXE_SUFFIX}", system.program())))
        .find(|path| path.is_file())
        .ok_or(EmulationError::NoQemu(system))
}

fn command(board: Board, serial: EmulatedSerial<'_>) -> Result<Command, EmulationError> {
    let emulated = board
        .emulated
        .ok_or(EmulationError::NotEmulated(board.name))?;
    let mut command = platform::bound_command(&find(emulated.system)?);
    if emulated.system == QemuSystem::RiscV32 {
        // No boot loader beside the program: it starts in machine mode, at the first byte of memory.
        command.args(["-bios", "none"]);
    }
    command
        .args(["-M", emulated.machine, "-cpu", emulated.processor])
        // An instruction is a nanosecond of the board's time, so that its timer counts them.
        .args(["-icount", "shift=0"])
        .args(["-display", "none", "-monitor", "none"])
        .args(["-chardev", "stdio,id=log,signal=off"])
        .args(["-semihosting-config", "enable=on,target=native,chardev=log"]);
    match serial {
        EmulatedSerial::Nowhere => command.args(["-serial", "none"]),
        EmulatedSerial::Socket(place) => {
            let socket = format!("socket,id=link,{place}");
            command.args(["-chardev", &socket, "-serial", "chardev:link"])
        }
    };
    Ok(command)
}
