//! A forward pass over many samples, shared among threads.

use super::awake;
use super::evaluator::Evaluator;
use super::groups::Batch;
use super::single::SingleProgram;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Outcome, Program, Scaling};

/// What an evaluation reads.
pub(super) struct Evaluation<'a, L> {
    pub program: &'a Program,
    /// For samples that go one by one, prepared where there are such.
    pub single: Option<&'a SingleProgram<L>>,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
    pub samples: &'a Samples,
}

impl<L: Lanes> Evaluation<'_, L> {
    /// Evaluates the samples group by group; every thread takes a run of groups. The groups' results
    /// are left in `pieces`, so that their sum does not depend on the threads. `scores` has a row for
    /// each index, or nothing where they are not wanted.
    pub fn run(
        &self,
        evaluators: &mut [Evaluator<L>],
        pieces: &mut [Result<Outcome, BufferError>],
        indices: &[u32],
        scores: &mut [f32],
    ) {
        let threads = evaluators.len().min(pieces.len());
        if threads < 2 {
            return self.pieces(&mut evaluators[0], pieces, indices, scores);
        }
        let half = threads / 2;
        let share = (pieces.len() * half).div_ceil(threads);
        let own = indices.len().min(share * GROUP);
        let row = scores.len() / indices.len();
        let (evaluators, more_evaluators) = evaluators.split_at_mut(half);
        let (pieces, more_pieces) = pieces.split_at_mut(share);
        let (indices, more_indices) = indices.split_at(own);
        let (scores, more_scores) = scores.split_at_mut(own * row);
        awake::join(
            || self.run(evaluators, pieces, indices, scores),
            || self.run(more_evaluators, more_pieces, more_indices, more_scores),
        );
    }

    fn pieces(
        &self,
        evaluator: &mut Evaluator<L>,
        pieces: &mut [Result<Outcome, BufferError>],
        indices: &[u32],
        mut scores: &mut [f32],
    ) {
        let row = scores.len() / indices.len().max(1);
        for (piece, indices) in pieces.iter_mut().zip(indices.chunks(GROUP)) {
            let (own, rest) = scores.split_at_mut(indices.len() * row);
            scores = rest;
            let batch = Batch {
                samples: self.samples,
                indices,
                augmenter: None,
            };
            *piece = evaluator.forward(self, &batch, own);
        }
    }
}
