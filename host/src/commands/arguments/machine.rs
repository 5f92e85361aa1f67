//! The part of the machine a command may use.

use crate::number;
use anyhow::{Result, bail, ensure};
use kiln_core::LaneWidth;
use std::thread;

/// How much of the machine to use. None of it changes a result, only its speed.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct MachineArguments {
    /// Threads to compute with [default: one per core]
    #[arg(long, allow_negative_numbers = true, value_parser = number::whole::<usize>(1), value_name = "N")]
    threads: Option<usize>,
    /// Samples a thread computes at once, by SIMD: a width, or the widest there is
    #[arg(long, value_name = "WIDTH", default_value = "auto", value_parser = ["auto", "1", "4", "8", "16"])]
    lanes: String,
}

/// More threads than this are a slip of the finger.
const MAX_THREADS: usize = 1_024;

impl MachineArguments {
    /// Number of threads to compute with.
    ///
    /// # Errors
    ///
    /// If the number given is 0 or absurd.
    pub fn threads(&self) -> Result<usize> {
        match self.threads {
            Some(threads) => checked_threads(threads),
            None => Ok(cores()),
        }
    }

    /// The lane width asked for; `None` for the widest there is.
    ///
    /// # Errors
    ///
    /// If this machine does not have it.
    pub fn lanes(&self) -> Result<Option<LaneWidth>> {
        lane_width(&self.lanes)
    }
}

/// As many threads as there are cores.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A number of threads to compute with.
///
/// # Errors
///
/// If it is 0 or absurd.
pub fn checked_threads(threads: usize) -> Result<usize> {
    ensure!(
        (1..=MAX_THREADS).contains(&threads),
        "threads is {threads}; it must be between 1 and {MAX_THREADS}"
    );
    Ok(threads)
}

/// The lane width that a text asks for; `None` where it names no width.
///
/// # Errors
///
/// If this machine does not have it.
pub fn lane_width(asked: &str) -> Result<Option<LaneWidth>> {
    let text = |width: &LaneWidth| width.lanes().to_string();
    let Some(wanted) = LaneWidth::ALL
        .into_iter()
        .find(|width| text(width) == asked)
    else {
        return Ok(None);
    };
    if !wanted.is_available() {
        let available: Vec<String> = LaneWidth::available().map(|width| text(&width)).collect();
        bail!(
            "lanes is {asked}, which this machine does not have; it has {} (or use auto)",
            available.join(", ")
        );
    }
    Ok(Some(wanted))
}
