//! What has come of a file so far.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::whole_file;

/// What the name of an unfinished file ends with: no reader of datasets takes it for a whole one.
const SUFFIX: &str = ".partial";

/// The first bytes of a file, in memory, and beside the place where the whole one belongs: there
/// they outlive a download that fails.
pub(in crate::data) struct Partial {
    content: Vec<u8>,
    keeping: Keeping,
}

enum Keeping {
    /// Only in memory; with the reason where there is one to tell.
    Not(Option<io::Error>),
    /// As soon as there is anything.
    Later { target: PathBuf },
    /// In this file, which no other process writes to meanwhile.
    File { file: File, target: PathBuf },
}

impl Partial {
    /// What an earlier run left of `folder/name`, or nothing yet. At most one byte more than
    /// `length` is read. Without a folder everything stays in memory.
    pub(in crate::data) fn open(folder: Option<&Path>, name: &str, length: u64) -> Self {
        let mut partial = Self {
            content: Vec::new(),
            keeping: Keeping::Not(None),
        };
        let Some(target) = folder.map(|folder| folder.join(name)) else {
            return partial;
        };
        partial.keeping = match File::options()
            .read(true)
            .write(true)
            .open(unfinished(&target))
        {
            Ok(file) if file.try_lock().is_err() => Keeping::Not(None),
            Ok(file) => match partial.read_kept(&file, length) {
                Ok(()) => Keeping::File { file, target },
                Err(_) => Keeping::Later { target },
            },
            Err(_) => Keeping::Later { target },
        };
        partial
    }

    /// Bytes there are.
    pub(in crate::data) fn len(&self) -> u64 {
        self.content.len() as u64
    }

    pub(in crate::data) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Adds the next bytes. Where they cannot be kept, memory has them all the same.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
        let keeping = std::mem::replace(&mut self.keeping, Keeping::Not(None));
        self.keeping = match keeping {
            Keeping::Later { target } => match create(&target) {
                Ok(Some(file)) => write(file, target, &self.content),
                Ok(None) => Keeping::Not(None),
                Err(cause) => Keeping::Not(Some(cause)),
            },
            Keeping::File { file, target } => write(file, target, bytes),
            not => not,
        };
    }

    /// Forgets everything, and leaves no file.
    pub(in crate::data) fn clear(&mut self) {
        self.content.clear();
        let keeping = std::mem::replace(&mut self.keeping, Keeping::Not(None));
        self.keeping = match keeping {
            Keeping::File { file, target } => {
                remove(file, &target);
                Keeping::Later { target }
            }
            other => other,
        };
    }

    /// The content, which must be whole by now; its file gets its own name.
    ///
    /// The second value is why nothing is kept, where that is worth telling.
    pub(in crate::data) fn finish(self) -> (Vec<u8>, Option<io::Error>) {
        let failure = match self.keeping {
            Keeping::File { file, target } => file
                .sync_all()
                .and_then(|()| whole_file::rename(&unfinished(&target), &target))
                .err(),
            Keeping::Not(failure) => failure,
            Keeping::Later { .. } => None,
        };
        (self.content, failure)
    }

    fn read_kept(&mut self, mut file: &File, length: u64) -> io::Result<()> {
        let kept = file.metadata()?.len();
        if kept > length {
            // Of another file: it is not even read.
            file.set_len(0)?;
            return Ok(());
        }
        let mut content = Vec::new();
        file.take(length).read_to_end(&mut content)?;
        file.seek(io::SeekFrom::End(0))?;
        self.content = content;
        Ok(())
    }
}

/// Where the first bytes of `target` are kept.
fn unfinished(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(SUFFIX);
    name.into()
}

/// An empty file for the first bytes, or `None` where another process is at it.
fn create(target: &Path) -> io::Result<Option<File>> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .open(unfinished(target))?;
    if file.try_lock().is_err() {
        return Ok(None);
    }
    file.set_len(0)?;
    Ok(Some(file))
}

fn write(mut file: File, target: PathBuf, bytes: &[u8]) -> Keeping {
    match file.write_all(bytes) {
        Ok(()) => Keeping::File { file, target },
        Err(cause) => {
            remove(file, &target);
            Keeping::Not(Some(cause))
        }
    }
}

fn remove(file: File, target: &Path) {
    // Windows removes no open file. One that stays behind has no whole file's name or hash.
    drop(file);
    let _ = fs::remove_file(unfinished(target));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(name)
            .map(|name| name.into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_next_run_finds_what_came() {
        let folder = tempfile::tempdir().unwrap();
        let path = Some(folder.path());
        let mut partial = Partial::open(path, "file", 6);
        assert!(names(folder.path()).is_empty(), "nothing came yet");
        partial.extend(b"dig");
        drop(partial);
        assert_eq!(names(folder.path()), ["file.partial"]);
        let mut partial = Partial::open(path, "file", 6);
        assert_eq!(partial.content(), b"dig");
        partial.extend(b"its");
        let (content, failure) = partial.finish();
        assert!(content == b"digits" && failure.is_none());
        assert_eq!(names(folder.path()), ["file"]);
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"digits");
    }

    #[test]
    fn what_is_cleared_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::open(Some(folder.path()), "file", 6);
        partial.extend(b"dog");
        partial.clear();
        assert!(partial.len() == 0 && names(folder.path()).is_empty());
        partial.extend(b"digits");
        partial.finish();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"digits");
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file.partial"), b"longer").unwrap();
        let mut partial = Partial::open(Some(folder.path()), "file", 3);
        assert_eq!(partial.len(), 0);
        partial.extend(b"dig");
        partial.finish();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"dig");
    }

    #[test]
    fn only_one_of_two_keeps_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = Some(folder.path());
        let mut first = Partial::open(path, "file", 6);
        let mut third = Partial::open(path, "file", 6);
        first.extend(b"dig");
        let mut second = Partial::open(path, "file", 6);
        assert_eq!(second.len(), 0);
        second.extend(b"digits");
        third.extend(b"digits");
        assert_eq!(second.finish().0, b"digits");
        assert_eq!(third.finish().0, b"digits");
        assert_eq!(names(folder.path()), ["file.partial"]);
        first.extend(b"its");
        first.finish();
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"digits");
    }
}
