//! Training one sample at a time, in the caller's memory.

use super::kernels::{EveryKernel, StepKernels};
use super::linked::OwnKernels;
use super::pass::{self, Rule, SamplePass};
use super::{CompactError, LinkedTraining};
use crate::run::buffers::{self, check_labels};
use crate::run::observer::{Observer, Work};
use crate::{CompactMode, CompactUpdate, GROUP, MAX_NODES, Outcome, Program, Sgd};

/// The memory of compact training, each slice exactly as long as the program says.
#[derive(Debug)]
pub struct CompactMemory<'a> {
    /// [`Program::frozen_values`] values: all parameters of the network, of which the frozen
    /// ones are read; empty where all are trained. May be in flash.
    pub frozen: &'a [f32],
    /// [`Program::trained_values`] values: the parameters being trained.
    pub trained: &'a mut [f32],
    /// [`Program::gradient_values`] values with anything in them.
    pub gradient: &'a mut [f32],
    /// [`Program::velocity_values`] values, zeros at first.
    pub velocity: &'a mut [f32],
    /// [`Program::arena_packets`] values with anything in them.
    pub arena: &'a mut [f32],
    /// [`Program::winner_bytes`] bytes with anything in them.
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
///     CompactMemory, CompactMode, CompactTrainer, Network, Program, Purpose, Sgd, Trainable,
/// };
///
/// const NETWORK: Network =
///     Network::input(1, 6, 6).conv2d(4, 3).relu().max_pool2d(2).linear(2);
/// const LAST: Purpose = Purpose::Compact(CompactMode::in_place(Trainable::from_layer(4)));
/// const STEPS: usize = Program::count_steps(&NETWORK, LAST);
/// static PROGRAM: Program<STEPS> = Program::of(&NETWORK, LAST);
///
/// // In a firmware: out of a model in flash.
/// let parameters: [f32; PROGRAM.parameters()] = core::array::from_fn(|i| (i % 7) as f32 / 7.0 - 0.4);
/// let mut trained = [0.0; PROGRAM.trained_values()];
/// PROGRAM.extract(&parameters, &mut trained)?;
/// let memory = CompactMemory {
///     frozen: &parameters,
///     trained: &mut trained,
///     gradient: &mut [], // none in place
///     velocity: &mut [], // none without momentum
///     arena: &mut [0.0; PROGRAM.arena_packets()],
///     winners: &mut [0; PROGRAM.winner_bytes()],
/// };
/// let mut trainer = CompactTrainer::new(&PROGRAM, memory)?;
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
pub struct CompactTrainer<'a, const STEPS: usize = MAX_NODES, K = EveryKernel> {
    program: &'a Program<STEPS>,
    kernels: K,
    memory: CompactMemory<'a>,
    /// Samples the batch is to have, and has.
    batch: [usize; 2],
}

impl<'a, const STEPS: usize> CompactTrainer<'a, STEPS> {
    /// A trainer in the caller's memory.
    ///
    /// # Errors
    ///
    /// A program for another purpose, or a slice of another length than the program says.
    pub fn new(
        program: &'a Program<STEPS>,
        memory: CompactMemory<'a>,
    ) -> Result<Self, CompactError> {
        Self::by(program, EveryKernel, memory)
    }
}

impl<'a, const STEPS: usize> CompactTrainer<'a, STEPS, OwnKernels<'a>> {
    /// A trainer in the caller's memory, with the kernels of a network known beforehand and no others.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says.
    pub fn linked(
        training: &'a LinkedTraining<STEPS>,
        memory: CompactMemory<'a>,
    ) -> Result<Self, CompactError> {
        Self::by(training.program(), training.kernels(), memory)
    }
}

impl<'a, const STEPS: usize, K: StepKernels> CompactTrainer<'a, STEPS, K> {
    fn by(
        program: &'a Program<STEPS>,
        kernels: K,
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
        if program.compact_mode().is_none() {
            return Err(CompactError::Purpose);
        }
        for (name, len, needed) in [
            ("frozen parameters", frozen.len(), program.frozen_values()),
            (
                "trained parameters",
                trained.len(),
                program.trained_values(),
            ),
            ("gradient", gradient.len(), program.gradient_values()),
            ("velocity", velocity.len(), program.velocity_values()),
            ("training arena", arena.len(), program.arena_packets()),
            ("winners", winners.len(), program.winner_bytes()),
        ] {
            buffers::check(name, len, needed)?;
        }
        let batch = [0, 0];
        Ok(Self {
            program,
            kernels,
            memory,
            batch,
        })
    }

    /// Trains on one sample: a batch of one, applied in place.
    ///
    /// # Errors
    ///
    /// A program for batches, an optimizer that [`Program::check_optimizer`] refuses, a label that is not
    /// among the classes, or a loss that is not finite; nothing trained has changed then.
    pub fn step(
        &mut self,
        label: u16,
        sgd: &Sgd,
        fill: impl FnOnce(&mut [f32]),
    ) -> Result<Outcome, CompactError> {
        self.step_observed(label, sgd, fill, &mut ())
    }

