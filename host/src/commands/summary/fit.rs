//! Whether a network fits a board.

use super::SummaryReport;
use crate::boards::{Board, Need};
use crate::output::{Output, grouped};
use serde::Serialize;
use std::io;

/// What a network needs of a board, beside what the board has, in bytes.
#[derive(Debug, Serialize)]
pub(super) struct Fit {
    pub name: &'static str,
    /// Flash for the parameters.
    flash: Need,
    /// RAM for inference, the input in it.
    inference: Need,
    /// RAM for training as the desktop does it: working memory, parameters, gradient and velocity.
    training: Need,
    /// What it needs for each training on a device, in the order of the report.
    device_training: Vec<TrainingFit>,
}

/// What a training on a device needs.
#[derive(Debug, Serialize)]
pub(super) struct TrainingFit {
    name: &'static str,
    /// Flash for the parameters, and for what is learned.
    flash: Need,
    /// RAM in all.
    ram: Need,
}

impl Fit {
    pub fn of(report: &SummaryReport, board: Board) -> Self {
        let flash = |needed| Need::of_flash(&board, needed);
        let ram = |needed| Need::of_ram(&board, needed);
        let modes = report.device_training.iter();
        Self {
            name: board.name,
            flash: flash(report.parameter_bytes),
            inference: ram(report.arena_bytes),
            training: ram(report.training_bytes + 3 * report.parameter_bytes),
            device_training: modes
                .map(|mode| TrainingFit {
                    name: mode.name,
                    flash: flash(report.parameter_bytes + mode.storage),
                    ram: ram(mode.total),
                })
                .collect(),
        }
    }

    /// A verdict on each training on a device.
    pub fn verdicts(&self) -> impl Iterator<Item = String> {
        self.device_training.iter().map(|fit| {
            let over =
                [("RAM", fit.ram), ("flash", fit.flash)].map(|(memory, need)| need.missing(memory));
            let over: Vec<String> = over.into_iter().flatten().collect();
            if over.is_empty() {
                "fits".into()
            } else {
                over.join(", ")
            }
        })
    }

    pub fn describe(&self, output: Output) -> io::Result<()> {
        let needs = [("parameters", self.flash), ("inference", self.inference)];
        describe_needs(output, self.name, needs)
    }
}

/// Says how flash, for what is called so, and RAM of an inference fit a board.
pub(super) fn describe_needs(
    output: Output,
    board: &str,
    [(first, flash), (second, ram)]: [(&str, Need); 2],
) -> io::Result<()> {
    output.item("board", board)?;
    for (what, need, memory, rest) in [
        (first, flash, "flash", "the program"),
        (second, ram, "RAM with the input", "stack and buffers"),
    ] {
        let [needed, reserved, available] =
            [need.needed, need.reserved, need.available].map(|bytes| grouped(bytes as u64));
        let verdict = match need.fits {
            true => "fits".into(),
            false => format!(
                "does not fit, {} bytes too many",
                grouped(need.over() as u64)
            ),
        };
        output.item(
            "",
            format_args!(
                "{what:<11}{needed} of {available} bytes of {memory}, beside {reserved} for \
                 {rest}: {verdict}"
            ),
        )?;
    }
    Ok(())
}
