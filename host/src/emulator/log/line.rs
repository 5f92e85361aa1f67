//! A frame as a line of text: its text's number, and the values that the text has places for.

use super::table::LogTable;
use defmt_parser::{DisplayHint, Fragment, Parameter, ParserMode, Type};
use std::fmt::Write as _;

/// Why a frame is no line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    /// It is not as its text has it.
    #[error("a line of the log is damaged")]
    Damaged,
    /// Its text has a place for what is not read here.
    #[error("a line of the log has a value of a kind that is not read here, {0:?}")]
    Kind(Type),
}

/// A value of a frame.
#[derive(Debug)]
enum LogValue<'t> {
    Flag(bool),
    Unsigned(u128),
    Signed(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// A text with values of its own.
    Nested(&'t str, Vec<LogValue<'t>>),
}

/// Reads values from a frame.
struct ValueReader<'t, 'b> {
    table: &'t LogTable,
    bytes: &'b [u8],
}

/// No type lies deeper in others; what does is damaged.
const DEEPEST: usize = 16;
/// Ends a text that the firmware has formatted: no text has this byte.
const END: u8 = 0xff;

/// The line that a frame stands for.
pub(super) fn text(table: &LogTable, frame: &[u8]) -> Result<String, LineError> {
    let mut reader = ValueReader {
        table,
        bytes: frame,
    };
    let number = u16::from_le_bytes(reader.array()?);
    if let Some(timestamp) = table.timestamp() {
        reader.values(timestamp, 0)?;
    }
    let format = table.text(number).ok_or(LineError::Damaged)?;
    let values = reader.values(format, 0)?;
    let mut line = String::new();
    write(&mut line, format, &values, None)?;
    Ok(line)
}

fn fragments(format: &str) -> Result<Vec<Fragment<'_>>, LineError> {
    defmt_parser::parse(format, ParserMode::ForwardsCompatible).map_err(|_| LineError::Damaged)
}

