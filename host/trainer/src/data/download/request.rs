//! A request by the program `curl`, which brings the system's certificates and proxies, and which every system has that
//! installed Rust by its own line.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use super::DownloadError;
use super::answer::{AnswerHead, DownloadFailure};
use crate::data::places::Patience;

const PROGRAM: &str = "curl";
/// More bytes than this are no head.
const MAX_HEAD: u64 = 1 << 16;

/// What of a file is asked for.
pub(super) struct Wanted<'a> {
    pub(super) url: &'a str,
    /// Bytes from the beginning that there are.
    pub(super) held: u64,
    /// How the mirror marked the file of which they are.
    pub(super) tag: Option<&'a str>,
}

/// A mirror's answer, whose body is still to be read.
#[derive(Debug)]
pub(super) struct MirrorAnswer {
    pub(super) head: AnswerHead,
    transfer: Transfer,
}

/// The program while it runs; it ends with this value.
#[derive(Debug)]
struct Transfer {
    process: Child,
    output: BufReader<ChildStdout>,
    complaints: ChildStderr,
}

impl MirrorAnswer {
    /// Asks, and reads the head of what is answered in the end, after redirections.
    pub(super) fn to(wanted: &Wanted, patience: &Patience) -> Result<Self, DownloadFailure> {
        let url = wanted.url;
        let mut transfer = Transfer::start(PROGRAM, wanted, patience)?;
        match transfer.last_head() {
            Ok(Some(head)) => Ok(Self { head, transfer }),
            Ok(None) => Err(transfer.failure(url)),
            Err(error) => Err(DownloadFailure::Passing(DownloadError::Failed {
                url: url.into(),
                cause: error.to_string(),
            })),
        }
    }

    /// The next bytes of the body, none at its end.
    pub(super) fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.transfer.output.read(block)
    }

    /// Why the body ended, if not because it was whole.
    pub(super) fn cause_of_end(&mut self) -> String {
        match self.transfer.end() {
            Some((0, _)) | None => "the connection was closed".into(),
            Some((_, complaint)) => complaint,
        }
    }
}

impl Transfer {
    fn start(program: &str, wanted: &Wanted, patience: &Patience) -> Result<Self, DownloadFailure> {
        let started = Command::new(program)
            .args(arguments(wanted, patience))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let url = || String::from(wanted.url);
        let mut process = started.map_err(|cause| {
            DownloadFailure::Lasting(DownloadError::NoProgram { url: url(), cause })
        })?;
        match (process.stdout.take(), process.stderr.take()) {
            (Some(output), Some(complaints)) => Ok(Self {
                process,
                output: BufReader::new(output),
                complaints,
            }),
            _ => unreachable!("both were asked for as pipes"),
        }
    }

    /// The head that a body follows: those of redirections, and of what a server says in between, come before it.
    fn last_head(&mut self) -> io::Result<Option<AnswerHead>> {
        loop {
            let mut lines = Vec::new();
            let mut head = (&mut self.output).take(MAX_HEAD);
            loop {
                let mut line = String::new();
                if head.read_line(&mut line)? == 0 {
                    return match head.limit() {
                        0 => Err(io::Error::other("the head of the answer has no end")),
                        _ => Ok(None),
                    };
                }
                match line.trim_end() {
                    "" => break,
                    line => lines.push(line.to_owned()),
                }
            }
            match AnswerHead::of(&lines) {
                Some(head) if head.is_followed() => {}
                head => return Ok(head),
            }
        }
    }

    /// Why there is no answer.
    fn failure(mut self, url: &str) -> DownloadFailure {
        let url = url.into();
        match self.end() {
            // Names, connections, and the time that these may take.
            Some((5..=7, cause)) => {
                DownloadFailure::Lasting(DownloadError::Unreachable { url, cause })
            }
            Some((28, cause)) if !cause.contains("too slow") => {
                DownloadFailure::Lasting(DownloadError::Unreachable { url, cause })
            }
            // What broke or stalled once there was a connection.
            Some((16 | 18 | 28 | 52 | 55 | 56 | 92, cause)) => {
                DownloadFailure::Passing(DownloadError::Failed { url, cause })
            }
            Some((0, _)) | None => DownloadFailure::Passing(DownloadError::Failed {
                url,
                cause: "there was no answer".into(),
            }),
            Some((_, cause)) => DownloadFailure::Lasting(DownloadError::Failed { url, cause }),
        }
    }

    /// Waits for the program's end: its code, and what it complained of. There is none where a signal ended it.
    fn end(&mut self) -> Option<(i32, String)> {
        let mut complaint = String::new();
        // Without it, the code is told.
        let _ = self.complaints.read_to_string(&mut complaint);
        let code = self.process.wait().ok()?.code()?;
        let told = complaint.lines().find_map(|line| line.split_once(") "));
        let cause = told.map_or_else(
            || format!("{PROGRAM} failed with {code}"),
            |(_, told)| told.into(),
        );
        Some((code, cause))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn arguments(wanted: &Wanted, patience: &Patience) -> Vec<OsString> {
    // A name and a connection may take so long each, and the program counts both together.
    let connection = 2.0 * patience.connection.as_secs_f64();
    let stalled = patience.bytes.as_secs().max(1);
    let mut arguments: Vec<OsString> = [
        // Not as the user set it up for other purposes; this must come first.
        "--disable",
        "--silent",
        "--show-error",
        "--include",
        "--suppress-connect-headers",
        "--location",
        "--globoff",
        "--proto",
        "=http,https",
        "--proto-redir",
        "=http,https",
        "--speed-limit",
        "1",
    ]
    .map(OsString::from)
    .into();
    arguments.extend(["--speed-time".into(), stalled.to_string().into()]);
    arguments.extend([
        "--connect-timeout".into(),
        format!("{connection:.3}").into(),
    ]);
    if wanted.held > 0 {
        arguments.extend(["--range".into(), format!("{}-", wanted.held).into()]);
        if let Some(tag) = wanted.tag {
            arguments.extend(["--header".into(), format!("If-Range: {tag}").into()]);
        }
    }
    arguments.extend(["--url".into(), wanted.url.into()]);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::download::tests::IMPATIENT;

    const NOTHING_HELD: Wanted = Wanted {
        url: "http://127.0.0.1:1/file.gz",
        held: 0,
        tag: None,
    };

    #[test]
    fn a_program_that_is_missing_is_named() {
        let started = Transfer::start("no-such-program", &NOTHING_HELD, &IMPATIENT);
        let Err(DownloadFailure::Lasting(error)) = started else {
            panic!("{started:?}");
        };
        let message = error.to_string();
        assert!(
            matches!(error, DownloadError::NoProgram { .. }),
            "{message}"
        );
        for words in ["cannot start curl", NOTHING_HELD.url, "install it"] {
            assert!(message.contains(words), "{message}");
        }
    }
}
