//! The backward pass over a batch, shared among threads.

use super::awake;
use super::groups::{Batch, Group, Worker};
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Plan, Scaling};

/// What a backward pass reads.
pub(super) struct Backward<'a> {
    pub plan: &'a Plan,
    pub scaling: &'a Scaling,
    pub parameters: &'a [f32],
    pub samples: &'a Samples,
    pub augmenter: Option<&'a EpochAugmenter>,
    /// One over the size of the batch.
    pub mean: f32,
}

impl Backward<'_> {
    /// Runs the groups of `indices`, halved until each of the workers has its run of them.
    pub fn run<L: Lanes>(
        &self,
        workers: &mut [Worker<L>],
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        if workers.len() < 2 || groups.len() < 2 {
            return self.run_alone(&mut workers[0], groups, indices);
        }
        let half = workers.len() / 2;
        let run = (groups.len() * half).div_ceil(workers.len());
        let (workers, more_workers) = workers.split_at_mut(half);
        let (groups, more_groups) = groups.split_at_mut(run);
        let (indices, more_indices) = indices.split_at(indices.len().min(run * GROUP));
        let (first, second) = awake::join(
            || self.run(workers, groups, indices),
            || self.run(more_workers, more_groups, more_indices),
        );
        first.and(second)
    }

    fn run_alone<L: Lanes>(
        &self,
        worker: &mut Worker<L>,
        groups: &mut [Group],
        indices: &[u32],
    ) -> Result<(), BufferError> {
        for (group, indices) in groups.iter_mut().zip(indices.chunks(GROUP)) {
            let batch = Batch {
                samples: self.samples,
                indices,
                augmenter: self.augmenter,
            };
            let (plan, scaling, parameters) = (self.plan, self.scaling, self.parameters);
            worker.backward(plan, scaling, parameters, &batch, self.mean, group)?;
        }
        Ok(())
    }
}
