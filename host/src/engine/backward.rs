//! The backward pass over a batch, shared among threads.

use super::awake;
use super::groups::{Batch, Group, Worker};
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Program, Scaling};

/// What a backward pass reads.
pub(super) struct Backward<'a> {
    pub program: &'a Program,
    /// Which phase of the step it is.
    pub phase: usize,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
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
    /// Runs the groups of `indices`, halved until each of the workers has its run of them.
    pub fn run<L: Lanes>(
        &self,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        self.run_from(0, workers, groups, indices)
    }

    /// The same for groups of which the first has number `first` in the batch.
    fn run_from<L: Lanes>(
        &self,
        first: usize,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        if workers.len() < 2 || groups.len() < 2 {
            return self.run_alone(first, &mut workers[0], groups, indices);
        }
        let half = workers.len() / 2;
        let run = (groups.len() * half).div_ceil(workers.len());
        let (workers, more_workers) = workers.split_at_mut(half);
        let (groups, more_groups) = groups.split_at_mut(run);
        let (indices, more_indices) = indices.split_at(indices.len().min(run * GROUP));
        let (low, high) = awake::join(
            || self.run_from(first, workers, groups, indices),
            || self.run_from(first + run, more_workers, more_groups, more_indices),
        );
        low.and(high)
    }

    fn run_alone<L: Lanes>(
        &self,
        first: usize,
        worker: &mut Worker<L>,
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        let runs = groups.iter_mut().zip(indices.chunks(GROUP));
        for (number, (group, indices)) in runs.enumerate() {
            let batch = Batch {
                samples: self.samples,
                indices,
                augmenter: self.augmenter,
            };
            let first = (first + number) * GROUP;
            worker.run_phase(self, &batch, first, group)?;
        }
        Ok(())
    }
}
