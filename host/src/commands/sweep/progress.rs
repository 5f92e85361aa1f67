//! How a sweep goes on: a bar with the time left, and a line for each run that is done.

use super::run::Runs;
use crate::output::Output;
use crate::run::TrainingWatch;
use crate::sweep::result::RunResult;
use crate::training::Epoch;
use indicatif::{ProgressBar, ProgressStyle};
use kiln_core::Outcome;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The progress of a sweep; the bar is on standard error, and only where that is a terminal.
pub struct SweepProgress<'a> {
    runs: &'a Runs<'a>,
    output: Output,
    bar: ProgressBar,
    done: AtomicUsize,
    all: usize,
}

/// One run of it.
pub struct RunWatch<'a> {
    bar: &'a ProgressBar,
    /// Work of an epoch.
    work: u64,
    /// Whether the run has taken steps; epochs before were done in an earlier sitting.
    begun: bool,
}

const BAR: &str = "sweep {wide_bar} {msg} runs, {eta} left";

impl<'a> SweepProgress<'a> {
    /// Shows how much there is to do.
    pub fn start(runs: &'a Runs<'a>) -> Self {
        let open = runs.open();
        let work = open.iter().map(|index| runs.work(*index));
        let work = work.map(|(epoch, epochs)| epoch * u64::from(epochs)).sum();
        let style = ProgressStyle::with_template(BAR);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(work).with_style(style);
        bar.set_message(format!("0/{}", open.len()));
        bar.enable_steady_tick(Duration::from_secs(1));
        Self {
            runs,
            output: runs.output(),
            bar,
            done: AtomicUsize::new(0),
            all: open.len(),
        }
    }

    /// What is told how run number `index` goes on.
    pub fn watch(&self, index: usize) -> RunWatch<'_> {
        RunWatch {
            bar: &self.bar,
            work: self.runs.work(index).0,
            begun: false,
        }
    }

    /// Prints the line of a run that is done.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn done(
        &self,
        index: usize,
        name: &str,
        result: &RunResult,
        time: Duration,
    ) -> io::Result<()> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let place = format!("{done}/{}", self.all);
        self.bar.set_message(place.clone());
        let outcome = match result {
            RunResult::Trained { validation, .. } => {
                format!("{:.2}%", 100.0 * validation.accuracy.unwrap_or(f64::NAN))
            }
            RunResult::Diverged { epoch, step } => {
                let (work, epochs) = self.runs.work(index);
                let left = u64::from((epochs + 1).saturating_sub(*epoch));
                self.bar.inc(work * left);
                format!("diverged in epoch {epoch}, step {step}")
            }
            RunResult::Unquantized { cause } => format!("not quantised: {cause}"),
        };
        let seconds = time.as_secs_f64();
        let line = format_args!("{name}  {outcome}, {seconds:.1} s");
        self.bar.suspend(|| self.output.item(&place, line))
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl TrainingWatch for RunWatch<'_> {
    fn begin(&mut self, _number: u32, _steps: u32) {
        self.begun = true;
    }

    fn step(&mut self, _so_far: &Outcome) {}

    fn pause(&mut self) {}

    fn epoch(&mut self, _number: u32, _epoch: &Epoch) -> io::Result<()> {
        self.bar.inc(self.work);
        if !self.begun {
            // It tells nothing about the speed.
            self.bar.reset_eta();
        }
        Ok(())
    }
}
