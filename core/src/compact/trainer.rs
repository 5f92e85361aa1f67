//! Training one sample at a time, in the caller's memory.

use super::pass::{self, Pass, Rule};
use super::{CompactError, CompactPlan, CompactUpdate};
use crate::buffers;
use crate::forward::check_labels;
use crate::{GROUP, MAX_LAYERS, Outcome, Sgd};

/// The memory of compact training, each slice exactly as long as the plan says.
#[derive(Debug)]
pub struct CompactMemory<'a> {
    /// [`CompactPlan::frozen_values`] values: all parameters of the network, of which the frozen
    /// ones are read; empty where all are trained. May be in flash.
    pub frozen: &'a [f32],
    /// [`CompactPlan::trained_values`] values: the parameters being trained.
    pub trained: &'a mut [f32],
    /// [`CompactPlan::gradient_values`] values with anything in them.
    pub gradient: &'a mut [f32],
    /// [`CompactPlan::velocity_values`] values, zeros at first.
    pub velocity: &'a mut [f32],
    /// [`CompactPlan::arena_values`] values with anything in them.
    pub arena: &'a mut [f32],
    /// [`CompactPlan::winner_bytes`] bytes with anything in them.
    pub winners: &'a mut [u8],
}

/// Trains a network one sample at a time; nothing is allocated.
///
/// A sample is written by `fill` straight into the working memory: channels x height x width
/// values, in which anything may be before. The results are those of
/// [`Trainer`](crate::Trainer) on the same batches, to the bit; where tensors are frozen, as if
/// they had been restored after each of its steps.
///
/// Here the last layer of a network learns in place, in arrays whose lengths the compiler knows:
///
/// ```
/// use kiln_core::{
///     CompactMemory, CompactMode, CompactPlan, CompactTrainer, Network, Plan, Sgd, Trainable,
/// };
///
/// const NETWORK: Network =
///     Network::input(1, 6, 6).conv2d(4, 3).relu().max_pool2d(2).linear(2);
/// const STEPS: usize = Plan::of(&NETWORK).steps().len();
/// const MODE: CompactMode = CompactMode::in_place(Trainable::from_layer(3));
/// static PLAN: CompactPlan<STEPS> = CompactPlan::of(&Plan::of(&NETWORK).fitted(), MODE);
///
/// // In a firmware: out of a model in flash.
/// let parameters: [f32; PLAN.parameters()] = core::array::from_fn(|i| (i % 7) as f32 / 7.0 - 0.4);
/// let mut trained = [0.0; PLAN.trained_values()];
/// PLAN.extract(&parameters, &mut trained)?;
/// let memory = CompactMemory {
///     frozen: &parameters,
///     trained: &mut trained,
///     gradient: &mut [], // none in place
///     velocity: &mut [], // none without momentum
///     arena: &mut [0.0; PLAN.arena_values()],
///     winners: &mut [0; PLAN.winner_bytes()],
/// };
/// let mut trainer = CompactTrainer::new(&PLAN, memory)?;
/// let stroke = |input: &mut [f32], upright: bool| {
///     input.fill(0.0);
///     (0..6).for_each(|i| input[if upright { i * 6 + 2 } else { 12 + i }] = 1.0);
/// };
/// for sample in 0..100 {
///     let upright = sample % 2 == 1;
///     trainer.step(upright.into(), &Sgd::new(0.2), |input| stroke(input, upright))?;
/// }
/// assert!(trainer.all_finite());
/// for upright in [false, true] {
///     let logits = trainer.infer(|input| stroke(input, upright));
///     assert_eq!(logits[1] > logits[0], upright);
/// }
/// # Ok::<(), kiln_core::CompactError>(())
/// ```
#[derive(Debug)]
pub struct CompactTrainer<'a, const STEPS: usize = MAX_LAYERS> {
    plan: &'a CompactPlan<STEPS>,
    memory: CompactMemory<'a>,
    /// Samples the batch is to have, and has.
    batch: [usize; 2],
}

impl<'a, const STEPS: usize> CompactTrainer<'a, STEPS> {
    /// A trainer in the caller's memory.
    ///
    /// # Errors
    ///
    /// A slice of another length than the plan says.
    pub fn new(
        plan: &'a CompactPlan<STEPS>,
        memory: CompactMemory<'a>,
    ) -> Result<Self, CompactError> {
        let CompactMemory {
            frozen,
            trained,
            gradient,
            velocity,
            arena,
            winners,
        } = &memory;
        for (name, len, needed) in [
            ("frozen parameters", frozen.len(), plan.frozen_values()),
            ("trained parameters", trained.len(), plan.trained_values()),
            ("gradient", gradient.len(), plan.gradient_values()),
            ("velocity", velocity.len(), plan.velocity_values()),
            ("training arena", arena.len(), plan.arena_values()),
            ("winners", winners.len(), plan.winner_bytes()),
        ] {
            buffers::check(name, len, needed)?;
        }
        let batch = [0, 0];
        Ok(Self {
            plan,
            memory,
            batch,
        })
    }

