//! Runs the compiler: what it says is shown as it comes, and kept for the reason of a failure.

use super::{BuildError, within};
use crate::output;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// The script's exit code where no compiler can build for the board.
const NO_TARGET: i32 = 3;

/// What is shown of a compiler's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompilerProgress {
    /// Nothing.
    Hidden,
    /// Every line, on standard error, as it comes.
    Shown,
}

/// Runs a build to its end.
pub(super) fn run(
    command: &mut Command,
    script: &Path,
    progress: CompilerProgress,
) -> Result<(), BuildError> {
    if progress == CompilerProgress::Hidden {
        command.arg("--quiet");
    }
    // The reason is looked for in plain text.
    command.env("CARGO_TERM_COLOR", "never");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = within(script, command.stderr(Stdio::piped()).spawn())?;
    let said = match child.stderr.take() {
        Some(errors) => follow(errors, progress),
        None => Ok(String::new()),
    };
    // It ends either way: without a reader, at what it says next.
    let status = within(script, child.wait())?;
    let said = within(script, said)?;
    if status.success() {
        return Ok(());
    }
    let reason = reason(&said);
    Err(match status.code() {
        Some(NO_TARGET) => BuildError::NoTarget(reason),
        _ => BuildError::Refused(reason),
    })
}

/// All that is said until the stream ends, with a line for each.
fn follow(stream: impl Read, progress: CompilerProgress) -> io::Result<String> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut said) = (Vec::new(), String::new());
    while stream.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if progress == CompilerProgress::Shown {
            output::notice(text);
        }
        said.push_str(text);
        said.push('\n');
        line.clear();
    }
    Ok(said)
}

/// The line of a failed build that says why: the linker's about memory, the first error, or else
/// the last line.
fn reason(errors: &str) -> String {
    let lines = || errors.lines().map(str::trim);
    let first = lines().find_map(|line| {
        let (_, reason) = line.split_once("error: ").or(line.split_once("error:"))?;
        // Cargo puts the package before what a build script says.
        let reason = match reason.split_once(": ") {
            Some((package, rest)) if package.starts_with("firmware@") => rest,
            _ => reason,
        };
        (!reason.is_empty()).then_some(reason)
    });
    let memory = lines().find(|line| line.contains("overflowed by"));
    let stack = lines().find_map(|line| {
        let (_, reason) = line.split_once("error: ")?;
        reason.contains(": the RAM is too small").then_some(reason)
    });
    memory
        .or(stack)
        .or(first)
        .or(lines().rfind(|line| !line.is_empty()))
        .unwrap_or("no reason given")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(script: &str) -> BuildError {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(&mut command, Path::new("sh"), CompilerProgress::Hidden).unwrap_err()
    }

    #[test]
    fn a_failure_has_the_line_that_says_why_or_else_the_last() {
        for (script, reason) in [
            (
                "echo ' Compiling a' >&2; echo 'error: no b' >&2; echo more >&2; exit 101",
                "no b",
            ),
            ("echo one >&2; echo two >&2; echo >&2; exit 1", "two"),
            (
                "printf 'error: x\\nsection overflowed by 4 bytes' >&2; exit 1",
                "section overflowed by 4 bytes",
            ),
            ("exit 1", "no reason given"),
        ] {
            let error = refused(script);
            assert!(
                matches!(&error, BuildError::Refused(said) if said == reason),
                "{error}"
            );
        }
        let error = refused("echo 'error: no compiler' >&2; exit 3");
        assert!(
            matches!(&error, BuildError::NoTarget(said) if said == "no compiler"),
            "{error}"
        );
    }
}