impl<'t> ValueReader<'t, '_> {
    /// The values that a text has places for, in the order of their numbers.
    fn values(&mut self, format: &str, depth: usize) -> Result<Vec<LogValue<'t>>, LineError> {
        if depth > DEEPEST {
            return Err(LineError::Damaged);
        }
        let parameter = |fragment| match fragment {
            Fragment::Parameter(parameter) => Some(parameter),
            Fragment::Literal(_) => None,
        };
        let mut parameters: Vec<Parameter> = fragments(format)?
            .into_iter()
            .filter_map(parameter)
            .collect();
        parameters.sort_by_key(|parameter| parameter.index);
        parameters.dedup_by_key(|parameter| parameter.index);
        let kinds = parameters.iter().map(|parameter| &parameter.ty);
        kinds.map(|kind| self.value(kind, depth)).collect()
    }

    fn value(&mut self, kind: &Type, depth: usize) -> Result<LogValue<'t>, LineError> {
        Ok(match kind {
            Type::Bool => LogValue::Flag(self.number::<1>()? != 0),
            Type::U8 => LogValue::Unsigned(self.number::<1>()?),
            Type::U16 => LogValue::Unsigned(self.number::<2>()?),
            Type::U32 | Type::Usize => LogValue::Unsigned(self.number::<4>()?),
            Type::U64 => LogValue::Unsigned(self.number::<8>()?),
            Type::U128 => LogValue::Unsigned(self.number::<16>()?),
            Type::I8 => LogValue::Signed(i8::from_le_bytes(self.array()?).into()),
            Type::I16 => LogValue::Signed(i16::from_le_bytes(self.array()?).into()),
            Type::I32 | Type::Isize => LogValue::Signed(i32::from_le_bytes(self.array()?).into()),
            Type::I64 => LogValue::Signed(i64::from_le_bytes(self.array()?).into()),
            Type::I128 => LogValue::Signed(i128::from_le_bytes(self.array()?)),
            // In the digits of its own type.
            Type::F32 => LogValue::Text(format!("{:?}", f32::from_le_bytes(self.array()?))),
            Type::F64 => LogValue::Float(f64::from_le_bytes(self.array()?)),
            Type::Char => {
                let character = u32::from_le_bytes(self.array()?);
                let character = char::from_u32(character).ok_or(LineError::Damaged)?;
                LogValue::Text(character.into())
            }
            Type::Str => LogValue::Text(utf8(self.counted()?)?.into()),
            Type::IStr => LogValue::Text(self.named()?.into()),
            Type::Debug | Type::Display => {
                let mut parts = self.bytes.splitn(2, |byte| *byte == END);
                let (Some(text), Some(rest)) = (parts.next(), parts.next()) else {
                    return Err(LineError::Damaged);
                };
                self.bytes = rest;
                LogValue::Text(utf8(text)?.into())
            }
            Type::U8Slice => LogValue::Bytes(self.counted()?.into()),
            Type::U8Array(len) => LogValue::Bytes(self.bytes(*len)?.into()),
            Type::Format => {
                let format = self.named()?;
                let format = match format.contains('|') {
                    true => self.variant(format)?,
                    false => format,
                };
                LogValue::Nested(format, self.values(format, depth + 1)?)
            }
            Type::BitField(_) | Type::FormatArray(_) | Type::FormatSlice | Type::FormatSequence => {
                return Err(LineError::Kind(kind.clone()));
            }
        })
    }

    /// Of the texts of an enumeration's variants, the one whose number stands here.
    fn variant(&mut self, formats: &'t str) -> Result<&'t str, LineError> {
        let variants = formats.split('|').count();
        let number = match variants {
            0..=0x100 => self.number::<1>()?,
            0x101..=0x1_0000 => self.number::<2>()?,
            _ => self.number::<4>()?,
        };
        formats
            .split('|')
            .nth(number as usize)
            .ok_or(LineError::Damaged)
    }

    /// The text whose number stands here.
    fn named(&mut self) -> Result<&'t str, LineError> {
        let number = u16::from_le_bytes(self.array()?);
        self.table.text(number).ok_or(LineError::Damaged)
    }

    /// As many bytes as the number before them says.
    fn counted(&mut self) -> Result<&[u8], LineError> {
        let len = u32::from_le_bytes(self.array()?);
        self.bytes(len as usize)
    }

    fn number<const BYTES: usize>(&mut self) -> Result<u128, LineError> {
        let bytes: [u8; BYTES] = self.array()?;
        let shifted = |number, byte: &u8| number << 8 | u128::from(*byte);
        Ok(bytes.iter().rev().fold(0, shifted))
    }

    fn array<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], LineError> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(LineError::Damaged)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn bytes(&mut self, len: usize) -> Result<&[u8], LineError> {
        let (bytes, rest) = self.bytes.split_at_checked(len).ok_or(LineError::Damaged)?;
        self.bytes = rest;
        Ok(bytes)
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, LineError> {
    str::from_utf8(bytes).map_err(|_| LineError::Damaged)
}

/// Writes a text with its values; `outer` is how the text around it wants them where its own places say nothing.
fn write(
    line: &mut String,
    format: &str,
    values: &[LogValue<'_>],
    outer: Option<&DisplayHint>,
) -> Result<(), LineError> {
    for fragment in fragments(format)? {
        match fragment {
            Fragment::Literal(text) => line.push_str(&text),
            Fragment::Parameter(place) => {
                let value = values.get(place.index).ok_or(LineError::Damaged)?;
                write_value(line, value, place.hint.as_ref().or(outer))?;
            }
        }
    }
    Ok(())
}

fn write_value(
    line: &mut String,
    value: &LogValue<'_>,
    hint: Option<&DisplayHint>,
) -> Result<(), LineError> {
    // Writing to a string cannot fail.
    let _ = match (value, hint) {
        (LogValue::Nested(format, values), _) => return write(line, format, values, hint),
        (LogValue::Text(text), Some(DisplayHint::Debug)) => write!(line, "{text:?}"),
        (LogValue::Text(text), _) => write!(line, "{text}"),
        (LogValue::Flag(flag), _) => write!(line, "{flag}"),
        (LogValue::Float(number), _) => write!(line, "{number:?}"),
        (LogValue::Bytes(bytes), _) => write!(line, "{bytes:?}"),
        (
            LogValue::Unsigned(number),
            Some(DisplayHint::Hexadecimal {
                alternate,
                uppercase,
                zero_pad,
            }),
        ) => match (alternate, uppercase) {
            (false, false) => write!(line, "{number:0zero_pad$x}"),
            (false, true) => write!(line, "{number:0zero_pad$X}"),
            (true, false) => write!(line, "{number:#0zero_pad$x}"),
            (true, true) => write!(line, "{number:#0zero_pad$X}"),
        },
        (LogValue::Unsigned(number), Some(DisplayHint::Binary { zero_pad, .. })) => {
            write!(line, "{number:0zero_pad$b}")
        }
        (LogValue::Unsigned(number), Some(DisplayHint::NoHint { zero_pad })) => {
            write!(line, "{number:0zero_pad$}")
        }
        (LogValue::Signed(number), Some(DisplayHint::NoHint { zero_pad })) => {
            write!(line, "{number:0zero_pad$}")
        }
        (LogValue::Unsigned(number), _) => write!(line, "{number}"),
        (LogValue::Signed(number), _) => write!(line, "{number}"),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> LogTable {
        LogTable::from_texts(&[
            (1, "a {=u8} b {=u32:08x}, {=usize} {=u64}"),
            (2, "{=str}|{=istr} {=f32} {=bool}{{}}"),
            (3, "interned"),
            (4, "seen {} and {=?}"),
            (5, "{=u32}"),
            (6, "{=__internal_Display}"),
            (7, "{=i16} {=[u8]} {=char} {1=[u8]}"),
            (8, "One|Two {=u8}"),
            (9, "{=?}"),
            (10, "{=0..3} {=u8}"),
        ])
    }

    fn line(parts: &[&[u8]]) -> Result<String, LineError> {
        text(&table(), &parts.concat())
    }

    #[test]
    fn every_kind_of_value_has_its_place() {
        let numbers = line(&[
            &[1, 0, 7],
            &[0xef, 0xbe, 0, 0],
            &[9, 0, 0, 0],
            &[1, 0, 0, 0, 1, 0, 0, 0],
        ]);
        assert_eq!(numbers.unwrap(), "a 7 b 0000beef, 9 4294967297");
        let texts = line(&[
            &[2, 0, 2, 0, 0, 0],
            b"hi",
            &[3, 0],
            &0.5_f32.to_le_bytes(),
            &[1],
        ]);
        assert_eq!(texts.unwrap(), "hi|interned 0.5 true{}");
        let nested = line(&[&[4, 0, 5, 0, 42, 0, 0, 0, 6, 0], b"shown", &[0xff]]);
        assert_eq!(nested.unwrap(), "seen 42 and shown");
        let variant = line(&[&[4, 0, 8, 0, 1, 3, 8, 0, 0]]);
        assert_eq!(variant.unwrap(), "seen Two 3 and One");
        let rest = line(&[&[7, 0, 0xfe, 0xff, 2, 0, 0, 0, 1, 2, b'c', 0, 0, 0]]);
        assert_eq!(rest.unwrap(), "-2 [1, 2] c [1, 2]");
    }

    #[test]
    fn what_is_cut_or_of_no_text_or_too_deep_is_damaged() {
        let whole = [1, 0, 7, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
        assert!(line(&[&whole]).is_ok());
        for len in 0..whole.len() {
            assert_eq!(
                line(&[&whole[..len]]),
                Err(LineError::Damaged),
                "{len} bytes"
            );
        }
        assert_eq!(line(&[&[77, 0]]), Err(LineError::Damaged));
        assert_eq!(
            line(&[&[2, 0, 0xff, 0xff, 0xff, 0xff]]),
            Err(LineError::Damaged)
        );
        assert_eq!(line(&[&[9, 0].repeat(100_000)]), Err(LineError::Damaged));
        assert_eq!(
            line(&[&[10, 0, 1, 1]]),
            Err(LineError::Kind(Type::BitField(0..3)))
        );
    }
}
