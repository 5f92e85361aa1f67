//! QEMU's life bound to this program's, so that QEMU ends even where this program is killed.
//!
//! Linux sends a process a signal when its parent dies, if the process asked for it, and keeps that
//! wish when the process becomes another program. So this program starts itself again, and the
//! copy asks and becomes QEMU: no code runs between a fork and its exec, which would be `unsafe`.
//! Elsewhere, and in programs that did not call [`offer`], QEMU is started directly, and ended by
//! whoever started it.

use std::env;
use std::ffi::{OsStr, OsString};
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
        return Some(become_bound(parent, program, rest));
    }
    if cfg!(target_os = "linux")
        && let Ok(path) = env::current_exe()
    {
        // A second call says the same.
        let _ = ITSELF.set(path);
    }
    None
}

/// A command that runs a program, bound to this one where that is possible.
pub(super) fn command(program: &Path) -> Command {
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

/// Becomes the program; gives the reason where it cannot.
#[cfg(target_os = "linux")]
fn become_bound(parent: &OsStr, program: &OsStr, arguments: &[OsString]) -> String {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    use std::os::unix::process::CommandExt;

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

#[cfg(not(target_os = "linux"))]
fn become_bound(_: &OsStr, _: &OsStr, _: &[OsString]) -> String {
    format!("{ARGUMENT} is for Linux")
}
