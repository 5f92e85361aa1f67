//! Training one sample at a time, in place, by a stored model that learns.
//!
//! Behind the weights of such a model stand [`TRAINING_WORDS`] words, [`LEARNING_WORDS`] for each step,
//! [`SUM_WORDS`] for each sum of gradients and, at a multiple of four words, the model of integers that
//! makes its input, where there is one: its *trunk*.

use super::learning_step::{LEARNING_WORDS, LearningStep, SUM_WORDS};
use super::training_sizes::{TRAINING_WORDS, TrainingSizes};
use super::{StoredError, StoredModel};
use crate::Sgd;
use crate::lanes::bytes::f32s_of_words;
use crate::run::buffers::{self, BufferError, check_labels};
use crate::run::compact::{ChosenKernels, CompactError, Rule, SamplePass};
use core::ops::Range;

/// What is trained of a stored model, and how.
#[derive(Clone, Copy, Debug)]
pub struct StoredTraining<'a> {
    pub(super) model: StoredModel<'a>,
    pub(super) own: TrainingSizes,
    pub(super) steps: &'a [[u32; LEARNING_WORDS]],
    pub(super) sums: &'a [[u32; SUM_WORDS]],
    trunk: &'a [u32],
}

/// The memory of a training, each slice as long as [`StoredTraining`] says.
#[derive(Debug)]
pub struct StoredMemory<'m> {
    /// The parameters that are trained.
    pub trained: &'m mut [f32],
    /// All values on the way, with anything in them.
    pub arena: &'m mut [f32],
    /// The winners of pools, with anything in them.
    pub winners: &'m mut [u8],
}

impl<'a> StoredModel<'a> {
    /// How it learns; nothing where it does not.
    pub fn training(&self) -> Option<StoredTraining<'a>> {
        let start = self.header.training;
        let section = self.words.get(start..).filter(|_| start > 0)?;
        let (own, rest) = section.split_first_chunk::<TRAINING_WORDS>()?;
        let own = TrainingSizes::read(own);
        let steps = self.header.steps.checked_mul(LEARNING_WORDS)?;
        let (steps, rest) = rest.split_at_checked(steps)?;
        let sums = rest.as_chunks::<SUM_WORDS>().0.get(..own.sums)?;
        let trunk = match own.trunk {
            0 => &[],
            at => section.get(at..)?,
        };
        Some(StoredTraining {
            model: *self,
            own,
            steps: steps.as_chunks().0,
            sums,
            trunk,
        })
    }
}

impl<'a> StoredTraining<'a> {
    /// Parameters that are trained.
    pub fn trained_len(&self) -> usize {
        self.own.trained
    }

    /// Steps that it runs in, each of which has a kernel forward, and one backward or none.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// Values of the arena.
    pub fn arena_len(&self) -> usize {
        self.model.header.arena
    }

    /// Bytes of winners.
    pub fn winner_bytes(&self) -> usize {
        self.own.winners
    }

    /// CRC-32 of the model file: whose parameters they are.
    pub fn file_crc(&self) -> u32 {
        self.own.file_crc
    }

    /// [`Program::trained_crc`](crate::Program::trained_crc): which parameters they are.
    pub fn places_crc(&self) -> u32 {
        self.own.places_crc
    }

