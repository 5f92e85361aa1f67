//! A forward pass over many samples, shared among threads.

use super::groups::{Batch, Evaluator};
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Outcome, Program, Scaling};
use rayon::prelude::*;

/// What an evaluation reads.
pub(super) struct Evaluation<'a> {
    pub program: &'a Program,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
    pub samples: &'a Samples,
}

impl Evaluation<'_> {
    /// Evaluates the samples group by group; every thread takes a run of groups. The groups' results
    /// are left in `pieces`, so that their sum does not depend on the threads. `logits` is indices x
    /// classes where they are wanted.
    pub fn run<L: Lanes>(
        &self,
        evaluators: &mut [Evaluator<L>],
        pieces: &mut [Result<Outcome, BufferError>],
        indices: &[u32],
        logits: Option<&mut [f32]>,
    ) {
        let share = pieces.len().div_ceil(evaluators.len()).max(1);
        let runs = evaluators
            .par_iter_mut()
            .zip(pieces.par_chunks_mut(share))
            .zip(indices.par_chunks(share * GROUP));
        let row = self.program.classes();
        match logits {
            Some(logits) => runs
                .zip(logits.par_chunks_mut(share * GROUP * row))
                .for_each(|(((evaluator, pieces), indices), logits)| {
                    self.pieces(evaluator, pieces, indices, logits);
                }),
            None => runs.for_each(|((evaluator, pieces), indices)| {
                self.pieces(evaluator, pieces, indices, &mut []);
            }),
        }
    }

    fn pieces<L: Lanes>(
        &self,
        evaluator: &mut Evaluator<L>,
        pieces: &mut [Result<Outcome, BufferError>],
        indices: &[u32],
        mut logits: &mut [f32],
    ) {
        let row = logits.len() / indices.len().max(1);
        for (piece, indices) in pieces.iter_mut().zip(indices.chunks(GROUP)) {
            let (own, rest) = logits.split_at_mut(indices.len() * row);
            logits = rest;
            let batch = Batch {
                samples: self.samples,
                indices,
                augmenter: None,
            };
            *piece = evaluator.forward(self.program, self.scaling, self.parameters, &batch, own);
        }
    }
}
