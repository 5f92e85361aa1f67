//! Epochs as they go by: a progress bar, then a row of a table.

use crate::output::{Output, grouped};
use crate::run::{EpochReport, TrainingWatch};
use crate::training::{Epoch, MeanScore, Position};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use kiln_core::Outcome;
use std::io;
use std::time::{Duration, Instant};

/// The table of a run's epochs.
pub(super) struct TrainProgress {
    output: Output,
    epochs: u32,
    /// Of an epoch.
    steps: u32,
    pace: Pace,
    bar: Option<EpochBar>,
}

/// The bar of an epoch; on standard error, and only where that is a terminal.
struct EpochBar {
    bar: ProgressBar,
    /// Steps of the run before the epoch.
    before: u64,
    pace: Pace,
}

/// How fast a run goes on, from where this program took it up.
#[derive(Clone, Copy)]
struct Pace {
    since: Instant,
    /// Steps of the run that were done then.
    from: u64,
    /// Steps of the whole run.
    of: u64,
}

const BAR: &str = "epoch {prefix} {wide_bar} {pos}/{len} steps, {msg}";
/// Steps between two updates of the loss: formatting it costs more than moving the bar.
const MESSAGE_EVERY: u64 = 16;

impl TrainProgress {
    /// Prints the table's head of a run that is to go on at `position`.
    ///
    /// # Errors
    ///
    /// If the output cannot be written.
    pub fn start(output: Output, epochs: u32, steps: u32, position: &Position) -> io::Result<Self> {
        let steps_of = |epochs: u32| u64::from(epochs) * u64::from(steps);
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
            pace: Pace {
                since: Instant::now(),
                from: steps_of(position.epochs) + u64::from(position.steps),
                of: steps_of(epochs),
            },
            bar: None,
        })
    }

    /// The bar of epoch `number`, of which `steps` steps are done.
    fn bar(&self, number: u32, steps: u32) -> EpochBar {
        let style = ProgressStyle::with_template(BAR);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(u64::from(self.steps)).with_style(style);
        let bar = bar.with_position(steps.into());
        EpochBar {
            bar: bar.with_prefix(format!("{number}/{}", self.epochs)),
            before: u64::from(number - 1) * u64::from(self.steps),
            pace: self.pace,
        }
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

impl TrainingWatch for TrainProgress {
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
            bar.bar.finish_and_clear();
        }
    }

    fn epoch(&mut self, number: u32, epoch: &Epoch) -> io::Result<()> {
        self.row(&EpochReport::new(number, epoch))
    }
}

impl EpochBar {
    /// Moves on by a step, after which the epoch's outcome is `so_far`.
    fn step(&self, so_far: &Outcome) {
        let position = self.bar.position();
        if position.is_multiple_of(MESSAGE_EVERY) && !self.bar.is_hidden() {
            let loss = so_far.loss_sum / so_far.samples as f64;
            let done = self.before + position + 1;
            let left = match self.pace.left(done, self.pace.since.elapsed()) {
                Some(left) => format!(", {} left", HumanDuration(left)),
                None => String::new(),
            };
            self.bar.set_message(format!("loss {loss:.4}{left}"));
        }
        self.bar.inc(1);
    }
}

impl Pace {
    /// How long the run will go on, validation included, if it does as it did in the time `taken`,
    /// after which `done` of its steps are done; nothing where too few were to tell.
    fn left(self, done: u64, taken: Duration) -> Option<Duration> {
        let taken_up = done
            .checked_sub(self.from)
            .filter(|steps| *steps >= MESSAGE_EVERY)?;
        let steps = self.of.saturating_sub(done);
        let seconds = taken.as_secs_f64() * steps as f64 / taken_up as f64;
        Duration::try_from_secs_f64(seconds.ceil()).ok()
    }
}

fn cells(score: Option<MeanScore>) -> [String; 2] {
    match score {
        Some(MeanScore { loss, accuracy }) => {
            let accuracy = accuracy.map(|share| format!("{:.2}%", 100.0 * share));
            [format!("{loss:.4}"), accuracy.unwrap_or("-".into())]
        }
        None => ["-".into(), "-".into()],
    }
}

fn row([epoch, train_loss, train, validation_loss, validation, speed]: [&str; 6]) -> String {
    format!(
        "{epoch:>5}  {train_loss:>10}  {train:>8}  {validation_loss:>15}  {validation:>8}  {speed:>10}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_whole_run() {
        let pace = |from| Pace {
            since: Instant::now(),
            from,
            of: 1000,
        };
        let left = |from, done, seconds| pace(from).left(done, Duration::from_secs(seconds));
        assert_eq!(left(0, 100, 10), Some(Duration::from_secs(90)));
        // Taken up again after 500 steps: those were not done in this time.
        assert_eq!(left(500, 600, 10), Some(Duration::from_secs(40)));
        assert_eq!(left(0, 1000, 10), Some(Duration::ZERO));
        assert_eq!(left(500, 510, 10), None, "too soon to tell");
        assert_eq!(left(500, 400, 10), None);
    }
}
