//! Epochs as they go by: a progress bar, then a row of a table.

use super::report::EpochReport;
use crate::output::{Output, grouped};
use crate::training::Score;
use indicatif::{ProgressBar, ProgressStyle};
use kiln::Outcome;
use std::io;

/// The table of a run's epochs.
pub(super) struct Progress {
    output: Output,
    epochs: u32,
    steps: u32,
}

/// The bar of an epoch; on standard error, and only where that is a terminal.
pub(super) struct EpochBar(ProgressBar);

const BAR: &str = "epoch {prefix} {wide_bar} {pos}/{len} steps, loss {msg}";
/// Steps between two updates of the loss: formatting it costs more than moving the bar.
const MESSAGE_EVERY: u64 = 16;

impl Progress {
    /// Prints the table's head.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn start(output: Output, epochs: u32, steps: u32) -> io::Result<Self> {
        output.line("")?;
        output.line(row([
            "epoch",
            "train loss",
            "accuracy",
            "validation loss",
            "accuracy",
            "samples/s",
        ]))?;
        Ok(Self {
            output,
            epochs,
            steps,
        })
    }

    /// Shows the bar of epoch `number`, of which `steps` steps are done.
    pub fn epoch(&self, number: u32, steps: u32) -> EpochBar {
        let style = ProgressStyle::with_template(BAR);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(u64::from(self.steps)).with_style(style);
        let bar = bar.with_position(steps.into());
        EpochBar(bar.with_prefix(format!("{number}/{}", self.epochs)))
    }

    /// Prints the row of an epoch.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn row(&self, report: &EpochReport) -> io::Result<()> {
        let [train, validation] = [report.train(), report.validation()].map(cells);
        self.output.line(row([
            &report.epoch.to_string(),
            &train[0],
            &train[1],
            &validation[0],
            &validation[1],
            &grouped(report.samples_per_second as u64),
        ]))?;
        if report.epoch == self.epochs {
            self.output.line("")?;
        }
        Ok(())
    }
}

impl EpochBar {
    /// Moves on by a step, after which the epoch's outcome is `so_far`.
    pub fn step(&self, so_far: &Outcome) {
        if self.0.position().is_multiple_of(MESSAGE_EVERY) && !self.0.is_hidden() {
            let loss = so_far.loss_sum / so_far.samples as f64;
            self.0.set_message(format!("{loss:.4}"));
        }
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn cells(score: Option<Score>) -> [String; 2] {
    match score {
        Some(Score { loss, accuracy }) => {
            [format!("{loss:.4}"), format!("{:.2}%", 100.0 * accuracy)]
        }
        None => ["-".into(), "-".into()],
    }
}

fn row([epoch, train_loss, train, validation_loss, validation, speed]: [&str; 6]) -> String {
    format!(
        "{epoch:>5}  {train_loss:>10}  {train:>8}  {validation_loss:>15}  {validation:>8}  {speed:>10}"
    )
}