    /// Trains on one sample: a batch of one, applied in place.
    ///
    /// # Errors
    ///
    /// A plan for batches, an optimizer that [`CompactPlan::check`] refuses, a label that is not
    /// among the classes, or a loss that is not finite; nothing trained has changed then.
    pub fn step(
        &mut self,
        label: u16,
        sgd: &Sgd,
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<Outcome, CompactError> {
        self.check_update(true)?;
        self.plan.check(sgd)?;
        let outcome = self.forward(label, 1.0, fill)?;
        self.backward(|_| Rule::Descend(sgd));
        Ok(outcome)
    }

    /// Begins a batch of `samples` samples, instead of one that was begun and not finished.
    ///
    /// # Errors
    ///
    /// A plan for updates in place, no samples, or more than [`GROUP`].
    pub fn begin_batch(&mut self, samples: usize) -> Result<(), CompactError> {
        self.check_update(false)?;
        if samples == 0 || samples > GROUP {
            let (most, given) = (GROUP, samples);
            return Err(buffers::BufferError::Samples { most, given }.into());
        }
        self.memory.gradient.fill(0.0);
        self.batch = [samples, 0];
        Ok(())
    }

    /// Adds the next sample to the batch.
    ///
    /// # Errors
    ///
    /// A plan for updates in place, a batch that has all its samples, a label that is not among
    /// the classes, or a loss that is not finite; the batch is then as it was.
    pub fn accumulate(
        &mut self,
        label: u16,
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<Outcome, CompactError> {
        self.check_update(false)?;
        let [samples, given] = self.batch;
        if given == samples {
            return Err(CompactError::BatchFull { samples });
        }
        let outcome = self.forward(label, 1.0 / samples as f32, fill)?;
        self.backward(Rule::Accumulate);
        self.batch[1] += 1;
        Ok(outcome)
    }

    /// Updates the trained parameters by the batch's gradient.
    ///
    /// # Errors
    ///
    /// A plan for updates in place, a batch that lacks samples, or an optimizer that
    /// [`CompactPlan::check`] refuses; nothing trained has changed then.
    pub fn finish_batch(&mut self, sgd: &Sgd) -> Result<(), CompactError> {
        self.check_update(false)?;
        self.plan.check(sgd)?;
        let [samples, given] = self.batch;
        if samples == 0 || given < samples {
            return Err(CompactError::BatchIncomplete { samples, given });
        }
        let CompactMemory {
            trained,
            gradient,
            velocity,
            ..
        } = &mut self.memory;
        sgd.update(trained, gradient, velocity, 0.0_f32)?;
        self.batch = [0, 0];
        Ok(())
    }

    /// Computes a sample's logits with the parameters as they are now, also between the samples of
    /// a batch.
    pub fn infer(&mut self, fill: impl FnOnce(&mut [f32])) -> &[f32] {
        let plan = self.plan;
        let (mut pass, _) = self.pass();
        fill(&mut pass.arena[plan.input.region.range()]);
        for index in 0..plan.len {
            pass.forward(index, false);
        }
        &self.memory.arena[plan.steps[plan.len - 1].output.region.range()]
    }

    /// The trained parameters.
    pub const fn trained(&self) -> &[f32] {
        self.memory.trained
    }

    /// The trained parameters, to be set.
    pub const fn trained_mut(&mut self) -> &mut [f32] {
        self.memory.trained
    }

    /// All parameters as they are now, trained or frozen, tensor by tensor in their order.
    pub fn tensors(&self) -> impl Iterator<Item = &[f32]> {
        let CompactMemory {
            frozen, trained, ..
        } = &self.memory;
        let steps = self.plan.steps().iter();
        let tensors = steps.flat_map(|step| pass::tensors(step, frozen, trained));
        tensors.filter(|tensor| !tensor.is_empty())
    }

    /// Whether all trained parameters are finite numbers. A step that made one of them infinite
    /// shows here at once, and in the loss of a later step.
    pub fn all_finite(&self) -> bool {
        self.memory.trained.iter().all(|value| value.is_finite())
    }

    fn check_update(&self, in_place: bool) -> Result<(), CompactError> {
        match (self.plan.mode().update, in_place) {
            (CompactUpdate::InPlace, true) | (CompactUpdate::MiniBatch { .. }, false) => Ok(()),
            (update, _) => Err(CompactError::Update {
                in_place: matches!(update, CompactUpdate::InPlace),
            }),
        }
    }

    /// Runs a sample as far as the loss and its gradient.
    fn forward(
        &mut self,
        label: u16,
        mean: f32,
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<Outcome, CompactError> {
        let plan = self.plan;
        check_labels(&[label], 1, plan.classes())?;
        let (mut pass, _) = self.pass();
        fill(&mut pass.arena[plan.input.region.range()]);
        for index in 0..plan.len {
            pass.forward(index, true);
        }
        pass.loss(label, mean)
    }

    fn backward<'s>(&'s mut self, rule: impl FnOnce(&'s mut [f32]) -> Rule<'s>) {
        let plan = self.plan;
        let (mut pass, gradient) = self.pass();
        let mut rule = rule(gradient);
        for index in (plan.first_trained..plan.len).rev() {
            pass.backward(index, index > plan.first_trained, &mut rule);
        }
    }

    /// The pass of a sample, and the gradient it may add to.
    fn pass(&mut self) -> (Pass<'_>, &mut [f32]) {
        let memory = &mut self.memory;
        let pass = Pass {
            steps: self.plan.steps(),
            input: self.plan.input.region,
            frozen: memory.frozen,
            trained: memory.trained,
            arena: memory.arena,
            winners: memory.winners,
        };
        (pass, memory.gradient)
    }
}
