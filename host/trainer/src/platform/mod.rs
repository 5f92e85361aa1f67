//! What differs between operating systems. No other module of the program asks which one it runs on.
//!
//! What a system lacks has a fallback, which is the same function in another file:
//!
//! | | Linux | macOS and other Unix | Windows |
//! | --- | --- | --- | --- |
//! | `watch_end` | SIGINT, SIGTERM, SIGHUP, unless ignored | the same | Ctrl-C, Ctrl-Break, the console's end |
//! | `free_memory` | machine, control group, own limit | not known: the system refuses | not known |
//! | `taken_memory` | pages touched | not known: none counts | not known |
//! | `REMOVES_HELD_FILES` | a lock's file goes with its lock | the same | it stays, unlocked |
//! | `open_at_once` | a pipe put in a file's place is not waited for | the same | there is none |
//! | `become_bound` | QEMU ends with this program, however that ends | where this program ends in order | the same |
//! | `listen` | a Unix socket | the same | TCP on the machine itself |
//! | `connect` | a Unix socket, for five seconds | the same, refused at once | none: serial ports only |
//! | `run_script` | by its first line | the same | by `sh`, which Git for Windows brings |
//! | `try_again` | never | the same | files open elsewhere are replaced within a second |
//!
//! Dates and folders of the user are left to libraries that know their systems.

#[cfg(feature = "device")]
mod devices;
mod names;
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

#[cfg(feature = "device")]
pub use devices::{LocalListener, LocalStream, listen, loopback, offer};
#[cfg(feature = "device")]
pub use devices::{SerialPort, bound_command, canonical_path, connect, run_script, send_at_once};
pub use family::watch_end;
pub use family::{
    REMOVES_HELD_FILES, is_same_file, open_at_once, special_kind, try_again, with_mode,
};
pub use names::{ShellKind, is_reserved, shell_word, with_slashes};
pub use system::{free_memory, taken_memory};
