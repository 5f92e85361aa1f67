//! A thread's memory to evaluate samples, and what becomes of the outputs.

use super::evaluation::Evaluation;
use super::groups::Batch;
use super::single::{SingleMemory, SingleProgram};
use kiln_core::{
    BufferError, GROUP, Lanes, Loss, Outcome, Program, Scaling, score, score_reconstruction,
};
use std::ops::Range;

/// Memory to evaluate samples.
pub(super) struct Evaluator<L> {
    arena: Vec<L>,
    /// A packet's samples once more, where the output is held against those; empty where it is held
    /// against labels.
    target: Vec<L>,
    single: SingleMemory<L>,
}

impl<L: Lanes> Evaluator<L> {
    pub fn new(program: &Program, single: Option<&SingleProgram<L>>, loss: Loss, zero: L) -> Self {
        Self {
            arena: vec![zero; program.arena_packets()],
            target: vec![zero; target_packets(program, loss)],
            single: SingleMemory::new(single, loss, zero),
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        size_of_val(&self.arena[..]) + size_of_val(&self.target[..]) + self.single.bytes()
    }

    /// Forward over at most [`GROUP`] samples, one packet after another, or one by one where a packet
    /// has few. `scores` is either empty or, of each sample, its logits, or its error where it is
    /// held against itself.
    pub fn forward(
        &mut self,
        pass: &Evaluation<'_, L>,
        batch: &Batch<'_>,
        scores: &mut [f32],
    ) -> Result<Outcome, BufferError> {
        let mut labels = [0; GROUP];
        let mut scored = Scored {
            batch,
            scaling: pass.scaling,
            labels: batch.labels(&mut labels),
            scores,
            outcome: Outcome::default(),
        };
        let count = batch.indices.len();
        for first in (0..count).step_by(L::LANES) {
            let samples = first..count.min(first + L::LANES);
            match pass.single {
                Some(single) if SingleProgram::<L>::serves(samples.len()) => {
                    for sample in samples {
                        let (sample, memory) = (sample..sample + 1, &mut self.single);
                        memory.infer(single, pass.scaling, batch, sample.clone())?;
                        scored.take(&memory.output, &mut memory.target, sample)?;
                    }
                }
                _ => {
                    let fill = |input: &mut [L]| batch.pack(samples.clone(), pass.scaling, input);
                    let program = pass.program;
                    let output = program.infer(pass.parameters, &mut self.arena, fill)?;
                    scored.take(output, &mut self.target, samples)?;
                }
            }
        }
        Ok(scored.outcome)
    }
}

/// What becomes of a network's outputs.
struct Scored<'a> {
    batch: &'a Batch<'a>,
    scaling: &'a Scaling,
    labels: &'a [u16],
    scores: &'a mut [f32],
    outcome: Outcome,
}

impl Scored<'_> {
    /// Scores the output for some samples of the batch; `target` is memory for what it is held
    /// against, empty where that is labels.
    fn take<M: Lanes>(
        &mut self,
        output: &[M],
        target: &mut [M],
        samples: Range<usize>,
    ) -> Result<(), BufferError> {
        let outcome = &mut self.outcome;
        if !target.is_empty() {
            self.batch.pack(samples.clone(), self.scaling, target);
            let mut errors = [0.0; GROUP];
            let errors = &mut errors[..samples.len()];
            score_reconstruction(output, target, errors, outcome)?;
            if let Some(own) = self.scores.get_mut(samples) {
                own.copy_from_slice(errors);
            }
            return Ok(());
        }
        score(output, &self.labels[samples.clone()], outcome)?;
        let rows = self.scores.chunks_exact_mut(output.len());
        for (lane, row) in rows.skip(samples.start).take(samples.len()).enumerate() {
            let values = M::values(output).chunks_exact(M::LANES);
            for (logit, lanes) in row.iter_mut().zip(values) {
                *logit = lanes[lane];
            }
        }
        Ok(())
    }
}

/// Packets that samples take once more, as what an output is held against.
pub(super) fn target_packets(program: &Program, loss: Loss) -> usize {
    match loss {
        Loss::MeanSquaredError => program.input_shape().elements(),
        Loss::CrossEntropy { .. } => 0,
    }
}
