//! Files that appear whole or not at all.

use crate::platform;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempDir};

/// Which file of a set could not be written, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {} ({cause})", path.display())]
pub struct FileSetError {
    /// The file or folder.
    pub path: PathBuf,
    /// What the operating system said.
    pub cause: io::Error,
}

/// What the name of a temporary file or folder starts with.
pub const STAGING: &str = ".kiln-";

/// Writes a file under another name first, then gives it its own: whoever reads `path` finds all
/// of `content`, or what was there before.
///
/// # Errors
///
/// If the folder is not there, or the file cannot be written; `path` is then as it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let file = staged_file(parent(path))?;
    write_through(file.as_file(), content)?;
    persist(file, path)
}

/// Writes files, given by name and content, into a folder: all of them, or none where one cannot be
/// written. Names may have folders in them; those that are missing are made.
///
/// A new folder appears under its name with all of its files in it. In one that is there the files are
/// written beside the earlier ones and then take their places, the last one given last; other files are
/// left alone.
///
/// # Errors
///
/// Which file could not be written. Earlier files are then unchanged, and folders made here are gone.
pub fn write_all<N: AsRef<Path>>(folder: &Path, files: &[(N, &[u8])]) -> Result<(), FileSetError> {
    let mut made = MadeFolders::default();
    match folder.is_dir() {
        true => replace_all(folder, files, &mut made)?,
        false => create_all(folder, files, &mut made)?,
    }
    made.0.clear();
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

/// Folders that are removed when dropped, as far as nothing is in them.
#[derive(Default)]
struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder and those around it that are missing.
    fn make(&mut self, folder: &Path) -> Result<(), FileSetError> {
        // The innermost comes first.
        let missing = missing_folders(folder).map(Path::to_path_buf);
        self.0.splice(..0, missing);
        fs::create_dir_all(folder).map_err(unwritten(folder))
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        remove_folders(&self.0);
    }
}

fn create_all<N: AsRef<Path>>(
    folder: &Path,
    files: &[(N, &[u8])],
    made: &mut MadeFolders,
) -> Result<(), FileSetError> {
    let around = parent(folder);
    made.make(around)?;
    let staging = staged_folder(around).map_err(unwritten(folder))?;
    for (name, content) in files {
        let path = staging.path().join(name);
        let written = fs::create_dir_all(parent(&path))
            .and_then(|()| File::create_new(&path))
            .and_then(|file| write_through(&file, content));
        written.map_err(unwritten(&folder.join(name)))?;
    }
    rename(staging.path(), folder).map_err(unwritten(folder))?;
    // It has another name now; there is nothing to clean up under the old one.
    let _ = staging.keep();
    Ok(())
}

fn replace_all<N: AsRef<Path>>(
    folder: &Path,
    files: &[(N, &[u8])],
    made: &mut MadeFolders,
) -> Result<(), FileSetError> {
    let mut staged = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        // Found out before any takes its place.
        let blocked = match fs::metadata(&path) {
            Ok(there) if there.is_dir() => Some(io::ErrorKind::IsADirectory.into()),
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Some(cause),
            _ => None,
        };
        if let Some(cause) = blocked {
            return Err(unwritten(&path)(cause));
        }
        made.make(parent(&path))?;
        let file = staged_file(parent(&path)).map_err(unwritten(&path))?;
        write_through(file.as_file(), content).map_err(unwritten(&path))?;
        staged.push((file, path));
    }
    for (file, path) in staged {
        persist(file, &path).map_err(unwritten(&path))?;
    }
    Ok(())
}

fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> FileSetError + use<> {
    let path = path.to_path_buf();
    |cause| FileSetError { path, cause }
}

/// The folders that would have to be made for `path` to exist, the innermost first.
pub fn missing_folders(path: &Path) -> impl Iterator<Item = &Path> {
    let ancestors = path.ancestors().filter(|path| !path.as_os_str().is_empty());
    ancestors.take_while(|path| !path.exists())
}

/// Removes folders, the innermost first, as far as nothing is in them.
pub fn remove_folders(folders: &[PathBuf]) {
    for folder in folders {
        let removed = fs::remove_dir(folder);
        // One that was never made is no reason to leave those around it.
        if removed.is_err() && folder.exists() {
            break;
        }
    }
}

/// The folder that `path` lies in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// Gives a temporary file its name, in the place of an earlier one.
pub fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(error) if platform::try_again(&error.error, tries) => file = error.file,
            Err(error) => return Err(error.error),
        }
        tries += 1;
    }
}

/// Gives a file or a folder another name; a file in the place of an earlier one.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match fs::rename(from, to) {
            Err(error) if platform::try_again(&error, tries) => tries += 1,
            done => return done,
        }
    }
}

/// Writes all of `content` to the disk itself, where a full one is found out at the latest.
pub fn write_through(mut file: &File, content: &[u8]) -> io::Result<()> {
    file.write_all(content)?;
    file.sync_all()
}

/// A temporary file beside the final one; removed when dropped.
pub fn staged_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    // Temporary files are private unless asked otherwise; a run is as public as the user's mask says.
    platform::with_mode(builder.prefix(STAGING), 0o666)
        .tempfile_in(folder)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let message = format!("there is no folder {}; make it first", folder.display());
                io::Error::new(io::ErrorKind::NotFound, message)
            }
            _ => without_path(error),
        })
}

/// A temporary folder beside the final one; removed when dropped.
fn staged_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    platform::with_mode(builder.prefix(STAGING), 0o777)
        .tempdir_in(parent)
        .map_err(without_path)
}

/// The error without the temporary name, which tells nobody anything.
pub fn without_path(error: io::Error) -> io::Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_set_that_cannot_be_written_nothing_is() {
        let root = tempfile::tempdir().unwrap();
        let names = |folder: &Path| {
            let entries = fs::read_dir(folder).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        // A name no system takes fails after the first file was written, as a full disk would.
        let failing: [(&str, &[u8]); 2] = [("src/a", b"new"), ("x\0", b"")];
        let folder = root.path().join("out/deep");
        assert!(write_all(&folder, &failing).is_err());
        assert!(names(root.path()).is_empty());
        write_all(&folder, &[("src/a", b"a"), ("b", b"b")]).unwrap();
        assert_eq!(names(&folder), ["b", "src"]);
        assert_eq!(names(&root.path().join("out")), ["deep"]);
        assert!(write_all(&folder, &failing).is_err());
        // Nor where one is in the way, or a folder had to be made.
        fs::create_dir(folder.join("taken")).unwrap();
        let blocked: [(&str, &[u8]); 3] = [("b", b"new"), ("new/c", b"c"), ("taken", b"")];
        let message = write_all(&folder, &blocked).unwrap_err().to_string();
        assert!(message.contains("taken"), "{message}");
        assert_eq!(names(&folder), ["b", "src", "taken"]);
        for (name, content) in [("src/a", b"a"), ("b", b"b")] {
            assert_eq!(fs::read(folder.join(name)).unwrap(), content);
        }
        write_all(&folder, &[("b", b"new")]).unwrap();
        assert_eq!(fs::read(folder.join("b")).unwrap(), b"new");
    }

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
