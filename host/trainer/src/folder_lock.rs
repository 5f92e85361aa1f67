//! A folder that one process at a time writes to.
//!
//! The lock is the operating system's, on a file in the folder: it ends with the process that holds it,
//! however that ends, so none is ever left over. The file says who holds it, for whoever comes second.

use crate::platform::shell_word;
use crate::whole_file::{STAGING, missing_folders, remove_folders};
use crate::{plain_file, platform};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use std::{env, process, thread};

/// Name of the file that is locked.
pub const LOCK: &str = "kiln.lock";

/// A folder that this process alone writes to until the lock and its clones are dropped.
///
/// Then the file is removed, and so are the folders that were made for it, as far as nothing is in
/// them. On Windows the file stays, unlocked.
#[derive(Clone, Debug)]
pub struct FolderLock(Arc<HeldFolder>);

/// A folder with its lock.
#[derive(Debug)]
struct HeldFolder {
    folder: PathBuf,
    /// Folders that were not there before, the innermost first.
    made: Vec<PathBuf>,
    file: Option<File>,
}

/// What this process holds, the innermost last.
static HELD: Mutex<Vec<Weak<HeldFolder>>> = Mutex::new(Vec::new());

/// Why a folder cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum FolderLockError {
    /// Another process writes to it.
    #[error("in use by {holder}")]
    Held {
        /// Its number, when it began and what was typed, as it says itself.
        holder: String,
    },
    /// The folder or the file in it cannot be made.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// How often it is tried: another process that ends may take the folder or the file away in between.
const TRIES: u32 = 100;
/// Most bytes that are read of a holder's own words, or written.
const MAX_WORDS: usize = 1000;

impl FolderLock {
    /// Takes a folder, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// Who else holds it, or why it cannot be written to.
    pub fn take(folder: &Path) -> Result<Self, FolderLockError> {
        let mut made: Vec<PathBuf> = missing_folders(folder).map(Path::to_path_buf).collect();
        // What was ended before it wrote anything has left no more than its lock.
        if is_unused(folder).unwrap_or(false) {
            made.push(folder.into());
        }
        let mut held = HeldFolder {
            folder: folder.into(),
            made,
            file: None,
        };
        let mut vanished = io::ErrorKind::ResourceBusy.into();
        // From before there is a file until it is known to be held: whoever ends the program meanwhile would leave it.
        let mut all = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..TRIES {
            match fs::create_dir_all(folder).and_then(|()| open(&folder.join(LOCK))) {
                Ok(file) => held.try_hold(file)?,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => vanished = cause,
                Err(cause) => return Err(cause.into()),
            }
            if held.file.is_some() {
                let held = Arc::new(held);
                all.retain(|other| other.strong_count() > 0);
                all.push(Arc::downgrade(&held));
                return Ok(Self(held));
            }
        }
        Err(vanished.into())
    }

    /// Lets go of all that this process holds, where it ends without dropping it. Whoever wants to take a folder
    /// from now on waits for that end.
    pub fn release_all() {
        let all = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.iter().rev().filter_map(Weak::upgrade);
        held.for_each(|held| held.release());
        mem::forget(all);
    }

    /// Removes temporary files and folders that a process which held the folder before has left in it.
    ///
    /// # Errors
    ///
    /// What cannot be removed.
    pub fn remove_staged(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.0.folder)? {
            let entry = entry?;
            if !is_staged(&entry) {
                continue;
            }
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }
}

impl HeldFolder {
    /// Holds the file, unless it is no longer the one in the folder.
    fn try_hold(&mut self, mut file: File) -> Result<(), FolderLockError> {
        let path = self.folder.join(LOCK);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&path);
                return Err(FolderLockError::Held { holder });
            }
            // Some file systems have no locks: better no guard there than no run.
            Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(cause)) => return Err(cause.into()),
        }
        // Its holder may have removed it after it was opened.
        if !platform::is_same_file(&file, &path)? {
            return Ok(());
        }
        let words = words();
        let written = file
            .set_len(0)
            .and_then(|()| file.write_all(words.as_bytes()));
        self.file = Some(file);
        Ok(written?)
    }

    fn release(&self) {
        // While it is locked, so that none is removed that another process has locked since.
        let path = self.folder.join(LOCK);
        let own = self.file.as_ref();
        if platform::REMOVES_HELD_FILES
            && own.is_some_and(|file| platform::is_same_file(file, &path).unwrap_or(false))
        {
            let _ = fs::remove_file(path);
        }
        remove_folders(&self.made);
    }
}

impl Drop for HeldFolder {
    fn drop(&mut self) {
        self.release();
    }
}

/// Whether there is nothing in a folder but what a process that held it leaves when it is killed.
fn is_unused(folder: &Path) -> io::Result<bool> {
    let mut any = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() != LOCK && !is_staged(&entry) {
            return Ok(false);
        }
        any = true;
    }
    Ok(any)
}

fn is_staged(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with(STAGING)
}

/// The file, made where it is missing; not what a link or a pipe of its name leads to.
fn open(path: &Path) -> io::Result<File> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            let message = format!("{LOCK} in it is no regular file");
            return Err(io::Error::other(message));
        }
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// What this process says of itself.
fn words() -> String {
    let now = jiff::ZonedDateTime::now().strftime("%Y-%m-%d %H:%M:%S");
    let arguments = env::args_os().skip(1);
    let typed = arguments.map(|argument| format!(" {}", shell_word(&argument.to_string_lossy())));
    let typed: String = typed.collect();
    let words = format!("process {}, since {now}: kiln{typed}", process::id());
    let end = words.floor_char_boundary(MAX_WORDS);
    format!("{}\n", words[..end].replace('\n', " "))
}

/// What the holder says of itself, as far as it can be read.
fn holder(path: &Path) -> String {
    for _ in 0..20 {
        let mut words = Vec::new();
        let read = plain_file::open(path)
            .and_then(|file| file.take(MAX_WORDS as u64 + 1).read_to_end(&mut words));
        let words = String::from_utf8_lossy(&words);
        match (read, words.lines().next()) {
            (Ok(_), Some(line)) => return line.into(),
            // It has the lock, and will write in a moment.
            (Ok(_), None) => thread::sleep(Duration::from_millis(5)),
            (Err(_), _) => break,
        }
    }
    "another process".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_and_left_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        let lock = FolderLock::take(&folder).unwrap();
        let refused = FolderLock::take(&folder).unwrap_err().to_string();
        let own = format!("in use by process {}, since ", process::id());
        assert!(refused.starts_with(&own), "{refused}");
        drop(lock);
        assert!(!platform::REMOVES_HELD_FILES || !root.path().join("a").exists());
        // As a process that was killed leaves them.
        fs::create_dir_all(folder.join(".kiln-staged")).unwrap();
        fs::write(folder.join(LOCK), "process 1").unwrap();
        let lock = FolderLock::take(&folder).unwrap();
        lock.remove_staged().unwrap();
        fs::write(folder.join("file"), "").unwrap();
        drop(lock);
        assert!(folder.join("file").exists());
        assert!(!folder.join(".kiln-staged").exists());
    }

    #[test]
    fn many_threads_never_hold_a_folder_at_once() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("deep/run");
        let (holders, taken) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Ok(lock) = FolderLock::take(&folder) else {
                            continue;
                        };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }
}
