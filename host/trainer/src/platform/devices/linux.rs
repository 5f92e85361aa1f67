//! What of it Linux alone has.

use super::LocalStream;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Whether a program can be bound to the life of this one.
pub const BINDS: bool = true;

/// How long a connection may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Becomes the program; gives the reason where it cannot.
pub fn become_bound(parent: &OsStr, program: &OsStr, arguments: &[OsString]) -> String {
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.to_string();
    }
    // A parent that died before this process asked sends no signal any more.
    let alive = getppid().map(|id| id.as_raw_nonzero().to_string());
    if alive.as_deref().map(OsStr::new) != Some(parent) {
        return "the program that started this one is gone".into();
    }
    let error = Command::new(program).args(arguments).exec();
    format!("{}: {error}", Path::new(program).display())
}

/// A connection to a socket. Where those who listen take none, it would be waited for without end.
///
/// # Errors
///
/// What the operating system says, or that nobody takes it in time.
pub fn connect(path: &Path) -> io::Result<LocalStream> {
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let start = Instant::now();
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) => return Ok(socket.into()),
            Err(Errno::AGAIN | Errno::INTR) if start.elapsed() < LIMIT => {
                thread::sleep(Duration::from_millis(10));
            }
            Err(Errno::AGAIN) => {
                let reason = "those who listen there take no connection";
                return Err(io::Error::new(io::ErrorKind::TimedOut, reason));
            }
            Err(error) => return Err(error.into()),
        }
    }
}
