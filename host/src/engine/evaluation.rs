//! A forward pass over many samples, shared among threads.

use super::groups::{Batch, Evaluator};
use crate::data::Samples;
use kiln::{BufferError, GROUP, Lanes, Outcome, Plan, Scaling};

/// Samples scored together. Their losses are summed in order, then the pieces' sums in order, so
/// that the number of threads does not show in the loss.
pub(super) const PIECE: usize = 16 * GROUP;

/// What an evaluation reads.
pub(super) struct Evaluation<'a> {
    pub plan: &'a Plan,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
    pub samples: &'a Samples,
}

/// What some of the threads have to do.
pub(super) struct Share<'a, L> {
    /// One for each thread.
    pub evaluators: &'a mut [Evaluator<L>],
    /// One result for each [`PIECE`] of the indices.
    pub pieces: &'a mut [Result<Outcome, BufferError>],
    pub indices: &'a [u32],
    /// Empty, or indices x classes.
    pub logits: &'a mut [f32],
}

impl Evaluation<'_> {
    pub fn run<L: Lanes>(&self, share: Share<'_, L>) {
        if share.evaluators.len() < 2 || share.pieces.len() < 2 {
            return self.run_alone(share);
        }
        let (low, high) = share.halves();
        rayon::join(|| self.run(low), || self.run(high));
    }

    fn run_alone<L: Lanes>(&self, share: Share<'_, L>) {
        let row = share.row();
        let mut logits = share.logits;
        for (piece, indices) in share.pieces.iter_mut().zip(share.indices.chunks(PIECE)) {
            let (own, rest) = logits.split_at_mut(indices.len() * row);
            logits = rest;
            *piece = self.piece(&mut share.evaluators[0], indices, row, own);
        }
    }

    fn piece<L: Lanes>(
        &self,
        evaluator: &mut Evaluator<L>,
        indices: &[u32],
        row: usize,
        mut logits: &mut [f32],
    ) -> Result<Outcome, BufferError> {
        let mut outcome = Outcome::default();
        for indices in indices.chunks(GROUP) {
            let (own, rest) = logits.split_at_mut(indices.len() * row);
            logits = rest;
            let samples = self.samples;
            let batch = Batch { samples, indices };
            outcome += evaluator.forward(self.plan, self.scaling, self.parameters, &batch, own)?;
        }
        Ok(outcome)
    }
}

impl<'a, L> Share<'a, L> {
    /// Values of logits for each index: 0 where none are wanted.
    const fn row(&self) -> usize {
        self.logits.len() / self.indices.len()
    }

    fn halves(self) -> (Self, Self) {
        let row = self.row();
        let threads = self.evaluators.len() / 2;
        let pieces = (self.pieces.len() * threads / self.evaluators.len()).max(1);
        let indices = self.indices.len().min(pieces * PIECE);
        let (evaluators, more_evaluators) = self.evaluators.split_at_mut(threads);
        let (pieces, more_pieces) = self.pieces.split_at_mut(pieces);
        let (logits, more_logits) = self.logits.split_at_mut(indices * row);
        let (indices, more_indices) = self.indices.split_at(indices);
        let low = Self {
            evaluators,
            pieces,
            indices,
            logits,
        };
        let high = Self {
            evaluators: more_evaluators,
            pieces: more_pieces,
            indices: more_indices,
            logits: more_logits,
        };
        (low, high)
    }
}
