//! Ctrl-C and the signals that mean the same, for whoever wants to end in good order.

use std::io;

/// Calls `handler` in a thread of its own whenever Ctrl-C, SIGTERM or SIGHUP comes, instead of ending
/// the program.
///
/// What was ignored when the program began, as `nohup` has it of SIGHUP, stays ignored; the others are
/// watched all the same.
///
/// # Errors
///
/// What the operating system says.
pub fn watch_end(mut handler: impl FnMut() + Send + 'static) -> io::Result<()> {
    use signal_hook::iterator::Signals;
    let watched = SIGNALS.iter().filter(|signal| !is_ignored(signal));
    let mut signals = Signals::new(watched.map(|signal| signal.number))?;
    let thread = std::thread::Builder::new().name("signals".into());
    thread.spawn(move || signals.forever().for_each(|_| handler()))?;
    Ok(())
}

/// A signal that asks a program to end.
struct EndSignal {
    number: i32,
    /// As `kill` takes it.
    name: &'static str,
}

const SIGNALS: [EndSignal; 3] = [
    EndSignal {
        number: signal_hook::consts::SIGINT,
        name: "INT",
    },
    EndSignal {
        number: signal_hook::consts::SIGTERM,
        name: "TERM",
    },
    EndSignal {
        number: signal_hook::consts::SIGHUP,
        name: "HUP",
    },
];

/// Whether whoever started the program wanted the signal ignored.
fn is_ignored(signal: &EndSignal) -> bool {
    is_ignored_by_status(signal).unwrap_or_else(|| is_survived(signal))
}

/// What Linux says of this process.
fn is_ignored_by_status(signal: &EndSignal) -> Option<bool> {
    let status = crate::plain_file::read_text("/proc/self/status".as_ref()).ok()?;
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    Some(ignored >> (signal.number - 1) & 1 == 1)
}

/// What is ignored is so by child processes, too: a shell that sends itself such a signal lives on.
fn is_survived(signal: &EndSignal) -> bool {
    use std::process::{Command, Stdio};
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("kill -{} $$", signal.name)]);
    let quiet = shell.stdin(Stdio::null()).stdout(Stdio::null());
    let status = quiet.stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_finds_out_what_the_system_says() {
        for signal in &SIGNALS {
            // Linux alone says it.
            let Some(said) = is_ignored_by_status(signal) else {
                assert!(!std::path::Path::new("/proc/self/status").exists());
                return;
            };
            assert_eq!(is_survived(signal), said, "{}", signal.name);
        }
    }
}
