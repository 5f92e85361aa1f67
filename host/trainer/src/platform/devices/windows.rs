//! What of it Windows has, and whatever else is no Unix.

use std::io;
use std::path::Path;
use std::process::Command;

pub use super::loopback::{LocalListener, LocalStream, listen};

/// A serial port, `COM3` for one.
pub type SerialPort = serialport::COMPort;

/// A command that runs a script of the project, by the shell that comes with Git for Windows.
pub fn run_script(script: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg(script);
    command
}

/// What is written is sent without waiting for more: a frame is short, and its answer is waited for.
///
/// # Errors
///
/// What the operating system says.
pub fn send_at_once(stream: &LocalStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

/// There are no sockets with a path here: `None`, so that it is taken for a serial port.
///
/// # Errors
///
/// None.
pub fn connect(_: &Path) -> io::Result<Option<LocalStream>> {
    Ok(None)
}
