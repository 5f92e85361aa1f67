//! Training: the split, the order of the samples, and the epochs.

mod best;
mod course;
mod epoch;
mod position;
mod split;
mod weighting;

pub use best::BestEpoch;
pub use course::{Course, CourseRules, CourseStep};
pub use epoch::{Epoch, MeanScore};
pub use position::{Position, ResumeError};
pub use split::{Split, SplitError};
pub use weighting::class_weights;

use crate::augmentation::Augmenter;
use crate::data::Samples;
use crate::engine::{Engine, EngineError};
use crate::settings::{Hyperparameters, KeepSetting, LossSetting};
use kiln_core::Outcome;
use std::ops::ControlFlow;
use std::time::Instant;

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

/// A network in training.
pub struct DatasetTrainer<'a> {
    engine: Engine,
    state: TrainerState<'a>,
    /// The best epoch so far, where its weights are to be kept.
    best: Option<BestEpoch>,
}

/// The samples, their course, and how far training has come.
struct TrainerState<'a> {
    samples: &'a Samples,
    validation: Vec<u32>,
    course: Course,
    settings: Hyperparameters,
    augmenter: Option<Augmenter>,
    position: Position,
}

impl<'a> DatasetTrainer<'a> {
    /// Trains the engine's network on the split's part of `samples`; `drop_single` leaves a last
    /// batch of one sample out of every epoch.
    pub fn new(
        engine: Engine,
        samples: &'a Samples,
        split: Split,
        settings: Hyperparameters,
        drop_single: bool,
    ) -> Self {
        let state = TrainerState {
            samples,
            validation: split.validation,
            course: CourseRules::of(&settings, split.train, drop_single).start(),
            augmenter: settings.augment.0.with_seed(settings.seed),
            settings,
            position: Position::default(),
        };
        Self {
            engine,
            state,
            best: None,
        }
    }

    /// Number of steps an epoch has; the last one may be of fewer samples.
    pub fn steps_per_epoch(&self) -> u32 {
        self.state.course.steps_per_epoch()
    }

    /// Goes on from where another trainer of the same settings and samples stood, to the same bits.
    /// Its parameters have to be the engine's already; no step may have been taken.
    ///
    /// # Errors
    ///
    /// If the position or the velocity's length is none this training can have.
    pub fn resume(
        &mut self,
        position: Position,
        velocity: &[f32],
        statistics: &[f32],
        best: Option<BestEpoch>,
    ) -> Result<(), ResumeError> {
        let epochs = u64::from(position.epochs) * u64::from(self.steps_per_epoch());
        let steps = epochs + u64::from(position.steps);
        self.engine.resume(velocity, statistics, steps)?;
        self.best = best;
        self.state.resume(position)
    }

    /// How far training has come.
    pub fn position(&self) -> &Position {
        &self.state.position
    }

    /// Trains for one epoch in a new order, or for what is left of one, then validates.
    ///
    /// `progress` is called after every step with what the epoch reached so far. Where it breaks,
    /// there is no epoch to tell of yet; the next call takes the next step.
    ///
    /// # Errors
    ///
    /// If the loss stops being finite, or the samples do not fit the network.
    pub fn epoch(
        &mut self,
        progress: impl FnMut(&Outcome) -> ControlFlow<()> + Send,
    ) -> Result<Option<Epoch>, TrainingError> {
        let state = &mut self.state;
        let epoch = self.engine.within(|engine| state.epoch(engine, progress))?;
        if let Some(epoch) = epoch.filter(|_| self.state.settings.keep == KeepSetting::Best) {
            self.remember(&epoch);
        }
        Ok(epoch)
    }

    /// Keeps the weights as they are, where the epoch that is just done is the best so far.
    fn remember(&mut self, epoch: &Epoch) {
        if let Some(score) = BestEpoch::better_score(epoch, self.best.as_ref()) {
            self.best = Some(BestEpoch {
                epoch: self.state.position.epochs,
                score,
                parameters: self.engine.parameters().to_vec(),
                statistics: self.engine.statistics().to_vec(),
            });
        }
    }

    /// The best epoch so far, where its weights are to be kept.
    pub fn best(&self) -> Option<&BestEpoch> {
        self.best.as_ref()
    }

    /// Goes back to the weights that are to be kept, when all epochs are done.
    ///
    /// # Errors
    ///
    /// If the best epoch's are of another network.
    pub fn settle(&mut self) -> Result<(), EngineError> {
        match &self.best {
            Some(best) => self.engine.restore(&best.parameters, &best.statistics),
            None => Ok(()),
        }
    }

