//! One input: what comes of it, and what it takes.

use crate::memory;
use crate::targets::Target;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a reader makes of an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether it is sound.
    pub accepted: bool,
    /// What it is, in words that tell kinds apart; or why it is not sound, in those of the error.
    pub words: String,
    /// Bytes that its own data need.
    pub need: usize,
}

/// Longer than this no input may take, nor more memory than this beyond twice what its data need.
pub const MOST_TIME: Duration = Duration::from_secs(10);
const MOST_BESIDE: usize = 64 << 20;

/// Bytes of a kind that count.
const LONGEST_KIND: usize = 160;

static PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps the words of panics, which are told with the input, from the terminal.
pub fn catch_words() {
    panic::set_hook(Box::new(|told| {
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = told.to_string();
    }));
}

/// What comes of an input, or in what it fails.
pub fn measured(target: &Target, input: &[u8]) -> Result<Verdict, String> {
    let start = Instant::now();
    let run = || panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let (verdict, peak) = memory::peak(run);
    let verdict = verdict.map_err(|_| {
        let words = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        format!("it panics: {}", words.replace('\n', " "))
    })?;
    let need = verdict.need;
    let most = need.saturating_add(input.len()).saturating_mul(2);
    let most = most.saturating_add(MOST_BESIDE);
    if peak > most {
        return Err(format!(
            "it takes {peak} bytes, where its data need {need} and {most} are the most: {verdict:?}"
        ));
    }
    match start.elapsed() {
        time if time > MOST_TIME => Err(format!("it takes {time:?}: {verdict:?}")),
        _ => Ok(verdict),
    }
}

impl Verdict {
    /// What of it tells one kind from another: no numbers, and nothing that the input says itself.
    pub fn kind(&self) -> String {
        let (mut kind, mut quoted) = (String::new(), false);
        for letter in self.words.chars() {
            match letter {
                '"' | '`' => quoted = !quoted,
                _ if quoted => continue,
                '0'..='9' if kind.ends_with('#') => continue,
                '0'..='9' => kind.push('#'),
                letter => kind.push(letter),
            }
            // Long ones go on with what the input says.
            if kind.len() >= LONGEST_KIND {
                break;
            }
        }
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mend;
    use crate::targets::Grammar;

    fn target(run: fn(&[u8]) -> Verdict) -> Target {
        Target {
            name: "planted",
            run,
            mend: mend::nothing,
            grammar: Grammar::Bytes,
        }
    }

    fn refused(_: &[u8]) -> Verdict {
        Verdict {
            accepted: false,
            words: "layer 12 \"x 3\" has `y` 7 of 800".into(),
            need: 0,
        }
    }

    #[test]
    fn what_panics_or_takes_too_much_fails() {
        let panics = target(|input| match input {
            [7, ..] => panic!("seven"),
            _ => refused(input),
        });
        assert_eq!(measured(&panics, &[1]), Ok(refused(&[])));
        assert!(measured(&panics, &[7]).is_err_and(|words| words.contains("it panics")));
        let takes = target(|input| {
            let bytes = usize::from(input[0]) << 20;
            let taken = std::hint::black_box(vec![1_u8; bytes]);
            Verdict {
                need: taken.len() * usize::from(input[1]) / 10,
                ..refused(input)
            }
        });
        assert!(measured(&takes, &[60, 0]).is_ok());
        assert!(measured(&takes, &[200, 4]).is_ok());
        let failed = measured(&takes, &[200, 1]);
        assert!(failed.is_err_and(|words| words.contains("bytes")));
    }

    #[test]
    fn kinds_have_no_numbers_and_nothing_quoted() {
        assert_eq!(refused(&[]).kind(), "layer #  has  # of #");
    }
}
