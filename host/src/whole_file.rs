//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// What the name of a temporary file or folder starts with.
pub(crate) const STAGING: &str = ".kiln-";

/// Writes a file under another name first, then gives it its own: whoever reads `path` finds all
/// of `content`, or what was there before.
///
/// # Errors
///
/// If the folder is not there, or the file cannot be written; `path` is then as it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let file = staged_file(parent(path))?;
    write_through(file.as_file(), content)?;
    file.persist(path)?;
    Ok(())
}

/// Finds out whether `path` can be written, and leaves nothing there.
///
/// # Errors
///
/// If it is a folder, or its own folder is not there or cannot be written to.
pub fn check(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    staged_file(parent(path)).map(drop)
}

/// The folder that `path` lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Writes all of `content` to the disk itself, where a full one is found out at the latest.
pub(crate) fn write_through(mut file: &File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

/// A temporary file beside the final one; removed when dropped.
pub(crate) fn staged_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    with_usual_permissions(builder.prefix(STAGING), 0o666)
        .tempfile_in(folder)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let message = format!("there is no folder {}; make it first", folder.display());
                io::Error::new(io::ErrorKind::NotFound, message)
            }
            _ => without_path(error),
        })
}

/// The error without the temporary name, which tells nobody anything.
pub(crate) fn without_path(error: io::Error) -> io::Error {
    let cause = error.get_ref().and_then(|error| error.source());
    match cause.and_then(|cause| cause.downcast_ref::<io::Error>()) {
        Some(cause) => cause
            .raw_os_error()
            .map_or_else(|| cause.kind().into(), io::Error::from_raw_os_error),
        // A temporary file's error has its path, but no cause.
        None if error.get_ref().is_some() => error.kind().into(),
        None => error,
    }
}

/// Temporary files are private unless asked otherwise; a run is as public as the user's mask says.
pub(crate) fn with_usual_permissions<'a, 'b, 'c>(
    builder: &'a mut Builder<'b, 'c>,
    mode: u32,
) -> &'a mut Builder<'b, 'c> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let nowhere = folder.path().join("none/file");
        let missing = format!(
            "there is no folder {}; make it first",
            parent(&nowhere).display()
        );
        for refused in [write(&nowhere, b""), check(&nowhere)] {
            assert_eq!(refused.unwrap_err().to_string(), missing);
        }
        let below_file = write(&path.join("file"), b"").unwrap_err().to_string();
        assert!(!below_file.contains(STAGING), "{below_file}");
        assert!(check(folder.path()).is_err() && check(&path).is_ok());
    }
}
