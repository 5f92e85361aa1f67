//! The firmware's log: defmt frames from the emulator, turned into lines, or lines of text.

mod frames;
mod line;
mod table;

use super::EmulatedProgram;
use frames::FrameBytes;
use std::io::{self, BufRead, BufReader, Read};

pub(super) use table::LogTable;
pub use table::LogTableError;

/// Why a log ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The emulator's output cannot be read.
    #[error("cannot read the emulator's output: {0}")]
    Unreadable(io::Error),
    /// A line cannot be written.
    #[error(transparent)]
    Unwritable(io::Error),
}

/// Most bytes of a line of text; a longer one is broken.
const LONGEST_LINE: u64 = 4096;

/// Reads frames, or text, until the stream ends and hands on each line. Frames that are damaged are left
/// out, with a line that says so; control characters of text are escaped. Frames are those of defmt, read here since
/// its own decoder takes thirty more crates, for times, calendars and documents that no log of Kiln's has.
pub(super) fn decode(
    program: &EmulatedProgram,
    mut stream: impl Read,
    mut hand_on: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), LogError> {
    let Some(table) = program.log() else {
        return copy_text(stream, hand_on);
    };
    let mut frames = FrameBytes::default();
    let mut bytes = [0; 4096];
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(LogError::Unreadable(error)),
        };
        frames.received(&bytes[..count]);
        while let Some(frame) = frames.next_frame() {
            let frame = frame.map_err(|_| line::LineError::Damaged);
            let text = frame.and_then(|frame| line::text(table, &frame));
            let text = text.unwrap_or_else(|error| format!("({error})"));
            hand_on(&text).map_err(LogError::Unwritable)?;
        }
    }
}

fn copy_text(
    stream: impl Read,
    mut line: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), LogError> {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = stream
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes);
        if read.map_err(LogError::Unreadable)? == 0 {
            return Ok(());
        }
        line(&plain(&bytes)).map_err(LogError::Unwritable)?;
    }
}

/// A line as text, without its end.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    let mut plain = String::new();
    for character in text.chars() {
        match character {
            '\t' => plain.push(character),
            _ if character.is_control() => plain.extend(character.escape_default()),
            _ => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let keep = |line: &str| {
            lines.push(line.to_string());
            Ok(())
        };
        copy_text(bytes, keep).unwrap();
        lines
    }

    #[test]
    fn text_comes_line_by_line_without_control_characters() {
        assert_eq!(
            lines(b"one\r\n\ttwo\x1b[31m\n\nend"),
            ["one", "\ttwo\\u{1b}[31m", "", "end"]
        );
        assert_eq!(lines(b"\xff\n"), ["\u{fffd}"]);
        let long = vec![b'x'; 10_000];
        let lengths: Vec<usize> = lines(&long).iter().map(String::len).collect();
        assert_eq!(lengths, [4096, 4096, 1808]);
        assert!(lines(b"").is_empty());
    }
}
