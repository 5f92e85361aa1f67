//! What goes to standard output and what to standard error.

use comfy_table::{LineStyle, TableStyle, presets};
use console::{Style, Term};
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

mod printable;

use printable::escaped_json;
pub use printable::{printable, printable_cell, printable_lines};

/// The look of tables: a line under the head, and nothing else.
pub const TABLE_STYLE: TableStyle =
    presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));

/// Where a command's results go: text for people on standard output, or one JSON object there
/// and the text on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    /// Whether lines that cannot be written are passed over until the end.
    patient: bool,
}

/// The first error of a patient output.
static UNTOLD: Mutex<Option<io::Error>> = Mutex::new(None);

impl Output {
    /// Output of a command with or without `--json`.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            patient: false,
        }
    }

    /// Output of work that takes long: it goes on where nobody can be told, and
    /// [`Output::check_told`] says so at its end.
    pub fn patient(json: bool) -> Self {
        let patient = true;
        Self { json, patient }
    }

    /// Finds out whether everything could be told.
    ///
    /// # Errors
    ///
    /// What was wrong with the stream when a line of a patient output could first not be written.
    pub fn check_told(self) -> io::Result<()> {
        let mut untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
        untold.take().map_or(Ok(()), Err)
    }

    /// Whether standard output is for one JSON object alone.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Writes a line for people, or several. What could not be seen in it is shown escaped, as by
    /// [`printable_lines`]: names come from outside.
    ///
    /// # Errors
    ///
    /// If the stream cannot be written.
    pub fn line(self, text: impl Display) -> io::Result<()> {
        self.styled(printable_lines(&text.to_string()))
    }

    /// Writes a line with the codes of [`Output::style`] in it; what is not Kiln's own is
    /// [`printable`] already.
    ///
    /// # Errors
    ///
    /// As [`Output::line`].
    pub fn styled(self, text: impl Display) -> io::Result<()> {
        let written = if self.json {
            writeln!(io::stderr().lock(), "{text}").map_err(|cause| unwritable("error", &cause))
        } else {
            writeln!(io::stdout().lock(), "{text}").map_err(|cause| unwritable("output", &cause))
        };
        match written {
            Err(error) if self.patient => {
                let mut untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
                untold.get_or_insert(error);
                Ok(())
            }
            written => written,
        }
    }

    /// Writes a line of the form `label  text`, the texts of all labels aligned; it stays one line.
    ///
    /// # Errors
    ///
    /// As [`Output::line`].
    pub fn item(self, label: &str, text: impl Display) -> io::Result<()> {
        let text = text.to_string();
        self.styled(format_args!("{label:<11}{}", printable(&text)))
    }

    /// The style for parts of lines to start from: it shows only where lines go to a terminal that
    /// has colours, and `NO_COLOR` is not set.
    pub fn style(self) -> Style {
        let terminal = if self.json {
            Term::stderr()
        } else {
            Term::stdout()
        };
        Style::new().force_styling(terminal.features().colors_supported())
    }

    /// Writes the command's result as one JSON object, where that was asked for.
    ///
    /// # Errors
    ///
    /// As [`Output::line`].
    pub fn object(self, result: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        let mut write = || {
            let text = serde_json::to_string(result)?;
            writeln!(stdout, "{}", escaped_json(&text))?;
            stdout.flush()
        };
        write().map_err(|cause| unwritable("output", &cause))
    }
}

/// The error of a standard stream, named, of the same kind.
pub fn unwritable(stream: &str, cause: &io::Error) -> io::Error {
    io::Error::new(
        cause.kind(),
        format!("cannot write to standard {stream}: {cause}"),
    )
}

/// Writes a line on standard error that is no error.
pub fn notice(message: &str) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{}", printable_lines(message));
}

/// Writes `error: message` on standard error, in one line whatever the message holds.
pub fn error(message: &str) {
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    // Nobody is left to tell if standard error is closed.
    let line = lines.join(" ");
    let _ = writeln!(io::stderr().lock(), "error: {}", printable(&line));
}

/// A whole number with its thousands separated: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 class`, `1,000 classes`.
pub fn counted(number: usize, singular: &str, plural: &str) -> String {
    let noun = if number == 1 { singular } else { plural };
    format!("{} {noun}", grouped(number as u64))
}

/// The first of some names, enough to recognise them by.
pub fn first_names(names: &[impl AsRef<str>]) -> String {
    const NAMED: usize = 4;
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let numbers = [0, 12, 123, 1_234, 123_456, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
        assert_eq!(counted(1, "class", "classes"), "1 class");
        assert_eq!(counted(1_000, "class", "classes"), "1,000 classes");
    }
}
