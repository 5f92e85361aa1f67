//! Training on one thread, in the caller's memory.

use crate::buffers::{self, BufferError};
use crate::lanes::Lanes;
use crate::pack::pack_values;
use crate::{GROUP, GroupMemory, Outcome, Plan, Sgd};

/// Trains a network in buffers the caller provides; nothing is allocated.
#[derive(Debug)]
pub struct Trainer<'a, L> {
    /// What the network needs.
    pub plan: &'a Plan,
    /// [`Plan::parameters`] values: the weights being trained.
    pub parameters: &'a mut [f32],
    /// As many values: the gradient of the last batch.
    pub gradient: &'a mut [f32],
    /// As many values, zeros at first; may be empty without momentum.
    pub velocity: &'a mut [f32],
    /// Working memory of one group of samples.
    pub memory: GroupMemory<'a, L>,
}

impl<L: Lanes> Trainer<'_, L> {
    /// One step of gradient descent on a batch of any size.
    ///
    /// `images` holds one sample after another, each channels x height x width; `labels` one label
    /// per sample.
    ///
    /// # Errors
    ///
    /// A buffer of another length than the plan says, an empty batch, or a label that is not
    /// among the classes; the parameters are then as they were.
    pub fn step(
        &mut self,
        images: &[f32],
        labels: &[u16],
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError> {
        let outcome = self.differentiate(images, labels)?;
        let proof = self.memory.packets[0];
        sgd.update(self.parameters, self.gradient, self.velocity, proof)?;
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
        let elements = self.plan.input_shape().elements();
        buffers::check("images", images.len(), labels.len() * elements)?;
        buffers::check("gradient", self.gradient.len(), self.plan.parameters())?;
        let mean = 1.0 / labels.len() as f32;
        let mut outcome = Outcome::default();
        self.gradient.fill(0.0);
        if labels.is_empty() {
            return Err(BufferError::Samples {
                most: usize::MAX,
                given: 0,
            });
        }
        let groups = labels.chunks(GROUP).zip(images.chunks(GROUP * elements));
        for (labels, images) in groups {
            outcome += self.plan.backward_group(
                self.parameters,
                labels,
                mean,
                &mut self.memory,
                |samples, input| pack_values(&images[samples.start * elements..], input),
            )?;
            self.add_group(labels.len())?;
        }
        Ok(outcome)
    }

    fn add_group(&mut self, samples: usize) -> Result<(), BufferError> {
        let proof = self.memory.packets[0];
        let mut at = 0;
        for span in self.plan.spans() {
            let gradient = &mut self.gradient[at..at + span.len];
            let values = &*self.memory.values;
            self.plan
                .add_gradient(&span, values, samples, proof, gradient)?;
            at += span.len;
        }
        Ok(())
    }
}
