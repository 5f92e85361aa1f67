//! Epochs as they go by: a progress bar, then a row of a table.

use super::course::Watch;
use super::report::EpochReport;
use crate::output::{Output, grouped};
use crate::training::{Epoch, Score};
use indicatif::{ProgressBar, ProgressStyle};
use kiln::Outcome;
use std::io;

/// The table of a run's epochs.
pub(super) struct Progress {
    output: Output,
    epochs: u32,
    steps: u32,
    bar: Option<EpochBar>,
}

/// The bar of an epoch; on standard error, and only where that is a terminal.
struct EpochBar(ProgressBar);

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
            bar: None,
        })
    }

    /// The bar of epoch `number`, of which `steps` steps are done.
    fn bar(&self, number: u32, steps: u32) -> EpochBar {
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
    fn row(&self, report: &EpochReport) -> io::Result<()> {
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

impl Watch for Progress {
    fn begin(&mut self, number: u32, steps: u32) {
        self.bar = Some(self.bar(number, steps));
    }

    fn step(&mut self, so_far: &Outcome) {
        if let Some(bar) = &self.bar {
            bar.step(so_far);
        }
    }

    fn pause(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.0.finish_and_clear();
        }
    }

    fn epoch(&mut self, number: u32, epoch: &Epoch) -> io::Result<()> {
        self.row(&EpochReport::new(number, epoch))
    }
}

impl EpochBar {
    fn step(&self, so_far: &Outcome) {
        if self.0.position().is_multiple_of(MESSAGE_EVERY) && !self.0.is_hidden() {
            let loss = so_far.loss_sum / so_far.samples as f64;
            self.0.set_message(format!("{loss:.4}"));
        }
        self.0.inc(1);
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
