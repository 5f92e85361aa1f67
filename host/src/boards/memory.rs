//! Memories as people type them for a part that no table has.

/// More is no microcontroller's.
const MOST: usize = 1 << 30;

/// Bytes of a memory: plain, or in units of 1024 (`K`, `KiB`) or 1024 times as much (`M`, `MiB`).
///
/// # Errors
///
/// What was to be written, of a text that is no such size or none that a part can have.
pub fn parse_memory(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic() || unit == ' ');
    let unit = text[digits.len()..].trim_start().to_ascii_uppercase();
    let factor = match &*unit {
        "" => 1,
        "K" | "KIB" => 1 << 10,
        "M" | "MIB" => 1 << 20,
        // 1,000 to some, 1,024 to data sheets.
        "KB" | "MB" => return Err(format!("write {digits}{} for units of 1024", &unit[..1])),
        _ => return Err(EXPECTED.into()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EXPECTED.into());
    }
    let bytes = digits.parse::<usize>().ok();
    let bytes = bytes.and_then(|number| number.checked_mul(factor));
    match bytes {
        Some(bytes @ 1..=MOST) => Ok(bytes),
        _ => Err("it must be between 1 byte and 1024M".into()),
    }
}

const EXPECTED: &str = "write whole bytes, such as 524288, or with a unit, such as 512K or 1M";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_bytes_or_have_units_of_1024() {
        for (text, bytes) in [
            ("1", 1),
            ("524288", 524_288),
            ("512K", 524_288),
            ("512 KiB", 524_288),
            ("20k", 20_480),
            ("2M", 2 << 20),
            ("2MiB", 2 << 20),
            ("1024M", MOST),
        ] {
            assert_eq!(parse_memory(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_memory_is_told_what_to_write() {
        for text in ["", "K", "much", "-1", "1.5M", "1,024", "1G", "1 2K"] {
            assert_eq!(parse_memory(text), Err(EXPECTED.into()), "{text}");
        }
        for text in ["0", "0K", "1025M", "99999999999999999999"] {
            assert!(
                parse_memory(text).unwrap_err().contains("between"),
                "{text}"
            );
        }
        let error = parse_memory("512kB").unwrap_err();
        assert_eq!(error, "write 512K for units of 1024");
    }
}
