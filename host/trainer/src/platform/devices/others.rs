//! What of it Linux alone has, on all other systems.

use std::ffi::{OsStr, OsString};

/// Whether a program can be bound to the life of this one.
pub const BINDS: bool = false;

/// Nothing is ever asked to become another program here.
pub fn become_bound(_: &OsStr, _: &OsStr, _: &[OsString]) -> String {
    "a program bound to this one is for Linux".into()
}

/// A connection to a socket; one that is not taken is refused at once.
///
/// # Errors
///
/// What the operating system says.
#[cfg(unix)]
pub fn connect(path: &std::path::Path) -> std::io::Result<super::LocalStream> {
    super::LocalStream::connect(path)
}
