//! The texts that a log's frames name by number: the firmware's ELF file keeps them, the firmware does not.

use object::{Object, ObjectSection, ObjectSymbol, SectionIndex};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The texts of a firmware's log.
#[derive(Debug, Default)]
pub(in crate::emulator) struct LogTable {
    /// By the addresses of their symbols, which are the numbers that frames have.
    texts: BTreeMap<u64, String>,
    /// What stands before every line.
    timestamp: Option<String>,
}

/// Why a firmware's log cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogTableError {
    /// It is written by another version of defmt.
    #[error("it is written as version {0} of defmt's frames has it, and known is {KNOWN_VERSION}")]
    Version(String),
    /// Nothing says by which version it is written.
    #[error("it has texts, but no version of defmt's frames")]
    NoVersion,
    /// There is a version, and no section of texts.
    #[error("its section .defmt is missing: the linker was not given defmt's script")]
    NoTexts,
    /// Its frames are packed in another way, or nothing says how.
    #[error("its frames are packed as {0:?}, and known is {KNOWN_PACKING:?}")]
    Packing(String),
    /// A symbol of the texts is none of defmt's.
    #[error("its text {0:?} cannot be read")]
    Text(String),
}

const KNOWN_VERSION: &str = "4";
const KNOWN_PACKING: &str = "rzcobs";
/// What the names of symbols with the version and the packing begin with; a linker may leave quotes around.
const VERSION: &str = "_defmt_version_ = ";
const PACKING: &str = "_defmt_encoding_ = ";

/// The name of a symbol in defmt's section.
#[derive(Deserialize)]
struct TextSymbol {
    tag: String,
    data: String,
}

impl LogTable {
    /// The texts in a firmware; `None` where it has none.
    pub fn of(elf: &object::File<'_>) -> Result<Option<Self>, LogTableError> {
        let sections: Vec<SectionIndex> = elf
            .sections()
            .filter(|section| section.name().is_ok_and(is_of_texts))
            .map(|section| section.index())
            .collect();
        match (said(elf, VERSION), sections.is_empty()) {
            (None, true) => return Ok(None),
            (None, false) => return Err(LogTableError::NoVersion),
            (Some(_), true) => return Err(LogTableError::NoTexts),
            (Some(KNOWN_VERSION), false) => {}
            (Some(version), false) => return Err(LogTableError::Version(version.into())),
        }
        let packing = said(elf, PACKING).unwrap_or_default();
        if packing != KNOWN_PACKING {
            return Err(LogTableError::Packing(packing.into()));
        }
        let mut table = Self::default();
        for symbol in elf.symbols() {
            let of_texts = symbol
                .section_index()
                .is_some_and(|own| sections.contains(&own));
            if let (true, Ok(name)) = (of_texts, symbol.name()) {
                table.take(symbol.address(), name)?;
            }
        }
        Ok(Some(table))
    }

    /// The text of this number.
    pub fn text(&self, number: u16) -> Option<&str> {
        self.texts.get(&u64::from(number)).map(String::as_str)
    }

    /// What every line begins with, where the firmware tells times.
    pub fn timestamp(&self) -> Option<&str> {
        self.timestamp.as_deref()
    }

    fn take(&mut self, address: u64, name: &str) -> Result<(), LogTableError> {
        let is_mark = name.is_empty() || name == "$d" || name.starts_with("$d.");
        if is_mark || name.starts_with("_defmt") || name.starts_with("__DEFMT_MARKER") {
            return Ok(());
        }
        let text: TextSymbol =
            serde_json::from_str(name).map_err(|_| LogTableError::Text(name.into()))?;
        match text.tag.as_str() {
            "defmt_timestamp" => self.timestamp = Some(text.data),
            tag if tag.starts_with("defmt_") => {
                self.texts.insert(address, text.data);
            }
            // Of other tools.
            _ => {}
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn from_texts(texts: &[(u16, &str)]) -> Self {
        let texts = texts
            .iter()
            .map(|(number, text)| (u64::from(*number), (*text).into()));
        Self {
            texts: texts.collect(),
            timestamp: None,
        }
    }
}

fn is_of_texts(section: &str) -> bool {
    section == ".defmt" || section.starts_with(".defmt.")
}

/// What a symbol says in its own name, behind this beginning.
fn said<'a>(elf: &object::File<'a>, beginning: &str) -> Option<&'a str> {
    elf.symbols().find_map(|symbol| {
        let name = symbol.name().ok()?.trim_matches('"');
        name.strip_prefix(beginning)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_texts_or_left_alone_or_refused() {
        let mut table = LogTable::default();
        let symbol = |tag: &str, data: &str| {
            format!(r#"{{"package":"p","tag":"{tag}","data":"{data}","disambiguator":"1"}}"#)
        };
        table
            .take(3, &symbol("defmt_println", "three {=u8}"))
            .unwrap();
        table
            .take(4, &symbol("defmt_timestamp", "{=u32:us}"))
            .unwrap();
        table.take(5, &symbol("other_tool", "five")).unwrap();
        for mark in [
            "",
            "$d",
            "$d.7",
            "_defmt_version_ = 4",
            "__DEFMT_MARKER_END",
        ] {
            table.take(6, mark).unwrap();
        }
        assert_eq!(table.text(3), Some("three {=u8}"));
        assert_eq!(table.timestamp(), Some("{=u32:us}"));
        assert_eq!([5, 6].map(|number| table.text(number)), [None, None]);
        let refused = table.take(7, "main").unwrap_err();
        assert_eq!(refused, LogTableError::Text("main".into()));
    }
}
