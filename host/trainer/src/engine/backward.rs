//! The backward pass over a batch, shared among threads.

use super::awake;
use super::groups::{Batch, Group, Worker};
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Program, Quantization, Scaling};

/// What a backward pass reads.
pub(super) struct Backward<'a> {
    pub program: &'a Program,
    pub threads: usize,
    /// Which phase of the step it is.
    pub phase: usize,
    pub scaling: &'a Scaling,
    /// What a sample of each class counts; empty where each counts 1.
    pub class_weights: &'a [f32],
    pub parameters: &'a [f32],
    /// What each value is rounded to, if anything.
    pub fake_quantization: Option<&'a [Quantization]>,
    pub samples: &'a Samples,
    pub augmenter: Option<&'a EpochAugmenter>,
    /// What the groups' meetings left so far.
    pub moments: &'a [f32],
    /// Samples of the batch.
    pub batch: usize,
    /// What dropout draws from: the run's seed, and the number of the step.
    pub draw: [u64; 2],
}

impl Backward<'_> {
    /// Runs the groups of `indices`, each thread a run of them. There is a worker for each thread, or,
    /// where the step has several phases, for each group, whose packets stay in it.
    pub fn run<L: Lanes>(
        &self,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        let workers = match self.program.phases() {
            1 => workers,
            _ => &mut workers[..groups.len()],
        };
        self.run_from(0, self.threads, workers, groups, indices)
    }

    /// The same for groups of which the first has number `first` in the batch.
    fn run_from<L: Lanes>(
        &self,
        first: usize,
        threads: usize,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        let threads = threads.min(groups.len());
        if threads < 2 {
            return self.run_alone(first, workers, groups, indices);
        }
        let half = threads / 2;
        let run = (groups.len() * half).div_ceil(threads);
        let own = match self.program.phases() {
            1 => half,
            _ => run,
        };
        let (workers, more_workers) = workers.split_at_mut(own);
        let (groups, more_groups) = groups.split_at_mut(run);
        let (indices, more_indices) = indices.split_at(indices.len().min(run * GROUP));
        let rest = threads - half;
        let (low, high) = awake::join(
            || self.run_from(first, half, workers, groups, indices),
            || self.run_from(first + run, rest, more_workers, more_groups, more_indices),
        );
        low.and(high)
    }

    /// One group after another: to and fro, so that each phase begins with what the last one has left
    /// in the cache.
    fn run_alone<L: Lanes>(
        &self,
        first: usize,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        let count = groups.len();
        for number in 0..count {
            let number = match self.phase % 2 {
                0 => number,
                _ => count - 1 - number,
            };
            let end = indices.len().min((number + 1) * GROUP);
            let batch = Batch {
                samples: self.samples,
                indices: &indices[number * GROUP..end],
                augmenter: self.augmenter,
            };
            let first = (first + number) * GROUP;
            let worker = match self.program.phases() {
                1 => &mut workers[0],
                _ => &mut workers[number],
            };
            worker.run_phase(self, &batch, first, &mut groups[number])?;
        }
        Ok(())
    }
}
