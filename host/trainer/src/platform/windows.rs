//! Windows, and whatever else is no Unix: what there is of the rest.

use std::fs::{File, FileType, OpenOptions};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tempfile::Builder;

/// Whether a file that is open and locked can be removed by its name: whether it would be the same file is not
/// to be found out.
pub const REMOVES_HELD_FILES: bool = false;

/// How often a file that another program has open is tried again, and how long there is between.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// Access denied, shared otherwise, and locked: what the system says of such a file.
const IN_USE: [i32; 3] = [5, 32, 33];

/// Calls `handler` in a thread of its own whenever Ctrl-C or Ctrl-Break comes or the console closes, instead of
/// ending the program.
///
/// # Errors
///
/// What the operating system says.
pub fn watch_end(handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(handler).map_err(io::Error::other)
}

/// Pipes have names of their own here; none stands in the place of a file.
pub fn open_at_once(_: &mut OpenOptions) {}

/// What is neither file nor folder, in words.
pub fn special_kind(_: FileType) -> &'static str {
    "something else"
}

/// Whether the file is the one at `path`: nobody removes it while it is held.
///
/// # Errors
///
/// None.
pub fn is_same_file(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Files have the permissions of their folder.
pub fn with_mode<'a, 'b, 'c>(builder: &'a mut Builder<'b, 'c>, _: u32) -> &'a mut Builder<'b, 'c> {
    builder
}

/// Whether to give a file or a folder another name once more, after it failed `tries` times before: one that
/// another program has open cannot be replaced, and a virus scanner lets go of it in a moment. Waits for that.
pub fn try_again(error: &io::Error, tries: u32) -> bool {
    let in_use = error
        .raw_os_error()
        .is_some_and(|code| IN_USE.contains(&code));
    let again = in_use && tries < TRIES;
    if again {
        thread::sleep(PAUSE);
    }
    again
}
