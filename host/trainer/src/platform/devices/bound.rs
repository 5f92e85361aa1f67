//! The life of another program, such as QEMU, bound to this one's, so that it ends even where this one is killed.
//!
//! Linux sends a process a signal when its parent dies, if the process asked for it, and keeps that
//! wish when the process becomes another program. So this program starts itself again, and the
//! copy asks and becomes the other: no code runs between a fork and its exec, which would be `unsafe`.
//! Elsewhere, and in programs that did not call [`offer`], the other is started directly, and ended by
//! whoever started it.

use super::system;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What this program gets as its first argument where it is to become another.
const ARGUMENT: &str = "become-bound-to";

/// This program, where it understands [`ARGUMENT`].
static ITSELF: OnceLock<PathBuf> = OnceLock::new();

/// Becomes another program if the arguments ask for it, and otherwise remembers that it could.
///
/// Comes back with the reason if it should have become another program and could not.
pub fn offer(arguments: &[OsString]) -> Option<String> {
    if let [_, argument, parent, program, rest @ ..] = arguments
        && argument == ARGUMENT
    {
        return Some(system::become_bound(parent, program, rest));
    }
    if system::BINDS
        && let Ok(path) = env::current_exe()
    {
        // A second call says the same.
        let _ = ITSELF.set(path);
    }
    None
}

/// A command that runs a program, bound to this one where that is possible.
pub fn command(program: &Path) -> Command {
    let Some(itself) = ITSELF.get() else {
        return Command::new(program);
    };
    let mut command = Command::new(itself);
    command
        .arg(ARGUMENT)
        .arg(std::process::id().to_string())
        .arg(program);
    command
}