    /// Indices of the samples held out to validate on.
    pub fn validation(&self) -> &[u32] {
        &self.state.validation
    }

    /// Evaluates the samples at `indices` with the weights as they are; `scores` receives
    /// [`Engine::scores_per_sample`] values each.
    ///
    /// # Errors
    ///
    /// If the samples do not fit the network, or `scores` is of another length.
    pub fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        scores: &mut [f32],
    ) -> Result<Outcome, EngineError> {
        self.engine.evaluate(samples, indices, Some(scores))
    }

    /// As [`Engine::scores_per_sample`].
    pub fn scores_per_sample(&self) -> usize {
        self.engine.scores_per_sample()
    }

    /// What training makes small.
    pub fn loss(&self) -> LossSetting {
        self.state.settings.loss
    }

    /// The parameters as they are.
    pub fn parameters(&self) -> &[f32] {
        self.engine.parameters()
    }

    /// The parameters of the folded network, as devices and evaluations have them.
    ///
    /// # Errors
    ///
    /// As [`Engine::folded_parameters`].
    pub fn folded_parameters(&self) -> Result<Vec<f32>, EngineError> {
        self.engine.folded_parameters()
    }

    /// The running statistics of the batch normalisations as they are.
    pub fn statistics(&self) -> &[f32] {
        self.engine.statistics()
    }

    /// The optimizer's velocity as it is, a value for each parameter.
    pub fn velocity(&self) -> &[f32] {
        self.engine.velocity()
    }
}

impl TrainerState<'_> {
    fn resume(&mut self, position: Position) -> Result<(), ResumeError> {
        let of_steps = self.course.steps_per_epoch();
        let over = position.epochs == self.settings.epochs && position.steps > 0;
        if position.epochs > self.settings.epochs
            || position.steps > of_steps
            || position.samples != self.course.samples_before(position.steps)
            || over
        {
            return Err(ResumeError::Position {
                epochs: position.epochs,
                steps: position.steps,
                samples: position.samples,
                of_epochs: self.settings.epochs,
                of_steps,
            });
        }
        self.position = position;
        Ok(())
    }

    fn epoch(
        &mut self,
        engine: &mut Engine,
        progress: impl FnMut(&Outcome) -> ControlFlow<()>,
    ) -> Result<Option<Epoch>, TrainingError> {
        let start = Instant::now();
        let earlier = self.position.time;
        let flow = self.pass(engine, progress)?;
        self.position.time = earlier + start.elapsed();
        if flow.is_break() {
            return Ok(None);
        }
        let validation = engine.evaluate(self.samples, &self.validation, None)?;
        // The last step's damage shows in no loss of a step.
        let sound = engine.parameters().iter().all(|value| value.is_finite());
        if !sound || !validation.loss_sum.is_finite() {
            return Err(self.diverged(self.course.steps_per_epoch()));
        }
        let train = self.position.outcome();
        let train_time = self.position.time;
        self.position = Position {
            epochs: self.position.epochs + 1,
            ..Position::default()
        };
        Ok(Some(Epoch {
            train: MeanScore::of(&train, self.settings.loss),
            validation: MeanScore::of(&validation, self.settings.loss),
            samples: train.samples,
            train_time,
            time: earlier + start.elapsed(),
        }))
    }

    /// The steps of the epoch that are still to be taken.
    fn pass(
        &mut self,
        engine: &mut Engine,
        mut progress: impl FnMut(&Outcome) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TrainingError> {
        let mut so_far = self.position.outcome();
        let epoch = self.position.epochs;
        let augmenter = self.augmenter.map(|augmenter| augmenter.epoch(epoch));
        while let Some(step) = self.course.step(epoch, self.position.steps) {
            let augmenter = augmenter.as_ref();
            so_far += engine.step_augmented(self.samples, step.samples, augmenter, &step.sgd)?;
            self.position.count(&so_far);
            if !so_far.loss_sum.is_finite() {
                return Err(self.diverged(self.position.steps));
            }
            if progress(&so_far).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn diverged(&self, step: u32) -> TrainingError {
        TrainingError::Diverged {
            epoch: self.position.epochs + 1,
            step,
            lr: self.settings.lr,
        }
    }
}

#[cfg(test)]
mod tests;
