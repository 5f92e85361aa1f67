//! The backward pass of a group of samples: everything but the sum over groups.

mod step;

pub use step::StepBackward;

use crate::buffers::{self, BufferError, read_and_write};
use crate::forward::check_labels;
use crate::lanes::Lanes;
use crate::ops::{activation, loss};
use crate::{GROUP, Operation, Outcome, Plan, Step};
use core::ops::Range;

/// Working memory of one group of samples, each slice exactly as long as the plan says.
#[derive(Debug)]
pub struct GroupMemory<'a, L> {
    /// [`Plan::training_packets`] packets.
    pub packets: &'a mut [L],
    /// [`Plan::winner_bytes`] bytes for each lane.
    pub winners: &'a mut [u8],
    /// [`Plan::group_values`] values. What the group leaves for [`Plan::add_gradient`].
    pub values: &'a mut [f32],
}

impl Plan {
    /// Runs a group of at most [`GROUP`] samples forward and backward, packet by packet.
    ///
    /// `labels` has one label per sample; `mean` is one over the size of the whole batch. `fill`
    /// is called for each packet with the samples it is to hold, counted within the group, and
    /// the input to write, channels x height x width packets: see [`pack_pixels`](crate::pack_pixels).
    ///
    /// # Errors
    ///
    /// A buffer of another length than the plan says, no or too many samples, or a label that is
    /// not among the classes.
    pub fn backward_group<L: Lanes>(
        &self,
        parameters: &[f32],
        labels: &[u16],
        mean: f32,
        memory: &mut GroupMemory<'_, L>,
        mut fill: impl FnMut(Range<usize>, &mut [L]),
    ) -> Result<Outcome, BufferError> {
        buffers::check("parameters", parameters.len(), self.parameters())?;
        buffers::check(
            "training memory",
            memory.packets.len(),
            self.training_packets(),
        )?;
        let winner_bytes = self.winner_bytes() * L::LANES;
        buffers::check("winners", memory.winners.len(), winner_bytes)?;
        buffers::check("group values", memory.values.len(), self.group_values())?;
        check_labels(labels, GROUP, self.classes())?;
        for step in self.steps() {
            // Only sums begin at zero; what linear layers keep of their samples is written whole.
            if let Operation::Conv2d { .. } = step.operation {
                memory.values[step.group.range()].fill(0.0);
            }
        }
        let mut outcome = Outcome::default();
        for first in (0..labels.len()).step_by(L::LANES) {
            let samples = first..labels.len().min(first + L::LANES);
            let input = &mut memory.packets[..self.input_shape().elements()];
            fill(samples.clone(), input);
            let mut pass = Pass {
                plan: self,
                parameters,
                samples: samples.clone(),
                memory,
            };
            pass.forward();
            pass.loss(&labels[samples], mean, &mut outcome);
            pass.backward();
        }
        Ok(outcome)
    }
}

/// One packet on its way.
struct Pass<'a, 'm, L> {
    plan: &'a Plan,
    parameters: &'a [f32],
    /// Its samples, counted within the group.
    samples: Range<usize>,
    memory: &'a mut GroupMemory<'m, L>,
}

impl<L: Lanes> Pass<'_, '_, L> {
    fn forward(&mut self) {
        let mut before = 0..self.plan.input_shape().elements();
        for step in self.plan.steps() {
            let own = step.tensors(self.parameters);
            let after = step.activation.range();
            let (input, output) = read_and_write(self.memory.packets, before, after.clone());
            let winners = &mut self.memory.winners[winner_range::<L>(step)];
            L::forward(step, own, input, output, winners);
            before = after;
        }
    }

    /// Scores the logits and leaves their gradient where the last step looks for it.
    fn loss(&mut self, labels: &[u16], mean: f32, outcome: &mut Outcome) {
        let Some(last) = self.plan.steps().last() else {
            return;
        };
        let (start, _) = self.plan.training_bounds();
        let (activations, rest) = self.memory.packets.split_at_mut(start);
        let logits = &activations[last.activation.range()];
        L::differentiate_loss(loss::SoftmaxCrossEntropy {
            logits,
            labels,
            mean,
            smoothing: 0.0,
            gradient: &mut rest[last.gradient.range()],
            outcome,
        });
    }

    fn backward(&mut self) {
        let first = self.plan.first_trained();
        for index in (first..self.plan.steps().len()).rev() {
            let below = (index > first).then(|| self.plan.steps()[index - 1].gradient.range());
            self.step_backward(index, below);
        }
    }

    /// From the gradient of a step's output to that of its input, at `below`, if that is wanted,
    /// and to the parameters' gradients.
    fn step_backward(&mut self, index: usize, below: Option<Range<usize>>) {
        let step = &self.plan.steps()[index];
        let (start, end) = self.plan.training_bounds();
        let (activations, rest) = self.memory.packets.split_at_mut(start);
        let (gradients, scratch) = rest.split_at_mut(end - start);
        let input = match index.checked_sub(1) {
            None => 0..self.plan.input_shape().elements(),
            Some(before) => self.plan.steps()[before].activation.range(),
        };
        mask_relu(step, &activations[step.activation.range()], gradients);
        let (d_output, d_input) = match below {
            None => (&gradients[step.gradient.range()], None),
            Some(below) => {
                let (d_output, d_input) = read_and_write(gradients, step.gradient.range(), below);
                (d_output, Some(d_input))
            }
        };
        L::backward(StepBackward {
            step,
            weights: &self.parameters[step.parameters.range()][..step.weights()],
            input: &activations[input],
            d_output,
            d_input,
            winners: &self.memory.winners[winner_range::<L>(step)],
            scratch: &mut scratch[..step.scratch],
            values: &mut self.memory.values[step.group.range()],
            samples: self.samples.clone(),
        });
    }
}

fn winner_range<L: Lanes>(step: &Step) -> Range<usize> {
    step.winners.at * L::LANES..(step.winners.at + step.winners.len) * L::LANES
}

/// Takes the gradient of a step's output through the step's ReLU, where the step has one that the
/// winners' bytes do not already tell of.
fn mask_relu<L: Lanes>(step: &Step, output: &[L], gradients: &mut [L]) {
    if step.masks_by_output() {
        let gradient = &mut gradients[step.gradient.range()];
        output[0].vectorize(activation::ActivationMask {
            activation: activation::Activation::Relu,
            output,
            gradient,
        });
    }
}
