//! A forward pass of integers over many samples, shared among threads.

use super::awake;
use super::code_samples::fill_channels_first;
use super::code_worker::{CodePass, CodeWorker};
use kiln_core::{BufferError, GROUP, ModelTask, Outcome};

/// What all threads read, and how results are scored.
pub(super) struct Int8Pass<'a> {
    pub codes: CodePass<'a>,
    /// By which the output is scored.
    pub task: Option<ModelTask>,
}

impl Int8Pass<'_> {
    /// Halves the groups until there is a run of them for each worker.
    pub fn share(
        &self,
        workers: &mut [Box<dyn CodeWorker>],
        indices: &[u32],
        outcomes: &mut [Outcome],
        (scores, codes): (&mut [f32], &mut [i8]),
    ) -> Result<(), BufferError> {
        let threads = workers.len().min(outcomes.len());
        if threads < 2 {
            return self.run(&mut *workers[0], indices, outcomes, (scores, codes));
        }
        let half = threads / 2;
        let groups = (outcomes.len() * half).div_ceil(threads);
        let own = indices.len().min(groups * GROUP);
        let (row, classes) = (scores.len() / indices.len(), codes.len() / indices.len());
        let (workers, more_workers) = workers.split_at_mut(half);
        let (outcomes, more_outcomes) = outcomes.split_at_mut(groups);
        let (indices, more_indices) = indices.split_at(own);
        let (scores, more_scores) = scores.split_at_mut(own * row);
        let (codes, more_codes) = codes.split_at_mut(own * classes);
        let more = (more_scores, more_codes);
        let (low, high) = awake::join(
            || self.share(workers, indices, outcomes, (scores, codes)),
            || self.share(more_workers, more_indices, more_outcomes, more),
        );
        low.and(high)
    }

    fn run(
        &self,
        worker: &mut dyn CodeWorker,
        indices: &[u32],
        outcomes: &mut [Outcome],
        (scores, codes): (&mut [f32], &mut [i8]),
    ) -> Result<(), BufferError> {
        // Labels are of outputs of a single position.
        let is_single = self.codes.program.output_shape().map_elements() == 1;
        let wants_sum = scores.is_empty() && codes.is_empty();
        if wants_sum && is_single && self.task == Some(ModelTask::Classification) {
            return worker.score(&self.codes, indices, outcomes);
        }
        let classes = self.codes.program.classes();
        let row = scores.len() / indices.len().max(1);
        // Packets lie within groups.
        let lanes = worker.width().lanes();
        let mut passing = Passing::new(lanes, classes, codes.is_empty());
        for (at, indices) in indices.chunks(lanes).enumerate() {
            let (first, count) = (at * lanes, indices.len());
            let (codes, errors) = match codes.is_empty() {
                true => (
                    &mut passing.codes[..count * classes],
                    &mut passing.errors[..count],
                ),
                false => (
                    &mut codes[first * classes..][..count * classes],
                    &mut [][..],
                ),
            };
            let scores = &mut scores[first * row..][..count * row];
            let found = worker.infer(&self.codes, indices)?;
            let shape = self.codes.program.output_shape();
            if shape.map_elements() == 1 {
                codes.copy_from_slice(found);
            } else {
                let samples = found.chunks_exact(classes);
                for (found, codes) in samples.zip(codes.chunks_exact_mut(classes)) {
                    fill_channels_first(shape, found, codes);
                }
            }
            let outcome = &mut outcomes[at * lanes / GROUP];
            if self.task == Some(ModelTask::Reconstruction) {
                worker.scores().score_reconstruction(
                    &self.codes,
                    indices,
                    codes,
                    if row > 0 { scores } else { errors },
                    outcome,
                )?;
                continue;
            }
            let values = self.codes.quantized.values();
            let own = &values[values.len() - 1];
            for (number, code) in scores.iter_mut().zip(&*codes) {
                *number = own.number(*code);
            }
            if self.task.is_some() {
                worker
                    .scores()
                    .score_labels(&self.codes, indices, codes, outcome)?;
            }
        }
        Ok(())
    }
}

/// What a packet of samples gives, where that is not kept.
struct Passing {
    codes: Vec<i8>,
    errors: Vec<f32>,
}

impl Passing {
    /// Takes no memory where it `is_needed` by nobody.
    fn new(lanes: usize, classes: usize, is_needed: bool) -> Self {
        let lanes = if is_needed { lanes } else { 0 };
        Self {
            codes: vec![0; lanes * classes],
            errors: vec![0.0; lanes],
        }
    }
}
