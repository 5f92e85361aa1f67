//! Training on one thread, in the caller's memory.

use super::buffers::{self, BufferError};
use super::group::{GroupMemory, GroupWork};
use crate::lanes::Lanes;
use crate::ops::dropout::dropout_key;
use crate::pack::pack_values;
use crate::{GROUP, Outcome, Program, Sgd};

/// Trains a network in buffers the caller provides; nothing is allocated.
#[derive(Debug)]
pub struct Trainer<'a, L> {
    /// What runs, made for [`Purpose::Group`](crate::Purpose::Group).
    pub program: &'a Program,
    /// [`Program::parameters`] values: the weights being trained.
    pub parameters: &'a mut [f32],
    /// As many values: the gradient of the last batch.
    pub gradient: &'a mut [f32],
    /// As many values, zeros at first; may be empty without momentum.
    pub velocity: &'a mut [f32],
    /// [`Program::moment_values`] values with anything in them; empty without batch normalisations.
    pub moments: &'a mut [f32],
    /// [`Program::statistics`] values: the running means and variances of the batch normalisations,
    /// as [`first_statistics`](crate::first_statistics) begins them.
    pub statistics: &'a mut [f32],
    /// Working memory: one group's, or with batch normalisations that of every group of the batch.
    pub groups: &'a mut [GroupMemory<'a, L>],
    /// What dropout draws from, with the number of the step.
    pub seed: u64,
    /// Steps taken so far.
    pub steps: u64,
}

impl<L: Lanes> Trainer<'_, L> {
    /// One step of gradient descent on a batch of any size.
    ///
    /// `images` holds one sample after another, each channels x height x width; `labels` one label
    /// per sample.
    ///
    /// # Errors
    ///
    /// A buffer of another length than the program says, an empty batch, or a label that is not
    /// among the classes; the parameters are then as they were. With batch normalisations also
    /// memory for too few groups, or a batch that gives a channel a single value.
    pub fn step(
        &mut self,
        images: &[f32],
        labels: &[u16],
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError> {
        let outcome = self.differentiate(images, labels)?;
        let proof = self.groups[0].packets[0];
        sgd.update(self.parameters, self.gradient, self.velocity, proof)?;
        self.program
            .update_statistics(labels.len(), self.moments, self.statistics)?;
        self.steps += 1;
        Ok(outcome)
    }

    /// Computes the gradient of the mean loss of a batch and leaves the parameters alone.
    ///
    /// # Errors
    ///
    /// As [`Trainer::step`].
    pub fn differentiate(
        &mut self,
        images: &[f32],
        labels: &[u16],
    ) -> Result<Outcome, BufferError> {
        let program = self.program;
        let elements = program.input_shape().elements();
        buffers::check("images", images.len(), labels.len() * elements)?;
        buffers::check("gradient", self.gradient.len(), program.parameters())?;
        buffers::check("statistics", self.statistics.len(), program.statistics())?;
        program.check_batch(labels.len())?;
        self.check_groups(labels.len())?;
        self.gradient.fill(0.0);
        let mut outcome = Outcome::default();
        let groups = labels.len().div_ceil(GROUP);
        let last = program.phases() - 1;
        for phase in 0..=last {
            for group in 0..groups {
                outcome += self.run_group(phase, group, images, labels)?;
                if phase == last {
                    self.add_group(group, labels)?;
                }
            }
            self.meet(phase, labels)?;
        }
        Ok(outcome)
    }

    fn check_groups(&self, samples: usize) -> Result<(), BufferError> {
        let needed = match self.program.phases() {
            1 => 1,
            _ => samples.div_ceil(GROUP),
        };
        if self.groups.len() < needed {
            let given = self.groups.len();
            let buffer = "groups of memory";
            return Err(BufferError::Length {
                buffer,
                needed,
                given,
            });
        }
        Ok(())
    }

    /// The place of a group's memory: each has its own only where the groups meet.
    fn place(&self, group: usize) -> usize {
        match self.program.phases() {
            1 => 0,
            _ => group,
        }
    }

    fn run_group(
        &mut self,
        phase: usize,
        group: usize,
        images: &[f32],
        labels: &[u16],
    ) -> Result<Outcome, BufferError> {
        let elements = self.program.input_shape().elements();
        let first = group * GROUP;
        let own = first..labels.len().min(first + GROUP);
        let mut keys = [0; GROUP];
        for (key, sample) in keys.iter_mut().zip(own.clone()) {
            *key = dropout_key(self.seed, self.steps, sample as u64);
        }
        let work = GroupWork {
            weights: &[],
            parameters: self.parameters,
            moments: self.moments,
            labels: &labels[own.clone()],
            keys: &keys[..own.len()],
            batch: labels.len(),
        };
        let place = self.place(group);
        let memory = &mut self.groups[place];
        self.program
            .run_phase(phase, &work, memory, |samples, input| {
                pack_values(&images[(first + samples.start) * elements..], input);
            })
    }

    fn meet(&mut self, phase: usize, labels: &[u16]) -> Result<(), BufferError> {
        let groups = self.groups.iter().zip(labels.chunks(GROUP));
        let groups = groups.map(|(group, labels)| (&*group.values, labels.len()));
        self.program.meet(phase, groups, self.moments)
    }

    fn add_group(&mut self, group: usize, labels: &[u16]) -> Result<(), BufferError> {
        let samples = GROUP.min(labels.len() - group * GROUP);
        let memory = &self.groups[self.place(group)];
        let proof = memory.packets[0];
        let mut rest = &mut *self.gradient;
        for span in self.program.spans() {
            let (gradient, behind) = rest.split_at_mut(span.len);
            rest = behind;
            self.program
                .add_gradient(&span, memory.values, samples, proof, gradient)?;
        }
        Ok(())
    }
}
