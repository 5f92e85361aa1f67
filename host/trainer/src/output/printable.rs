//! Text from outside as it can be shown: class and file names, what models and devices call things.
//!
//! A terminal obeys control characters, and writing directions let a text look like another. Both are
//! shown as Rust writes them, `\u{1b}`; all else stays as it is.

use std::borrow::Cow;

/// A text without anything that is not seen, in one line.
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, |character| {
        character.escape_unicode().to_string()
    })
}

/// The same of a text whose lines and tabs are meant.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    let is_meant = |character| matches!(character, '\n' | '\t');
    let hidden = |character| is_hidden(character) && !is_meant(character);
    escaped(text, hidden, |character| {
        character.escape_unicode().to_string()
    })
}

/// The same of a cell of a CSV file, which spreadsheets take for no formula.
pub fn printable_cell(text: &str) -> Cow<'_, str> {
    let shown = printable(text);
    let is_formula = shown.starts_with(['=', '+', '-', '@']) && shown.parse::<f64>().is_err();
    match is_formula {
        true => format!("'{shown}").into(),
        false => shown,
    }
}

/// JSON that says the same, in characters that are seen; those below 32 it has escaped already.
pub(super) fn escaped_json(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden, |character| {
        format!("\\u{:04x}", u32::from(character))
    })
}

fn escaped(
    text: &str,
    hidden: impl Fn(char) -> bool,
    escape: impl Fn(char) -> String,
) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match hidden(character) {
            true => shown.push_str(&escape(character)),
            false => shown.push(character),
        }
    }
    shown.into()
}

/// Control characters; marks, embeddings, overrides and isolates of writing directions; ends of lines
/// and of paragraphs; and the mark of byte order. None is beyond 16 bits.
fn is_hidden(character: char) -> bool {
    let direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    character.is_control() || direction || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_shown() {
        let hostile = "a\u{1b}]0;title\u{7}\u{202e}gpj.\u{9b}2Jé\n";
        let shown = "a\\u{1b}]0;title\\u{7}\\u{202e}gpj.\\u{9b}2Jé";
        assert_eq!(printable(hostile), format!("{shown}\\u{{a}}"));
        assert_eq!(printable_lines(hostile), format!("{shown}\n"));
        assert!(matches!(printable("plain – 数字"), Cow::Borrowed(_)));
    }

    #[test]
    fn cells_are_no_formulas_and_numbers_stay_numbers() {
        for cell in ["=1+1", "+A1", "-A1", "@SUM(A1)"] {
            assert_eq!(printable_cell(cell), format!("'{cell}"));
        }
        for cell in ["-0.5", "+1e-3", "", "a=b", "1"] {
            assert_eq!(printable_cell(cell), cell);
        }
    }

    #[test]
    fn json_says_the_same() {
        let name = "a\u{1b}\u{7f}\u{85}\u{2066}b\n";
        let json = serde_json::to_string(name).unwrap();
        let shown = escaped_json(&json);
        assert!(
            shown.is_ascii() && !shown.contains(char::is_control),
            "{shown}"
        );
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), name);
    }
}
