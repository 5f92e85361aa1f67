//! A forward pass over many samples, shared among threads.

use super::evaluator::Evaluator;
use super::groups::Batch;
use super::single::SingleProgram;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Outcome, Program, Scaling};
use rayon::prelude::*;

/// What an evaluation reads.
pub(super) struct Evaluation<'a, L> {
    pub program: &'a Program,
    /// For samples that go one by one, prepared where there are such.
    pub single: Option<&'a SingleProgram<L>>,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
    pub samples: &'a Samples,
    /// Values that a sample leaves.
    pub row: usize,
}

impl<L: Lanes> Evaluation<'_, L> {
    /// Evaluates the samples group by group; every thread takes a run of groups. The groups' results
    /// are left in `pieces`, so that their sum does not depend on the threads. `scores` has a row for
    /// each index where they are wanted.
    pub fn run(
        &self,
        evaluators: &mut [Evaluator<L>],
        pieces: &mut [Result<Outcome, BufferError>],
        indices: &[u32],
        scores: Option<&mut [f32]>,
    ) {
        let share = pieces.len().div_ceil(evaluators.len()).max(1);
        let runs = evaluators
            .par_iter_mut()
            .zip(pieces.par_chunks_mut(share))
            .zip(indices.par_chunks(share * GROUP));
        let row = self.row;
        match scores {
            Some(scores) => runs
                .zip(scores.par_chunks_mut(share * GROUP * row))
                .for_each(|(((evaluator, pieces), indices), scores)| {
                    self.pieces(evaluator, pieces, indices, scores);
                }),
            None => runs.for_each(|((evaluator, pieces), indices)| {
                self.pieces(evaluator, pieces, indices, &mut []);
            }),
        }
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
