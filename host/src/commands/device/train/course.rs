//! The steps of a run, the same for the device and for the desktop.

use crate::seeds::{self, Stream};
use crate::settings::ScheduleSetting;
use anyhow::Result;
use kiln_core::random;

/// Which samples are trained on, how often, and in what order.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Indices of the samples to train on.
    pub samples: Vec<u32>,
    pub epochs: u32,
    pub batch: usize,
    pub seed: u64,
    /// Base learning rate.
    pub lr: f32,
    pub schedule: ScheduleSetting,
}

/// One step of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct CourseStep<'a> {
    /// Number of its epoch, from 1.
    pub epoch: u32,
    /// Indices of its samples.
    pub samples: &'a [u32],
    /// Learning rate.
    pub rate: f32,
}

impl Course {
    /// Number of steps of an epoch; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> usize {
        self.samples.len().div_ceil(self.batch)
    }

    /// Calls `work` with every step. Each epoch has a new order, drawn as `kiln train` draws it.
    ///
    /// # Errors
    ///
    /// The first one of `work`.
    pub fn run(&self, mut work: impl FnMut(CourseStep<'_>) -> Result<()>) -> Result<()> {
        let mut order = self.samples.clone();
        let mut draw = seeds::source(self.seed, Stream::Order);
        let steps = self.steps_per_epoch() as u32;
        let schedule = self.schedule.in_steps(steps);
        let mut number = 0;
        for epoch in 1..=self.epochs {
            random::shuffle(&mut order, &mut draw);
            for samples in order.chunks(self.batch) {
                let rate = schedule.rate(self.lr, number, self.epochs * steps);
                work(CourseStep {
                    epoch,
                    samples,
                    rate,
                })?;
                number += 1;
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
            lr: 0.5,
            schedule: ScheduleSetting::Cosine { warmup: 0.0 },
        };
        let order = |course: &Course| {
            let mut epochs = [vec![], vec![]];
            let mut last = 1.0;
            course
                .run(|step| {
                    assert!((1..=2).contains(&step.samples.len()));
                    assert!(step.rate < last && step.rate > 0.0);
                    last = step.rate;
                    epochs[step.epoch as usize - 1].extend_from_slice(step.samples);
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
