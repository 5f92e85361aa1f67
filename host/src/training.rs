//! Training: the split, the order of the samples, and the epochs.

use crate::data::Samples;
use crate::engine::{Engine, EngineError};
use crate::seeds::{self, Stream};
use crate::settings::Hyperparameters;
use kiln::{Outcome, Schedule, Sgd, random};
use std::time::{Duration, Instant};

/// Which of the training samples train and which validate, as indices in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Samples to train on.
    pub train: Vec<u32>,
    /// Samples held out.
    pub validation: Vec<u32>,
}

/// Nothing is left to train on.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "{samples} training samples leave none to train on beside {held_out} held out; \
     lower --validation or add samples"
)]
pub struct SplitError {
    /// Samples there are.
    pub samples: usize,
    /// Samples that would be held out.
    pub held_out: usize,
}

/// Why training stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// The loss became infinite or not a number.
    #[error(
        "training diverged in epoch {epoch}, step {step}: the loss is no longer a finite number; \
         nothing was saved, try a lower --lr than {lr}"
    )]
    Diverged {
        /// Number of the epoch, from 1.
        epoch: u32,
        /// Number of the step in the epoch, from 1.
        step: u32,
        /// The base learning rate.
        lr: f64,
    },
    /// The samples do not fit the network.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// How well a network does on some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Mean loss of a sample.
    pub loss: f64,
    /// Fraction of the samples whose class is found.
    pub accuracy: f64,
}

/// What an epoch reached and took.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    /// On the training samples, each as the weights were when it was its turn; a split leaves at
    /// least one.
    pub train: Option<Score>,
    /// On the samples held out, after the epoch; nothing where none are.
    pub validation: Option<Score>,
    /// Samples trained on.
    pub samples: usize,
    /// Time of the training steps.
    pub train_time: Duration,
    /// Time of all, validation included.
    pub time: Duration,
}

/// A network in training.
pub struct Trainer<'a> {
    engine: Engine,
    course: Course<'a>,
}

/// The samples, their order, and how far training has come.
struct Course<'a> {
    samples: &'a Samples,
    validation: Vec<u32>,
    order: Vec<u32>,
    draw: Box<dyn FnMut() -> u32 + Send>,
    settings: Hyperparameters,
    schedule: Schedule,
    epochs_done: u32,
}

impl Split {
    /// Holds out `fraction` of `samples` samples, at least one unless it is 0, drawn by `seed`.
    ///
    /// # Errors
    ///
    /// If no sample would be left to train on.
    pub fn new(samples: usize, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        let wanted = (samples as f64 * fraction).round() as usize;
        let held_out = if fraction > 0.0 { wanted.max(1) } else { 0 };
        if held_out >= samples {
            return Err(SplitError { samples, held_out });
        }
        let mut validation: Vec<u32> = (0..samples as u32).collect();
        random::shuffle(&mut validation, seeds::source(seed, Stream::Split));
        let mut train = validation.split_off(held_out);
        train.sort_unstable();
        validation.sort_unstable();
        Ok(Self { train, validation })
    }
}

impl<'a> Trainer<'a> {
    /// Trains the engine's network on the split's part of `samples`.
    pub fn new(
        engine: Engine,
        samples: &'a Samples,
        split: Split,
        settings: Hyperparameters,
    ) -> Self {
        let steps = steps_per_epoch(split.train.len(), settings.batch);
        let course = Course {
            samples,
            order: split.train,
            validation: split.validation,
            draw: Box::new(seeds::source(settings.seed, Stream::Order)),
            schedule: settings.schedule.in_steps(steps),
            settings,
            epochs_done: 0,
        };
        Self { engine, course }
    }