    /// The model of integers that makes the input of what learns, where there is one.
    ///
    /// # Errors
    ///
    /// As [`StoredModel::reopen`].
    pub fn trunk(&self) -> Result<Option<StoredModel<'a>>, StoredError> {
        match self.trunk.is_empty() {
            true => Ok(None),
            false => StoredModel::reopen(self.trunk).map(Some),
        }
    }

    /// Writes an image, bytes channel by channel, as what learns takes it where it has no trunk.
    pub fn scale(&self, image: &[u8], input: &mut [f32]) {
        self.model.scale(image, input);
    }

    /// The words of the trunk; empty where there is none.
    pub fn trunk_words(&self) -> &'a [u32] {
        self.trunk
    }

    /// Writes the numbers that the trunk's codes stand for as what learns takes them.
    pub fn take(&self, trunk: &StoredModel<'_>, codes: &[i8], input: &mut [f32]) {
        if let Some(own) = trunk.output_quantization() {
            own.numbers(self.model.header.shape, codes, input);
        }
    }

    /// Sets the trained parameters to those of the model.
    ///
    /// # Errors
    ///
    /// Another number of them, or a damaged model.
    pub fn start(&self, trained: &mut [f32]) -> Result<(), CompactError> {
        buffers::check("trained parameters", trained.len(), self.own.trained)?;
        let parameters = self.parameters();
        for index in 0..self.steps.len() {
            let step = self.step(index).ok_or(CompactError::Purpose)?.stored.step;
            let [weights, biases] = step.trained;
            // Weights are trained together with biases, behind which nothing of the step lies.
            let len = weights.len + biases.len;
            let at = if weights.len > 0 {
                weights.at
            } else {
                biases.at
            };
            let end = step.parameters.at + step.parameters.len;
            trained[at..at + len].copy_from_slice(&parameters[end - len..end]);
        }
        Ok(())
    }

    /// Trains on one sample, whose input `fill` writes or refuses to: as
    /// [`CompactTrainer::step`](crate::CompactTrainer::step), to the bit. Gives the loss before the step.
    ///
    /// # Errors
    ///
    /// Memory of another length, a step without a kernel, momentum and other numbers that cannot be
    /// trained with, a label that is not among the classes, or a loss that is not finite; nothing trained
    /// has changed then.
    pub fn step_by<E: From<CompactError>>(
        &self,
        kernels: impl Fn(usize) -> Option<ChosenKernels>,
        mut memory: StoredMemory<'_>,
        label: u16,
        sgd: &Sgd,
        fill: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<f32, E> {
        self.check(label, sgd)?;
        let last = self
            .steps
            .len()
            .checked_sub(1)
            .ok_or(CompactError::Purpose)?;
        self.forward(&kernels, &mut memory, true, fill)?;
        let own = self.step(last).ok_or(CompactError::Purpose)?;
        let chosen = kernels(last).ok_or(CompactError::Purpose)?;
        let loss = self
            .pass(&own, chosen, &mut memory)
            .sample_loss(last, label)?;
        let mut rule = Rule::Descend(sgd);
        for index in (0..self.steps.len()).rev() {
            let (Some(own), Some(chosen)) = (self.step(index), kernels(index)) else {
                return Err(CompactError::Purpose.into());
            };
            if own.stored.step.is_backward {
                self.pass(&own, chosen, &mut memory)
                    .backward(index, &mut rule);
            }
        }
        Ok(loss)
    }

    /// Computes the logits of a sample, whose input `fill` writes or refuses to, by the parameters as they
    /// are now; gives where they lie in the arena.
    ///
    /// # Errors
    ///
    /// Memory of another length, or a step without a kernel.
    pub fn infer<E: From<CompactError>>(
        &self,
        kernels: impl Fn(usize) -> Option<ChosenKernels>,
        mut memory: StoredMemory<'_>,
        fill: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<Range<usize>, E> {
        let last = self.steps.len().checked_sub(1);
        let last = last.ok_or(CompactError::Purpose)?;
        self.forward(&kernels, &mut memory, false, fill)?;
        let last = self.step(last).ok_or(CompactError::Purpose)?;
        Ok(last.stored.step.value.region.range())
    }

    /// Checks what a step is asked for.
    fn check(&self, label: u16, sgd: &Sgd) -> Result<(), CompactError> {
        sgd.check()?;
        if sgd.momentum != 0.0 {
            let momentum = sgd.momentum;
            return Err(CompactError::Momentum { momentum });
        }
        Ok(check_labels(&[label], 1, self.model.header.outputs)?)
    }

    // Once for those who learn and those who do not.
    #[inline(never)]
    fn forward<E: From<CompactError>>(
        &self,
        kernels: &impl Fn(usize) -> Option<ChosenKernels>,
        memory: &mut StoredMemory<'_>,
        training: bool,
        fill: impl FnOnce(&mut [f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.check_memory(memory).map_err(CompactError::from)?;
        fill(&mut memory.arena[self.model.header.input.range()])?;
        for index in 0..self.steps.len() {
            let (Some(own), Some(chosen)) = (self.step(index), kernels(index)) else {
                return Err(CompactError::Purpose.into());
            };
            self.pass(&own, chosen, memory).forward(index, training);
        }
        Ok(())
    }

    fn check_memory(&self, memory: &StoredMemory<'_>) -> Result<(), BufferError> {
        let needed = [self.own.trained, self.arena_len(), self.own.winners];
        let given = [
            memory.trained.len(),
            memory.arena.len(),
            memory.winners.len(),
        ];
        match given == needed {
            true => Ok(()),
            false => Err(BufferError::Length {
                buffer: "the memory of a training",
                needed: needed.iter().sum(),
                given: given.iter().sum(),
            }),
        }
    }

    fn pass<'s>(
        &'s self,
        steps: &'s LearningStep<'a>,
        chosen: ChosenKernels,
        memory: &'s mut StoredMemory<'_>,
    ) -> SamplePass<'s, LearningStep<'a>, ChosenKernels> {
        SamplePass {
            steps,
            kernels: chosen,
            frozen: self.parameters(),
            trained: memory.trained,
            arena: memory.arena,
            winners: memory.winners,
        }
    }

    /// All parameters, as they are in the model.
    pub(super) fn parameters(&self) -> &'a [f32] {
        f32s_of_words(self.model.weights())
    }

    pub(super) fn step(&self, index: usize) -> Option<LearningStep<'a>> {
        let stored = self.model.step(index)?;
        LearningStep::of(stored, self.steps.get(index)?, self.sums)
    }
}
