//! Where a training stands.

use crate::engine::EngineError;
use kiln_core::Outcome;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How far training has come. With the parameters and the velocity it is all that the steps still
/// to come depend on: the orders of the samples follow from the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Whole epochs done.
    pub epochs: u32,
    /// Steps done of the epoch after them.
    pub steps: u32,
    /// Sum of the losses in those steps.
    pub loss_sum: f64,
    /// Samples in those steps whose class was found.
    pub correct: usize,
    /// Samples in those steps.
    pub samples: usize,
    /// Time those steps took.
    pub time: Duration,
}

/// A state of training that cannot be gone on from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// The position is none of this run's.
    #[error(
        "it stands at epoch {epochs}, step {steps}, sample {samples} of a run of {of_epochs} \
         epochs of {of_steps} steps"
    )]
    Position {
        /// Whole epochs done.
        epochs: u32,
        /// Steps done of the next.
        steps: u32,
        /// Samples in them.
        samples: usize,
        /// Epochs of the run.
        of_epochs: u32,
        /// Steps of an epoch.
        of_steps: u32,
    },
    /// The velocity is not that of the network.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Position {
    /// What the steps of the running epoch reached.
    pub(super) fn outcome(&self) -> Outcome {
        Outcome {
            loss_sum: self.loss_sum,
            correct: self.correct,
            samples: self.samples,
        }
    }

    /// Moves on by a step, after which the epoch's outcome is `so_far`.
    pub(super) fn count(&mut self, so_far: &Outcome) {
        self.steps += 1;
        self.loss_sum = so_far.loss_sum;
        self.correct = so_far.correct;
        self.samples = so_far.samples;
    }
}
