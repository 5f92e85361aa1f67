//! A run's epochs, from its start or from a checkpoint.

use super::checkpoints::Checkpoints;
use super::interruption::Interruption;
use super::progress::Progress;
use super::report::EpochReport;
use crate::output::Output;
use crate::training::{Epoch, Trainer, TrainingError};
use anyhow::Result;

/// A run in training.
pub(super) struct Course<'a> {
    pub output: Output,
    pub checkpoints: Checkpoints<'a>,
    pub interruption: Interruption,
    /// Epochs of the run.
    pub epochs: u32,
}

impl Course<'_> {
    /// Trains after the epochs `done` until all are; false if it was interrupted before that.
    ///
    /// A checkpoint is kept of every epoch, and of an interruption, to the step.
    ///
    /// # Errors
    ///
    /// That training diverged, which leaves no checkpoint, or that the checkpoint of an
    /// interruption could not be written.
    pub fn run(mut self, trainer: &mut Trainer<'_>, done: &mut Vec<Epoch>) -> Result<bool> {
        let steps = trainer.steps_per_epoch();
        let progress = Progress::start(self.output, self.epochs, steps, trainer.position())?;
        for (number, epoch) in (1..).zip(&*done) {
            progress.row(&EpochReport::new(number, epoch))?;
        }
        while trainer.position().epochs < self.epochs {
            let number = trainer.position().epochs + 1;
            let bar = progress.epoch(number, trainer.position().steps);
            let interruption = &self.interruption;
            let epoch = if interruption.wanted() {
                Ok(None)
            } else {
                trainer.epoch(|so_far| {
                    bar.step(so_far);
                    interruption.check()
                })
            };
            bar.finish();
            // It would diverge again.
            if matches!(epoch, Err(TrainingError::Diverged { .. })) {
                self.checkpoints.abandon()?;
            }
            let Some(epoch) = epoch? else {
                self.checkpoints.keep_now(trainer, done)?;
                return Ok(false);
            };
            done.push(epoch);
            self.checkpoints.keep(self.output, trainer, done)?;
            progress.row(&EpochReport::new(number, &epoch))?;
        }
        self.checkpoints.settle(self.output)?;
        Ok(true)
    }
}
