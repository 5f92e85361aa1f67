//! What of it Linux, macOS and their kin have in common.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::Command;

/// What a program of this machine, such as the emulator, connects to, and the connection.
pub use std::os::unix::net::{UnixListener as LocalListener, UnixStream as LocalStream};

/// A serial port or a pseudo-terminal.
pub type SerialPort = serialport::TTYPort;

/// A command that runs a script of the project.
pub fn run_script(script: &Path) -> Command {
    Command::new(script)
}

/// Listens for a program of this machine at a socket in `folder`; gives also the place, as QEMU's options of a
/// socket have it.
///
/// # Errors
///
/// What the operating system says.
pub fn listen(folder: &Path) -> io::Result<(LocalListener, String)> {
    let path = folder.join("serial");
    let listener = LocalListener::bind(&path)?;
    // A comma ends an option, two are one in it.
    let place = path.display().to_string().replace(',', ",,");
    Ok((listener, format!("path={place}")))
}

/// What is written is sent without waiting for more, as Unix sockets have it.
///
/// # Errors
///
/// None.
pub fn send_at_once(_: &LocalStream) -> io::Result<()> {
    Ok(())
}

/// A connection to the socket at `path`; `None` where there is something else.
///
/// # Errors
///
/// If there is nothing, or nobody takes the connection.
pub fn connect(path: &Path) -> io::Result<Option<LocalStream>> {
    match fs::metadata(path)?.file_type().is_socket() {
        true => super::system::connect(path).map(Some),
        false => Ok(None),
    }
}
