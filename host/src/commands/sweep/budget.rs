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
        let memory = memory
            .map(|text| number::bytes(text).ok_or_else(|| anyhow::anyhow!(number::no_bytes(text))));
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
