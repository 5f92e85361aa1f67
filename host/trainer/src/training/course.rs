//! The course of a training: which samples each step sees, in what order, and by which update.

use crate::seeds::{self, Stream};
use crate::settings::{Hyperparameters, ScheduleSetting};
use kiln_core::{Schedule, Sgd, random};

/// All that a course follows from.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseRules {
    /// Indices of the samples to train on, as they lie before the first epoch's order is drawn.
    pub samples: Vec<u32>,
    /// Passes over the samples, at least 1.
    pub epochs: u32,
    /// Samples a step, at least 1.
    pub batch: u32,
    /// Seed of the orders.
    pub seed: u64,
    /// The update; its rate is the base that the schedule changes.
    pub sgd: Sgd,
    /// How the rate changes.
    pub schedule: ScheduleSetting,
    /// Whether an epoch's last batch is left out where it has exactly one sample: the variance of
    /// a single value, which batch normalisation needs, is none.
    pub drop_single: bool,
}

/// The steps of a training, each epoch's in an order of its own. The desktop's trainer and a
/// device's training take the very same ones.
pub struct Course {
    order: Vec<u32>,
    batch: usize,
    epochs: u32,
    steps: u32,
    sgd: Sgd,
    schedule: Schedule,
    draw: Box<dyn FnMut() -> u32 + Send>,
    /// Epochs whose order was drawn.
    drawn: u32,
}

/// One step of a course.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CourseStep<'a> {
    /// Number of its epoch, from 1.
    pub epoch: u32,
    /// Indices of its samples.
    pub samples: &'a [u32],
    /// Its update, with the rate that the schedule gives it.
    pub sgd: Sgd,
}

impl CourseRules {
    /// The course of a run with these settings over the samples at these indices.
    pub fn of(settings: &Hyperparameters, samples: Vec<u32>, drop_single: bool) -> Self {
        Self {
            samples,
            epochs: settings.epochs,
            batch: settings.batch,
            seed: settings.seed,
            sgd: settings.sgd(),
            schedule: settings.schedule,
            drop_single,
        }
    }

    /// Number of steps of an epoch; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> u32 {
        self.samples_per_epoch().div_ceil(self.batch as usize) as u32
    }

    /// Number of samples that the steps of an epoch see.
    pub fn samples_per_epoch(&self) -> usize {
        let samples = self.samples.len();
        let single = samples % self.batch as usize == 1 || samples > 0 && self.batch == 1;
        samples - usize::from(self.drop_single && single)
    }

    /// The course, before its first step.
    pub fn start(self) -> Course {
        let steps = self.steps_per_epoch();
        Course {
            batch: self.batch as usize,
            epochs: self.epochs,
            steps,
            sgd: self.sgd,
            schedule: self.schedule.in_steps(self.epochs, steps),
            draw: Box::new(seeds::source(self.seed, Stream::Order)),
            drawn: 0,
            order: self.samples,
        }
    }
}

