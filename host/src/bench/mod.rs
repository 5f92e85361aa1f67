//! `kiln bench`: how fast this machine trains and infers, beside what it could do at most.

mod limit;
mod subject;

use crate::output::{Output, TABLE_STYLE};
use anyhow::Result;
use comfy_table::{CellAlignment, Table};
use kiln_core::LaneWidth;
use limit::SpeedLimits;
use serde::Serialize;
use std::time::Duration;
use subject::{BenchSubject, Timing};

/// Measure the speed of training and inference against this machine's limit.
///
/// Times whole training steps (forward, backward, update) of 64 samples, and inference of 64
/// samples and of one, for the MNIST network and the RGB network with 100 classes, with one thread
/// and with all, at every lane width this processor has. The limit is what a loop of separate
/// multiplies and adds reaches in registers, on as many threads. Every figure is the best of many
/// rounds, the rounds of all settings taken in turn; its fraction is that of the limit measured
/// around the same round, since virtual cores may share a real one for a while.
///
/// "of limit" holds a figure against the machine's limit, which is that of its best lane width; "of
/// width" against the limit of the lane width in the same row, which is what a machine without wider
/// instructions would show.
#[derive(Debug, clap::Args)]
pub struct BenchArguments {
    /// Seconds to measure, about
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Print one JSON object on standard output, and everything else on standard error
    #[arg(long)]
    json: bool,
}

/// The result as JSON.
#[derive(Debug, Serialize)]
struct BenchReport {
    limits: Vec<Limit>,
    results: Vec<Measurement>,
}

/// What the machine can do on some threads.
#[derive(Clone, Debug, Serialize)]
struct Limit {
    threads: usize,
    /// Multiply-accumulates a second, in thousand millions, product and sum rounded separately, at
    /// the best width.
    gmacs: f64,
    /// The same at every width.
    widths: Vec<WidthLimit>,
}

#[derive(Clone, Debug, Serialize)]
struct WidthLimit {
    lanes: usize,
    gmacs: f64,
}

/// One network on some threads at one width.
#[derive(Debug, Serialize)]
struct Measurement {
    network: &'static str,
    threads: usize,
    lanes: usize,
    training: Speed,
    inference: Speed,
    inference_single: Speed,
}

#[derive(Debug, Serialize)]
struct Speed {
    microseconds: f64,
    gmacs: f64,
    /// Of the machine's limit on as many threads, around the same time.
    fraction: f64,
    /// Of the limit at the same width.
    fraction_of_width: f64,
}

/// Runs the command.
///
/// # Errors
///
/// Threads that cannot be started, or an output that cannot be written.
pub fn run(arguments: &BenchArguments) -> Result<()> {
    let output = Output::new(arguments.json);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut threads = vec![1, cores];
    threads.dedup();
    let mut subjects = subjects(&threads)?;
    let limits = measure(
        &mut subjects,
        &threads,
        Duration::from_secs(arguments.seconds),
    )?;
    let report = report(&subjects, limits);
    for limit in &report.limits {
        let text = format!(
            "{:.1} GMAC/s of separate multiplies and adds, {} thread{}",
            limit.gmacs,
            limit.threads,
            if limit.threads == 1 { "" } else { "s" }
        );
        output.item("limit", text)?;
    }
    output.line(table(&report))?;
    output.object(&report)?;
    Ok(())
}

impl Limit {
    fn of((threads, limits): &(usize, SpeedLimits)) -> Self {
        let width = |(width, gmacs): (LaneWidth, f64)| WidthLimit {
            lanes: width.lanes(),
            gmacs,
        };
        Self {
            threads: *threads,
            gmacs: limits.best(),
            widths: limits.widths().map(width).collect(),
        }
    }
}

fn subjects(threads: &[usize]) -> Result<Vec<BenchSubject>> {
    let mut subjects = Vec::new();
    for network in subject::NETWORKS {
        for threads in threads {
            for lanes in LaneWidth::available() {
                subjects.push(BenchSubject::new(&network, *threads, lanes)?);
            }
        }
    }
    Ok(subjects)
}

/// Takes rounds of everything in turn until the time is up, and gives the limits.
fn measure(subjects: &mut [BenchSubject], threads: &[usize], time: Duration) -> Result<Vec<Limit>> {
    let start = std::time::Instant::now();
    let mut limits: Vec<_> = threads
        .iter()
        .map(|t| (*t, SpeedLimits::measure(*t)))
        .collect();
    loop {
        for subject in &mut *subjects {
            let reached = subject.round()?;
            for (threads, limit) in &mut limits {
                if *threads == subject.threads() {
                    *limit = reached.clone().larger(limit);
                }
            }
        }
        if start.elapsed() >= time {
            return Ok(limits.iter().map(Limit::of).collect());
        }
    }
}

fn report(subjects: &[BenchSubject], limits: Vec<Limit>) -> BenchReport {
    let results = subjects
        .iter()
        .map(|subject| {
            let best = subject.best();
            let forward = subject.inference_macs();
            Measurement {
                network: subject.name(),
                threads: subject.threads(),
                lanes: subject.lanes().lanes(),
                training: speed(best.training, subject.training_macs()),
                inference: speed(best.inference, forward),
                inference_single: speed(best.inference_single, forward),
            }
        })
        .collect();
    BenchReport { limits, results }
}

/// `macs` are those of one sample.
fn speed(timing: Timing, macs: u64) -> Speed {
    let gmacs = macs as f64 / timing.seconds / 1e9;
    Speed {
        microseconds: timing.seconds * 1e6,
        gmacs,
        fraction: gmacs / timing.limit,
        fraction_of_width: gmacs / timing.width_limit,
    }
}

fn table(report: &BenchReport) -> Table {
    let mut table = Table::new();
    table.load_style(TABLE_STYLE);
    table.set_header([
        "network",
        "threads",
        "lanes",
        "train us",
        "GMAC/s",
        "of limit",
        "of width",
        "infer us",
        "GMAC/s",
        "of limit",
        "of width",
        "single us",
    ]);
    for result in &report.results {
        table.add_row([
            result.network.to_string(),
            result.threads.to_string(),
            result.lanes.to_string(),
            format!("{:.2}", result.training.microseconds),
            format!("{:.1}", result.training.gmacs),
            percent(result.training.fraction),
            percent(result.training.fraction_of_width),
            format!("{:.2}", result.inference.microseconds),
            format!("{:.1}", result.inference.gmacs),
            percent(result.inference.fraction),
            percent(result.inference.fraction_of_width),
            format!("{:.1}", result.inference_single.microseconds),
        ]);
    }
    for column in 1..12 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn percent(fraction: f64) -> String {
    format!("{:.0}%", 100.0 * fraction)
}
