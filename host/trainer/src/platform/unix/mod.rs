//! What Linux, macOS and their kin have in common.

mod signals;

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use tempfile::Builder;

pub use signals::watch_end;
/// Whether a file that is open and locked can be removed by its name.
pub const REMOVES_HELD_FILES: bool = true;

/// Opens without waiting: a pipe put in the place of a file does not hold up its reader.
pub fn open_at_once(options: &mut OpenOptions) {
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
}

/// What is neither file nor folder, in words.
pub fn special_kind(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

/// Whether the file is the one at `path`, which is not followed where it is a link.
///
/// # Errors
///
/// What the operating system says, but not of a path at which there is nothing.
pub fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (own.dev(), own.ino())),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

/// Temporary files with these permissions, less the user's mask.
pub fn with_mode<'a, 'b, 'c>(
    builder: &'a mut Builder<'b, 'c>,
    mode: u32,
) -> &'a mut Builder<'b, 'c> {
    builder.permissions(PermissionsExt::from_mode(mode))
}

/// Whether to give a file or a folder another name once more, after it failed: who has it open does not matter
/// here.
pub fn try_again(_: &io::Error, _tries: u32) -> bool {
    false
}

#[cfg(test)]
mod tests;
