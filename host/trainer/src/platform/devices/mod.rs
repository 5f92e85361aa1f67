//! What differs where devices, emulated ones, and their firmware are concerned.

mod bound;
pub mod loopback;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as family;
#[cfg(not(unix))]
mod windows;
#[cfg(not(unix))]
use windows as family;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
mod others;
#[cfg(not(target_os = "linux"))]
use others as system;

use std::io;
use std::path::{Path, PathBuf};

pub use bound::{command as bound_command, offer};
pub use family::{
    LocalListener, LocalStream, SerialPort, connect, listen, run_script, send_at_once,
};

/// The whole path with its links followed, as programs of other projects take it too: those of Git for Windows know
/// no `\\?\`, with which Windows begins it.
///
/// # Errors
///
/// If there is nothing at the path.
pub fn canonical_path(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path).map(without_marker)
}

fn without_marker(path: PathBuf) -> PathBuf {
    let rest = path.to_str().and_then(|text| text.strip_prefix(r"\\?\"));
    match rest {
        // Behind the other kind, `UNC`, names of machines would be missing.
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => rest.into(),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_paths_begin_with_their_drive() {
        for (path, plain) in [
            (r"\\?\C:\kiln\firmware", r"C:\kiln\firmware"),
            (r"\\?\UNC\server\kiln", r"\\?\UNC\server\kiln"),
            ("/kiln/firmware", "/kiln/firmware"),
        ] {
            assert_eq!(without_marker(path.into()), Path::new(plain));
        }
    }
}