    /// Like [`CompactTrainer::step`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`CompactTrainer::step`].
    pub fn step_observed(
        &mut self,
        label: u16,
        sgd: &Sgd,
        fill: impl FnOnce(&mut [f32]),
        observer: &mut impl Observer,
    ) -> Result<Outcome, CompactError> {
        self.check_update(true)?;
        self.program.check_optimizer(sgd)?;
        let outcome = self.forward(label, 1.0, fill, observer)?;
        self.backward(|_| Rule::Descend(sgd), observer);
        Ok(outcome)
    }

    /// Begins a batch of `samples` samples, instead of one that was begun and not finished.
    ///
    /// # Errors
    ///
    /// A program for updates in place, no samples, or more than [`GROUP`].
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
    /// A program for updates in place, a batch that has all its samples, a label that is not among
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
        let outcome = self.forward(label, 1.0 / samples as f32, fill, &mut ())?;
        self.backward(Rule::Accumulate, &mut ());
        self.batch[1] += 1;
        Ok(outcome)
    }

    /// Updates the trained parameters by the batch's gradient.
    ///
    /// # Errors
    ///
    /// A program for updates in place, a batch that lacks samples, or an optimizer that
    /// [`Program::check_optimizer`] refuses; nothing trained has changed then.
    pub fn finish_batch(&mut self, sgd: &Sgd) -> Result<(), CompactError> {
        self.check_update(false)?;
        self.program.check_optimizer(sgd)?;
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
        let program = self.program;
        let (mut pass, _) = self.pass();
        fill(&mut pass.arena[program.value(0).range()]);
        for index in 0..program.steps().len() {
            pass.forward(index, false);
        }
        &self.memory.arena[program.value(program.steps().len()).range()]
    }

    /// As [`CompactTrainer::infer`], for as long as the memory is lent.
    pub fn into_logits(mut self, fill: impl FnOnce(&mut [f32])) -> &'a [f32] {
        self.infer(fill);
        let last = self.program.value(self.program.steps().len());
        let arena: &'a [f32] = self.memory.arena;
        &arena[last.range()]
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
        let steps = self.program.steps().iter();
        let tensors = steps.flat_map(|step| pass::tensors(step, frozen, trained));
        tensors.filter(|tensor| !tensor.is_empty())
    }

    /// Whether all trained parameters are finite numbers. A step that made one of them infinite
    /// shows here at once, and in the loss of a later step.
    pub fn all_finite(&self) -> bool {
        self.memory.trained.iter().all(|value| value.is_finite())
    }

    fn check_update(&self, in_place: bool) -> Result<(), CompactError> {
        match (self.program.compact_mode(), in_place) {
            (Some(CompactMode { update, .. }), in_place)
                if matches!(update, CompactUpdate::InPlace) == in_place =>
            {
                Ok(())
            }
            (_, in_place) => Err(CompactError::Update {
                in_place: !in_place,
            }),
        }
    }

    /// Runs a sample as far as the loss and its gradient.
    fn forward(
        &mut self,
        label: u16,
        mean: f32,
        fill: impl FnOnce(&mut [f32]),
        observer: &mut impl Observer,
    ) -> Result<Outcome, CompactError> {
        let program = self.program;
        check_labels(&[label], 1, program.classes())?;
        let (mut pass, _) = self.pass();
        fill(&mut pass.arena[program.value(0).range()]);
        observer.done(Work::Input);
        for index in 0..program.steps().len() {
            pass.forward(index, true);
            observer.done(Work::Forward { step: index });
        }
        let outcome = pass.loss(program.steps().len() - 1, label, mean)?;
        observer.done(Work::Loss);
        Ok(outcome)
    }

    fn backward<'s>(
        &'s mut self,
        rule: impl FnOnce(&'s mut [f32]) -> Rule<'s>,
        observer: &mut impl Observer,
    ) {
        let steps = self.program.steps();
        let (mut pass, gradient) = self.pass();
        let mut rule = rule(gradient);
        for index in (0..steps.len()).rev() {
            if steps[index].is_backward {
                pass.backward(index, &mut rule);
                observer.done(Work::Backward { step: index });
            }
        }
    }

    /// The pass of a sample, and the gradient it may add to.
    fn pass(&mut self) -> (SamplePass<'_, Program<STEPS>, K>, &mut [f32]) {
        let memory = &mut self.memory;
        let pass = SamplePass {
            steps: self.program,
            kernels: self.kernels,
            frozen: memory.frozen,
            trained: memory.trained,
            arena: memory.arena,
            winners: memory.winners,
        };
        (pass, memory.gradient)
    }
}
