//! Where the groups of a batch meet.
//!
//! Without batch normalisations there is one phase, from the input to the last gradient. A batch
//! normalisation needs the statistics of the whole batch before it can go on, forward and backward,
//! so each makes two phases more.

use super::{Operation, Program};
use core::ops::Range;

/// A part of a training step that each group of a batch runs by itself; between two of them the
/// groups meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Steps that run forward, in order. A batch normalisation that is the first of them
    /// normalises by the moments of the batch.
    pub(crate) forward: Range<usize>,
    /// Whether the loss comes behind them.
    pub(crate) loss: bool,
    /// Steps that run backward, from the last to the first. A batch normalisation that is the last
    /// of them, the first to run, knows the batch's sums already.
    pub(crate) backward: Range<usize>,
    /// The batch normalisation at which the groups meet behind this phase.
    pub(crate) meeting: Option<usize>,
}

impl Phase {
    /// Whether the groups meet behind it for the sums of gradients, not for statistics.
    pub(crate) const fn is_backward(&self) -> bool {
        self.loss || self.backward.start < self.backward.end
    }
}

impl<const STEPS: usize> Program<STEPS> {
    /// Number of phases of a training step: 1, and 2 more for each batch normalisation.
    pub const fn phases(&self) -> usize {
        2 * self.batch_norms + 1
    }

    /// Phase `index`, counted from 0.
    pub(crate) fn phase(&self, index: usize) -> Phase {
        let (norms, len) = (self.batch_norms, self.len);
        // Backward, the last phase but `k` is the mirror of phase `k`.
        let mirror = self.phases() - 1 - index;
        let forward = match index <= norms {
            true => self.boundary(index)..self.boundary(index + 1),
            false => 0..0,
        };
        let backward = match mirror <= norms {
            // The batch normalisation at the end leaves its sums before the groups meet, and runs
            // on behind the meeting.
            true => self.boundary(mirror)..(self.boundary(mirror + 1) + 1).min(len),
            false => 0..0,
        };
        let meeting = match (index < norms, mirror > 0) {
            (true, _) => Some(self.boundary(index + 1)),
            (false, true) => Some(self.boundary(mirror)),
            (false, false) => None,
        };
        Phase {
            forward,
            loss: index == norms,
            backward,
            meeting,
        }
    }

    /// The step of batch normalisation number `index`, counted from 1; the first step for 0, the end
    /// for one more than there are.
    fn boundary(&self, index: usize) -> usize {
        if index == 0 {
            return 0;
        }
        let steps = self.steps().iter().enumerate();
        let mut norms =
            steps.filter(|(_, step)| matches!(step.operation, Operation::BatchNorm { .. }));
        norms.nth(index - 1).map_or(self.len, |(step, _)| step)
    }
}
