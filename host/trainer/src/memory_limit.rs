//! How much memory the program may take, and whether what a network or a file asks for is to be had.
//!
//! Whatever follows from a number in a file is compared with the limit before it is taken. The limit is
//! the process's own, since the memory is: it is set once, by the command line.

use crate::platform;
use std::fmt;
use std::sync::OnceLock;

/// More memory than there may be, or than there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{purpose}: {} of memory needed, but {limit}", Amount(*.needed))]
pub struct MemoryError {
    /// What needs it.
    pub purpose: String,
    /// Bytes needed.
    pub needed: u64,
    /// Why that is too much.
    pub limit: MemoryLimit,
}

/// What memory is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryLimit {
    /// Bytes of `--memory`.
    Given(u64),
    /// Bytes that this machine, or what the process may take of it, has left.
    Free(u64),
    /// The system refuses.
    Refused,
}

/// Fewer bytes than that are taken without asking the system what is left, which takes longer than a small network's
/// inference.
const UNASKED: usize = 1 << 16;

impl MemoryError {
    /// The same, which says what file or dataset it is about.
    #[must_use]
    pub fn of(self, name: impl fmt::Display) -> Self {
        let purpose = format!("{name}: {}", self.purpose);
        Self { purpose, ..self }
    }
}

static GIVEN: OnceLock<u64> = OnceLock::new();

/// Sets the limit of this process in bytes, the first time it is called.
pub fn set(bytes: u64) {
    // A second limit is none: what was checked against the first has been taken.
    let _ = GIVEN.set(bytes);
}

/// Bytes that may still be taken: what the limit given leaves, or else what the machine has free; `None` where
/// that is not known.
pub fn left() -> Option<u64> {
    match GIVEN.get() {
        Some(given) => Some(given.saturating_sub(platform::taken_memory())),
        None => platform::free_memory(),
    }
}

/// Whether `bytes` can be had for `purpose`; they are not taken yet.
///
/// # Errors
///
/// If they are more than the limit given leaves, or else than the machine has free; or the system refuses.
pub fn check(bytes: usize, purpose: impl fmt::Display) -> Result<(), MemoryError> {
    if bytes < UNASKED {
        return Ok(());
    }
    let needed = bytes as u64;
    let error = |limit| MemoryError {
        purpose: purpose.to_string(),
        needed,
        limit,
    };
    if let Some(left) = left().filter(|left| needed > *left) {
        let limit = GIVEN.get().map(|given| MemoryLimit::Given(*given));
        return Err(error(limit.unwrap_or(MemoryLimit::Free(left))));
    }
    // In one piece, so that the pieces are to be had behind it, without the program's end.
    match Vec::<u8>::new().try_reserve_exact(bytes) {
        Ok(()) => Ok(()),
        Err(_) => Err(error(MemoryLimit::Refused)),
    }
}

/// `count` values, checked as by [`check`].
///
/// # Errors
///
/// As [`check`].
pub fn filled<T: Clone>(
    count: usize,
    value: T,
    purpose: impl fmt::Display,
) -> Result<Vec<T>, MemoryError> {
    let bytes = count.saturating_mul(size_of::<T>());
    check(bytes, &purpose)?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| MemoryError {
        purpose: purpose.to_string(),
        needed: bytes as u64,
        limit: MemoryLimit::Refused,
    })?;
    values.resize(count, value);
    Ok(values)
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(bytes) => write!(formatter, "--memory allows {} in all", Amount(*bytes)),
            Self::Free(bytes) => write!(
                formatter,
                "{} are free; make it smaller, or set the limit with --memory",
                Amount(*bytes)
            ),
            Self::Refused => write!(formatter, "the system gives no more; make it smaller"),
        }
    }
}

/// Bytes in words.
struct Amount(u64);

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..0x10_0000 => write!(formatter, "{:.1} KiB", bytes / 1024.0),
            0x10_0000..0x4000_0000 => write!(formatter, "{:.1} MiB", bytes / 1024.0 / 1024.0),
            _ => write!(formatter, "{:.1} GiB", bytes / 1024.0 / 1024.0 / 1024.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_is_refused_in_words() {
        assert_eq!(check(1 << 20, "a network"), Ok(()));
        assert_eq!(filled(3, 7_u16, "samples"), Ok(vec![7; 3]));
        let refused = check(usize::MAX, "a network").unwrap_err().to_string();
        let begin = "a network: 17179869184.0 GiB of memory needed, but ";
        assert!(refused.starts_with(begin), "{refused}");
        assert!(filled(usize::MAX, 1_u64, "samples").is_err());
    }
}
