//! Names and texts as C has them.

use crate::platform;
use std::path::Path;

/// Why a model's name is none of C's.
#[derive(Debug, thiserror::Error)]
#[error(
    "'{name}' is no name that a variable of C and its file can have{}; begin with a letter and go on with letters, \
     digits and underscores",
    if platform::is_reserved(name) { ", since Windows has it for a device" } else { "" }
)]
pub struct CNameError {
    name: String,
}

/// Words of C and C++ that no variable is called, and what the library's header takes.
const TAKEN: [&str; 62] = [
    "alignas",
    "alignof",
    "and",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "constexpr",
    "continue",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "main",
    "mutable",
    "namespace",
    "new",
    "not",
    "operator",
    "or",
    "private",
    "protected",
    "public",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "template",
    "this",
    "throw",
    "true",
    "try",
    "typedef",
    "union",
    "unsigned",
    "using",
    "void",
    "volatile",
    "while",
];

/// The name that is asked for, or else that of a model file as a name of C: what cannot stand in one
/// becomes an underscore.
///
/// # Errors
///
/// A name that is asked for and can be none.
pub fn identifier(asked: Option<&str>, file: &Path) -> Result<String, CNameError> {
    if let Some(name) = asked {
        return match is_free(name) {
            true => Ok(name.into()),
            false => Err(CNameError { name: name.into() }),
        };
    }
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.to_lowercase();
    let plain = stem.chars().map(|character| {
        let is_plain = character.is_ascii_alphanumeric();
        if is_plain { character } else { '_' }
    });
    let name: String = plain.collect();
    Ok(match is_free(&name) {
        true => name,
        false => format!("model_{name}"),
    })
}

/// Whether a variable can be called so, and is no part of the library.
fn is_free(name: &str) -> bool {
    let begins = name.starts_with(|character: char| character.is_ascii_alphabetic());
    let goes_on = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '_');
    // A folder of sources may be unpacked anywhere, and Windows has no file `con.c`.
    let is_taken = TAKEN.contains(&name)
        || name.to_lowercase().starts_with("kiln")
        || platform::is_reserved(name);
    begins && goes_on && !is_taken
}

/// A text as a string literal: all but plain characters by their bytes, in octal, of three digits each,
/// behind which a digit is one of the text; and no trigraphs.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => {
                literal.push('\\');
                literal.push(byte.into());
            }
            b' '..=b'~' => literal.push(byte.into()),
            _ => literal.push_str(&format!("\\{byte:03o}")),
        }
    }
    literal.push('"');
    literal
}
