//! The firmware's log: defmt frames from the emulator, turned into lines.

use super::EmulatedProgram;
use defmt_decoder::DecodeError;
use std::io::{self, Read};

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

/// Reads frames until the stream ends and hands on each as a line. Frames that are damaged are
/// left out, with a line that says so.
pub(super) fn decode(
    program: &EmulatedProgram,
    mut stream: impl Read,
    mut line: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), LogError> {
    let mut decoder = program.log().new_stream_decoder();
    let mut bytes = [0; 4096];
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(LogError::Unreadable(error)),
        };
        decoder.received(&bytes[..count]);
        loop {
            let text = match decoder.decode() {
                Ok(frame) => frame.display_message().to_string(),
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => "(a line of the log is damaged)".into(),
            };
            line(&text).map_err(LogError::Unwritable)?;
        }
    }
}
