//! A run's epochs, from its start or from a checkpoint.

use super::checkpoints::Checkpoints;
use super::interruption::Interruption;
use crate::output::Output;
use crate::training::{DatasetTrainer, Epoch, TrainingError};
use anyhow::Result;
use kiln_core::Outcome;
use std::io;

/// A run in training.
pub struct TrainingLoop<'a> {
    /// Where it is told that a checkpoint could not be written.
    pub output: Output,
    /// Where the state is kept.
    pub checkpoints: Checkpoints<'a>,
    /// What can end the run before its end.
    pub interruption: Interruption,
    /// Epochs of the run.
    pub epochs: u32,
}

/// Who is told how a run goes on.
pub trait TrainingWatch: Send {
    /// Epoch `number` goes on behind `steps` of its steps.
    fn begin(&mut self, number: u32, steps: u32);
    /// A step was taken, after which the epoch's outcome is `so_far`.
    fn step(&mut self, so_far: &Outcome);
    /// No step is taken for now.
    fn pause(&mut self);
    /// Epoch `number` is done, now or before the run was gone on with.
    ///
    /// # Errors
    ///
    /// If it cannot be told.
    fn epoch(&mut self, number: u32, epoch: &Epoch) -> io::Result<()>;
}

impl TrainingLoop<'_> {
    /// Trains after the epochs `done` until all are, and takes the weights that are to be kept; false if it was
    /// interrupted before that.
    ///
    /// A checkpoint is kept of every epoch, and of an interruption, to the step.
    ///
    /// # Errors
    ///
    /// That training diverged, which leaves no checkpoint, or that the checkpoint of an
    /// interruption could not be written.
    pub fn run(
        mut self,
        trainer: &mut DatasetTrainer<'_>,
        done: &mut Vec<Epoch>,
        watch: &mut impl TrainingWatch,
    ) -> Result<bool> {
        for (number, epoch) in (1..).zip(&*done) {
            watch.epoch(number, epoch)?;
        }
        while trainer.position().epochs < self.epochs {
            let number = trainer.position().epochs + 1;
            watch.begin(number, trainer.position().steps);
            let interruption = &self.interruption;
            let epoch = if interruption.wanted() {
                Ok(None)
            } else {
                trainer.epoch(|so_far| {
                    watch.step(so_far);
                    interruption.check()
                })
            };
            watch.pause();
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
            watch.epoch(number, &epoch)?;
        }
        self.checkpoints.settle(self.output)?;
        trainer.settle()?;
        Ok(true)
    }
}
