//! What a device can be reached over: serial ports, pseudo-terminals and sockets.

use crate::platform::{self, LocalStream, SerialPort};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

/// A stream of bytes both ways, whose reads and writes give up after a while. It keeps no bytes back that
/// were written, so that there is nothing to flush.
pub trait LinkStream: Read + Write + Send {}

impl<S: Read + Write + Send> LinkStream for S {}

/// How long a read waits for a byte, and a write for room.
const PATIENCE: Duration = Duration::from_millis(50);
/// Most bytes that a serial port takes at once: where the system says that there is room, there is room for
/// as many, so that a write does not wait for what is read at the other end.
const WRITE: usize = 64;

/// Opens a serial port, or where the system has them, a pseudo-terminal or a socket.
///
/// # Errors
///
/// If there is none, or it cannot be opened.
pub fn open(path: &Path, baud: u32) -> io::Result<Box<dyn LinkStream>> {
    if let Some(socket) = platform::connect(path)? {
        return from_socket(socket);
    }
    let port = serialport::new(path.to_string_lossy(), baud).timeout(PATIENCE);
    let port = port.open_native().map_err(io::Error::from)?;
    Ok(Box::new(SerialLink(port)))
}

/// A stream over a socket that is connected already.
///
/// # Errors
///
/// If the socket takes no time limit.
pub fn from_socket(socket: LocalStream) -> io::Result<Box<dyn LinkStream>> {
    socket.set_nonblocking(false)?;
    platform::send_at_once(&socket)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(Box::new(socket))
}

/// A serial port or a pseudo-terminal.
struct SerialLink(SerialPort);

impl Read for SerialLink {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for SerialLink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(WRITE)])
    }

    /// Does not wait until the bytes have left the port: one that is stopped would have it wait for ever.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
