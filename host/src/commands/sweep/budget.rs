//! What a sweep may take: of the file, and of the arguments, which take precedence.

use crate::number;
use crate::sweep::file;
use crate::sweep::schedule::Limits;
use anyhow::{Result, ensure};
use std::thread;
use std::time::Duration;

/// The budget as arguments.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct BudgetArguments {
    /// Minutes of training until the sweep ends, done or not
    #[arg(long, value_parser = number::decimal::<f64>, value_name = "N", allow_negative_numbers = true)]
    minutes: Option<f64>,
    /// Memory of all trainings at one time, such as 512MiB or 2GiB
    #[arg(long, value_name = "BYTES")]
    memory: Option<String>,
    /// Trainings at one time, each with one thread [default: one per core]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    parallel: Option<usize>,
}

/// The budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepBudget {
    pub time: Option<Duration>,
    pub limits: Limits,
}

/// More at once are a slip of the finger.
const MOST: usize = 1_024;
/// A century is as good as no limit, and no sum of times overflows.
const LONGEST: f64 = 100.0 * 366.0 * 24.0 * 60.0;

impl SweepBudget {
    /// Brings arguments and file together.
    ///
    /// # Errors
    ///
    /// What is no number of minutes, bytes or trainings.
    pub fn new(arguments: &BudgetArguments, file: &file::Budget) -> Result<Self> {
        let minutes = arguments.minutes.or(file.minutes);
        if let Some(minutes) = minutes {
            ensure!(
                minutes > 0.0,
                "minutes is {minutes}; it must be a number above 0, such as 30"
            );
        }
        let memory = arguments.memory.as_ref().or(file.memory.as_ref());
        let memory = memory.map(|text| {
            bytes(text).ok_or_else(|| {
                anyhow::anyhow!(
                    "memory is {text:?}; it must be a number of bytes above 0, such as \
                     \"512 MiB\" or \"2 GiB\""
                )
            })
        });
        let parallel = arguments.parallel.or(file.parallel);
        if let Some(parallel) = parallel {
            ensure!(
                (1..=MOST).contains(&parallel),
                "parallel is {parallel}; it must be between 1 and {MOST}"
            );
        }
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            time: minutes.map(|minutes| Duration::from_secs_f64(60.0 * minutes.min(LONGEST))),
            limits: Limits {
                parallel: parallel.unwrap_or_else(cores),
                memory: memory.transpose()?,
            },
        })
    }
}

/// A number of bytes with or without a unit.
fn bytes(text: &str) -> Option<usize> {
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

#[cfg(test)]
mod tests {
    use super::bytes;

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
}
