//! The steps of a run, the same for the device and for the desktop.

use crate::seeds::{self, Stream};
use anyhow::Result;
use kiln::random;

/// Which samples are trained on, how often, and in what order.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Indices of the samples to train on.
    pub samples: Vec<u32>,
    pub epochs: u32,
    pub batch: usize,
    pub seed: u64,
}

impl Course {
    /// Number of steps of an epoch; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> usize {
        self.samples.len().div_ceil(self.batch)
    }

    /// Calls `step` with the number of the epoch, from 1, and the samples of every step. Each epoch
    /// has a new order, drawn as `kiln train` draws it.
    ///
    /// # Errors
    ///
    /// The first one of `step`.
    pub fn run(&self, mut step: impl FnMut(u32, &[u32]) -> Result<()>) -> Result<()> {
        let mut order = self.samples.clone();
        let mut draw = seeds::source(self.seed, Stream::Order);
        for epoch in 1..=self.epochs {
            random::shuffle(&mut order, &mut draw);
            for batch in order.chunks(self.batch) {
                step(epoch, batch)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_every_sample_once_and_a_seed_is_an_order() {
        let course = Course {
            samples: vec![3, 5, 7, 9, 11],
            epochs: 2,
            batch: 2,
            seed: 4,
        };
        let order = |course: &Course| {
            let mut epochs = [vec![], vec![]];
            course
                .run(|epoch, batch| {
                    assert!((1..=2).contains(&batch.len()));
                    epochs[epoch as usize - 1].extend_from_slice(batch);
                    Ok(())
                })
                .unwrap();
            epochs
        };
        let first = order(&course);
        for epoch in &first {
            let mut sorted = epoch.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, course.samples);
        }
        assert_eq!(order(&course), first);
        assert_ne!(first[0], first[1]);
        assert_eq!(course.steps_per_epoch(), 3);
    }
}