impl Course {
    /// Number of steps of an epoch; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> u32 {
        self.steps
    }

    /// Number of samples that the first `steps` steps of an epoch see, but for those dropped.
    pub fn samples_before(&self, steps: u32) -> usize {
        let samples = (steps as usize).saturating_mul(self.batch);
        samples.min(self.order.len())
    }

    /// The step behind `epochs` whole epochs and `steps` steps of the next; nothing where that has
    /// no more.
    ///
    /// Each epoch's order is a shuffle of the one before, so a course goes forward only, over any
    /// number of steps: there is nothing either in an epoch before the last one asked for.
    pub fn step(&mut self, epochs: u32, steps: u32) -> Option<CourseStep<'_>> {
        if steps >= self.steps || self.drawn > epochs.saturating_add(1) {
            return None;
        }
        while self.drawn <= epochs {
            random::shuffle(&mut self.order, &mut self.draw);
            self.drawn += 1;
        }
        let sgd = Sgd {
            rate: self.rate(epochs, steps),
            ..self.sgd
        };
        let samples = self.samples_before(steps)..self.samples_before(steps + 1);
        Some(CourseStep {
            epoch: epochs + 1,
            samples: &self.order[samples],
            sgd,
        })
    }

    /// Calls `work` with every step, from the first.
    ///
    /// # Errors
    ///
    /// The first one of `work`.
    pub fn run<E>(
        &mut self,
        mut work: impl FnMut(CourseStep<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for epochs in 0..self.epochs {
            for steps in 0..self.steps {
                if let Some(step) = self.step(epochs, steps) {
                    work(step)?;
                }
            }
        }
        Ok(())
    }

    fn rate(&self, epochs: u32, steps: u32) -> f32 {
        let total = self.epochs.saturating_mul(self.steps);
        let step = epochs.saturating_mul(self.steps).saturating_add(steps);
        self.schedule.rate(self.sgd.rate, step, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(samples: u32, batch: u32, drop_single: bool) -> CourseRules {
        CourseRules {
            samples: (0..samples).map(|index| 2 * index + 3).collect(),
            epochs: 2,
            batch,
            seed: 4,
            sgd: Sgd::new(0.5),
            schedule: ScheduleSetting::Cosine { warmup: 0.0 },
            drop_single,
        }
    }

    /// The batches of each epoch, and the rates of all steps.
    fn batches(rules: CourseRules) -> ([Vec<Vec<u32>>; 2], Vec<f32>) {
        let mut epochs = [vec![], vec![]];
        let mut rates = Vec::new();
        let run = rules.start().run(|step| {
            epochs[step.epoch as usize - 1].push(step.samples.to_vec());
            rates.push(step.sgd.rate);
            Ok::<(), ()>(())
        });
        assert_eq!(run, Ok(()));
        (epochs, rates)
    }

    #[test]
    fn every_epoch_has_every_sample_once_and_a_seed_is_an_order() {
        let rules = rules(5, 2, false);
        let (epochs, rates) = batches(rules.clone());
        for epoch in &epochs {
            let lengths: Vec<usize> = epoch.iter().map(Vec::len).collect();
            assert_eq!(lengths, [2, 2, 1]);
            let mut sorted = epoch.concat();
            sorted.sort_unstable();
            assert_eq!(sorted, rules.samples);
        }
        assert!(rates[5] > 0.0 && rates.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(batches(rules.clone()).0, epochs);
        assert_ne!(epochs[0], epochs[1]);
        assert_eq!(rules.steps_per_epoch(), 3);
    }

    #[test]
    fn a_course_taken_up_in_the_middle_is_the_same() {
        let rules = rules(7, 3, false);
        let (epochs, rates) = batches(rules.clone());
        for (index, rate) in rates.iter().enumerate() {
            let (epoch, step) = (index / 3, index % 3);
            let mut course = rules.clone().start();
            let found = course.step(epoch as u32, step as u32).unwrap();
            assert_eq!(found.samples, epochs[epoch][step]);
            assert_eq!(found.sgd.rate.to_bits(), rate.to_bits());
        }
        let mut course = rules.start();
        assert!(course.step(0, 3).is_none());
        assert!(course.step(1, 0).is_some());
        assert!(course.step(0, 0).is_none(), "its order is gone");
    }

    #[test]
    fn a_last_batch_of_exactly_one_sample_can_be_left_out() {
        let kept = rules(7, 3, false);
        let dropped = rules(7, 3, true);
        assert_eq!((kept.steps_per_epoch(), dropped.steps_per_epoch()), (3, 2));
        assert_eq!(dropped.samples_per_epoch(), 6);
        let ([first, second], rates) = batches(dropped);
        let all = batches(kept).0;
        assert_eq!(first, all[0][..2]);
        assert_eq!(second, all[1][..2], "the orders are those of all samples");
        let total = |step| 0.5 * (0.5 * (1.0 + libm::cosf(std::f32::consts::PI * step / 4.0)));
        assert_eq!(rates, [0.0, 1.0, 2.0, 3.0].map(total));
        for (samples, steps) in [(6, 2), (8, 3), (1, 0), (0, 0)] {
            let rules = rules(samples, 3, true);
            assert_eq!(rules.steps_per_epoch(), steps, "{samples}");
        }
        assert_eq!(rules(5, 1, true).steps_per_epoch(), 4);
    }
}
