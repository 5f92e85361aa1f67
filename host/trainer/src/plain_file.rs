//! The one way by which files are opened to be read: regular files only, and no more of them than is meant.
//!
//! A device has no end, a pipe that nobody writes to keeps its reader waiting for good, and a file
//! given by mistake may be larger than memory. Links are followed: what they lead to counts.

use crate::{memory_limit, platform};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a text that people or Kiln write: names of classes, results.
pub const MAX_TEXT: u64 = 16 << 20;
/// Most bytes of TOML, which takes eighty times as much memory while it is read: networks, configs, sweeps. The
/// largest network takes some 30,000.
pub const MAX_TOML: u64 = 1 << 19;

/// Bytes that are read without a look at how much memory there is, which is itself in such files.
const UNCHECKED: u64 = 1 << 20;

/// Opens a regular file to read.
///
/// # Errors
///
/// What the operating system says, or that it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening some devices does something.
    check(&std::fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    platform::open_at_once(&mut options);
    let file = options.open(path)?;
    // Once more: another may have come in its place.
    check(&file.metadata()?)?;
    Ok(file)
}

/// All bytes of a regular file.
///
/// # Errors
///
/// As [`open`]; if there are more than `most`, or memory for them is not to be had or allowed.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_long(most));
    }
    if length > UNCHECKED {
        let checked = memory_limit::check(length as usize, "reading it");
        checked.map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
    }
    let mut content = Vec::new();
    // The files of `/proc` say that they have none.
    content.try_reserve_exact(length as usize + 1)?;
    file.take(most.saturating_add(1))
        .read_to_end(&mut content)?;
    match content.len() as u64 > most {
        true => Err(too_long(most)),
        false => Ok(content),
    }
}

/// All of a regular file as text, of at most [`MAX_TEXT`] bytes.
///
/// # Errors
///
/// As [`read`]; [`io::ErrorKind::InvalidData`] if it is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    text(path, MAX_TEXT)
}

/// The same of at most [`MAX_TOML`] bytes.
///
/// # Errors
///
/// As [`read_text`].
pub fn read_toml(path: &Path) -> io::Result<String> {
    text(path, MAX_TOML)
}

fn text(path: &Path, most: u64) -> io::Result<String> {
    let invalid = |_| {
        let message = "stream did not contain valid UTF-8";
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    String::from_utf8(read(path, most)?).map_err(invalid)
}

fn check(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    match (kind.is_file(), kind.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other(format!(
            "it is {}, not a regular file",
            platform::special_kind(kind)
        ))),
    }
}

/// The error of a file with more bytes than are read of its kind.
pub fn too_long(most: u64) -> io::Error {
    let message = format!("it has more than {most} bytes, the most that is read of such a file");
    io::Error::new(io::ErrorKind::FileTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_is_meant_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        let refused = read(&path, 4).unwrap_err().to_string();
        assert!(refused.contains("more than 4 bytes"), "{refused}");
        // It has holes, not bytes, which cost nothing but to read.
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        assert!(read_text(&path).is_err());
        assert!(read(folder.path(), 5).is_err(), "a folder");
    }
}