    /// Number of steps an epoch has; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> u32 {
        self.course.steps()
    }

    /// Trains for one epoch in a new order, then validates.
    ///
    /// `progress` is called after every step with what the epoch reached so far.
    ///
    /// # Errors
    ///
    /// If the loss stops being finite, or the samples do not fit the network.
    pub fn epoch(&mut self, progress: impl FnMut(&Outcome) + Send) -> Result<Epoch, TrainingError> {
        let course = &mut self.course;
        self.engine.within(|engine| course.epoch(engine, progress))
    }

    /// Scores all of `samples` with the weights as they are; nothing where there are none.
    ///
    /// # Errors
    ///
    /// If the samples do not fit the network.
    pub fn score(&mut self, samples: &Samples) -> Result<Option<Score>, EngineError> {
        let all: Vec<u32> = (0..samples.len() as u32).collect();
        Ok(Score::of(&self.engine.evaluate(samples, &all, None)?))
    }

    /// The parameters as they are.
    pub fn parameters(&self) -> &[f32] {
        self.engine.parameters()
    }
}

impl Course<'_> {
    fn steps(&self) -> u32 {
        steps_per_epoch(self.order.len(), self.settings.batch)
    }

    fn epoch(
        &mut self,
        engine: &mut Engine,
        progress: impl FnMut(&Outcome),
    ) -> Result<Epoch, TrainingError> {
        let start = Instant::now();
        random::shuffle(&mut self.order, &mut self.draw);
        let train = self.pass(engine, progress)?;
        let train_time = start.elapsed();
        let validation = engine.evaluate(self.samples, &self.validation, None)?;
        // The last step's damage shows in no loss of a step.
        let sound = engine.parameters().iter().all(|value| value.is_finite());
        if !sound || !validation.loss_sum.is_finite() {
            return Err(self.diverged(self.steps()));
        }
        self.epochs_done += 1;
        Ok(Epoch {
            train: Score::of(&train),
            validation: Score::of(&validation),
            samples: train.samples,
            train_time,
            time: start.elapsed(),
        })
    }

    /// A step for every batch of the order.
    fn pass(
        &self,
        engine: &mut Engine,
        mut progress: impl FnMut(&Outcome),
    ) -> Result<Outcome, TrainingError> {
        let mut so_far = Outcome::default();
        let batches = self.order.chunks(self.settings.batch as usize);
        for (step, batch) in (0..self.steps()).zip(batches) {
            so_far += engine.step(self.samples, batch, &self.optimizer(step))?;
            if !so_far.loss_sum.is_finite() {
                return Err(self.diverged(step + 1));
            }
            progress(&so_far);
        }
        Ok(so_far)
    }

    fn diverged(&self, step: u32) -> TrainingError {
        TrainingError::Diverged {
            epoch: self.epochs_done + 1,
            step,
            lr: self.settings.lr,
        }
    }

    fn optimizer(&self, step: u32) -> Sgd {
        let steps = self.steps();
        let total = self.settings.epochs.saturating_mul(steps);
        let step = self.epochs_done.saturating_mul(steps).saturating_add(step);
        Sgd {
            rate: self.schedule.rate(self.settings.lr as f32, step, total),
            momentum: self.settings.momentum as f32,
            weight_decay: self.settings.weight_decay as f32,
            nesterov: false,
        }
    }
}

fn steps_per_epoch(samples: usize, batch: u32) -> u32 {
    samples.div_ceil(batch as usize) as u32
}

impl Score {
    /// Mean loss and share of correct classes of what was counted; nothing where no sample was.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        let samples = outcome.samples as f64;
        (outcome.samples > 0).then(|| Self {
            loss: outcome.loss_sum / samples,
            accuracy: outcome.correct as f64 / samples,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_uses_every_sample_once_and_follows_its_seed() {
        let split = Split::new(1_000, 0.1, 1).unwrap();
        assert_eq!(split.validation.len(), 100);
        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1_000));
        assert_eq!(Split::new(1_000, 0.1, 1), Ok(split.clone()));
        assert_ne!(Split::new(1_000, 0.1, 2), Ok(split));
    }

    #[test]
    fn a_split_leaves_something_to_train_on() {
        assert!(Split::new(3, 0.0, 1).unwrap().validation.is_empty());
        assert_eq!(Split::new(3, 0.01, 1).unwrap().validation.len(), 1);
        let error = SplitError {
            samples: 2,
            held_out: 2,
        };
        assert_eq!(Split::new(2, 0.9, 1), Err(error));
        assert!(Split::new(0, 0.0, 1).is_err());
    }
}
