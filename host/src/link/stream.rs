//! What a device can be reached over: serial ports, pseudo-terminals and sockets.

use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A stream of bytes both ways, whose reads give up after a while.
pub trait LinkStream: Read + Write + Send {}

impl<S: Read + Write + Send> LinkStream for S {}

/// How long a read waits for a byte.
const PATIENCE: Duration = Duration::from_millis(50);

/// Opens a serial port, a pseudo-terminal or a socket.
///
/// # Errors
///
/// If there is none, or it cannot be opened.
pub fn open(path: &Path, baud: u32) -> io::Result<Box<dyn LinkStream>> {
    if std::fs::metadata(path)?.file_type().is_socket() {
        return from_socket(UnixStream::connect(path)?);
    }
    let port = serialport::new(path.to_string_lossy(), baud).timeout(PATIENCE);
    Ok(Box::new(port.open_native().map_err(io::Error::from)?))
}

/// A stream over a socket that is connected already.
///
/// # Errors
///
/// If the socket takes no time limit.
pub fn from_socket(socket: UnixStream) -> io::Result<Box<dyn LinkStream>> {
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(Box::new(socket))
}
