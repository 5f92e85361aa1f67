//! Numbers as people type them for an option.

use std::str::FromStr;

/// A text that is no number, or not one that the option can hold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Below zero, where nothing is.
    #[error("it must be at least {least}")]
    Negative {
        /// The least the option takes.
        least: u8,
    },
    /// More than there are numbers for.
    #[error("it is too large")]
    TooLarge,
    /// No whole number.
    #[error("not a whole number: write digits only, such as {example}")]
    NotWhole {
        /// What may have been meant.
        example: String,
    },
    /// No number.
    #[error("not a number: write one such as 0.05")]
    NotNumber,
    /// A number, but for its comma.
    #[error("not a number: write {meant} with a point")]
    Comma {
        /// The same with a point.
        meant: String,
    },
}

/// A parser of whole numbers for an option that takes `least`, 0 or 1, and more.
///
/// Of numbers it refuses only those that `T` cannot hold; the bounds are the command's to check,
/// as those of its files are.
pub fn whole<T: TryFrom<i128>>(
    least: u8,
) -> impl Fn(&str) -> Result<T, NumberError> + Clone + Send + Sync + 'static {
    move |text| {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_whole(text));
        }
        let number = sign * digits.parse::<i128>().unwrap_or(i128::MAX);
        T::try_from(number).map_err(|_| match number < 0 {
            true => NumberError::Negative { least },
            false => NumberError::TooLarge,
        })
    }
}

/// A number of bytes above 0, with or without a unit: `512MiB`, `2 GiB`, `1000`.
pub fn bytes(text: &str) -> Option<usize> {
    const UNITS: [(&str, f64); 8] = [
        ("KIB", 1024.0),
        ("MIB", 1024.0 * 1024.0),
        ("GIB", 1024.0 * 1024.0 * 1024.0),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("B", 1.0),
        ("", 1.0),
    ];
    let text = text.trim().to_ascii_uppercase();
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let bytes = number.trim().parse::<f64>().ok()? * factor;
    // A limit beyond all memory is none.
    (bytes >= 1.0).then_some(bytes as usize)
}

/// What to say of a text that is no number of bytes.
pub fn no_bytes(text: &str) -> String {
    format!(
        "memory is {text:?}; it must be a number of bytes above 0, such as \"512 MiB\" or \"2 GiB\""
    )
}

/// Parses a number with a fraction.
///
/// # Errors
///
/// If it is none.
pub fn decimal<T: FromStr>(text: &str) -> Result<T, NumberError> {
    text.parse().map_err(|_| {
        let meant = text.replacen(',', ".", 1);
        match meant != text && meant.parse::<T>().is_ok() {
            true => NumberError::Comma { meant },
            false => NumberError::NotNumber,
        }
    })
}

fn not_whole(text: &str) -> NumberError {
    let bare: String = text.split([',', '_', '\'']).collect();
    let meant = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    NumberError::NotWhole {
        example: if meant { bare } else { "10".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_or_refused_in_words() {
        let read = whole::<u16>(1);
        assert_eq!(read("0"), Ok(0), "the command's to refuse");
        assert_eq!(read("65535"), Ok(65535));
        assert_eq!(read("-3"), Err(NumberError::Negative { least: 1 }));
        for text in ["65536", "99999999999999999999999999999999999999999999"] {
            assert_eq!(read(text), Err(NumberError::TooLarge), "{text}");
        }
        for (text, example) in [("ten", "10"), ("1,000", "1000"), ("", "10"), ("-", "10")] {
            let example = example.into();
            assert_eq!(read(text), Err(NumberError::NotWhole { example }), "{text}");
        }
    }

    #[test]
    fn bytes_have_units_or_not() {
        assert_eq!(bytes("1000"), Some(1000));
        assert_eq!(bytes("2 GiB"), Some(2 << 30));
        assert_eq!(bytes("1.5MiB"), Some(3 << 19));
        assert_eq!(bytes("7 kB"), Some(7000));
        assert_eq!(bytes("12 b"), Some(12));
        for text in ["", "much", "-1", "0", "1 TiBi", "nan"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_have_a_point() {
        assert_eq!(decimal::<f32>("-0.5"), Ok(-0.5));
        let meant = "0.05".into();
        assert_eq!(decimal::<f64>("0,05"), Err(NumberError::Comma { meant }));
        for text in ["", "fast", "0,0,5", "1.000,5"] {
            assert_eq!(decimal::<f64>(text), Err(NumberError::NotNumber), "{text}");
        }
    }
}
