//! Names of files and words of shells, as the systems have them.

use std::borrow::Cow;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// How a shell takes quoted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellKind {
    /// As POSIX has it.
    Posix,
    /// `cmd` and PowerShell.
    Windows,
}

/// Names that no file has on Windows, whatever its ending, in either case.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
/// The same with a digit from 1 behind them.
const RESERVED_NUMBERED: [&str; 2] = ["com", "lpt"];

impl ShellKind {
    /// The shell that takes what the program tells people to type.
    pub const OWN: Self = if cfg!(unix) {
        Self::Posix
    } else {
        Self::Windows
    };

    /// Text in quotes, so that the shell takes it for one word.
    pub fn quoted(self, text: &str) -> String {
        match self {
            Self::Posix => format!("'{}'", text.replace('\'', r"'\''")),
            // PowerShell replaces variables between double quotes; cmd knows no others.
            Self::Windows if text.contains(['$', '`', '"']) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            Self::Windows => format!("\"{text}\""),
        }
    }
}

/// Text as one word that a shell takes for what it is.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\:._-+@,".contains(c);
    match text.chars().all(plain) {
        true => text.into(),
        false => ShellKind::OWN.quoted(text),
    }
}

/// Whether Windows has no file of this name, ending or not.
pub fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_ascii_lowercase();
    let is_numbered = |start: &&str| {
        let digit = stem.strip_prefix(*start).map(str::as_bytes);
        matches!(digit, Some([b'1'..=b'9']))
    };
    RESERVED.contains(&&*stem) || RESERVED_NUMBERED.iter().any(is_numbered)
}

/// The path with `/` between its folders on every system: how paths are put in order, and written down.
pub fn with_slashes(path: &Path) -> Cow<'_, Path> {
    separated(path, MAIN_SEPARATOR)
}

fn separated(path: &Path, separator: char) -> Cow<'_, Path> {
    match separator {
        '/' => path.into(),
        _ => PathBuf::from(path.to_string_lossy().replace(separator, "/")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_written_alike_everywhere() {
        let windows = Path::new(r"train\cat\1.png");
        assert_eq!(separated(windows, '\\'), Path::new("train/cat/1.png"));
        // A name of Unix may have such a character.
        assert_eq!(separated(windows, '/'), windows);
    }

    #[test]
    fn names_of_devices_are_known_with_any_ending() {
        for name in ["con", "NUL.c", "aux.tar.gz", "Com1", "lpt9.h", "prn .txt"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in [
            "",
            "cone",
            "com",
            "com0",
            "com10",
            "a.con",
            "lpt",
            "auxiliary.c",
        ] {
            assert!(!is_reserved(name), "{name}");
        }
    }

    #[test]
    fn quoted_text_is_one_word() {
        for (shell, text, quoted) in [
            (ShellKind::Posix, "a b", "'a b'"),
            (ShellKind::Posix, "it's", r"'it'\''s'"),
            (ShellKind::Windows, r"C:\my runs", r#""C:\my runs""#),
            (ShellKind::Windows, "it's", "\"it's\""),
            (ShellKind::Windows, "$HOME's", "'$HOME''s'"),
        ] {
            assert_eq!(shell.quoted(text), quoted);
        }
    }
}
