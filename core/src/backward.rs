//! The backward pass of a group of samples: everything but the sum over groups.

use crate::buffers::{self, BufferError, read_and_write};
use crate::forward::{check_labels, forward};
use crate::lanes::Lanes;
use crate::ops::{activation, conv2d, linear, loss, pool};
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
            let own = &self.parameters[step.parameters.range()];
            let after = step.activation.range();
            let (input, output) = read_and_write(self.memory.packets, before, after.clone());
            let winners = &mut self.memory.winners[winner_range::<L>(step)];
            forward(step, own, input, output, winners);
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
        logits[0].vectorize(loss::SoftmaxCrossEntropy {
            logits,
            labels,
            mean,
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
        StepBackward {
            step,
            weights: &self.parameters[step.parameters.range()][..step.weights()],
            input: &activations[input],
            d_output,
            d_input,
            winners: &self.memory.winners[winner_range::<L>(step)],
            scratch: &mut scratch[..step.scratch],
            values: &mut self.memory.values[step.group.range()],
            samples: self.samples.clone(),
        }
        .run();
    }
}

fn winner_range<L: Lanes>(step: &Step) -> Range<usize> {
    step.winners.at * L::LANES..(step.winners.at + step.winners.len) * L::LANES
}

/// Takes the gradient of a step's output through the step's ReLU, where the step has one that the
/// winners' bytes do not already tell of.
fn mask_relu<L: Lanes>(step: &Step, output: &[L], gradients: &mut [L]) {
    let masked = match step.operation {
        Operation::Conv2d { relu, pool, .. } => relu && !pool,
        Operation::Linear { relu } => relu,
        Operation::Relu => true,
        _ => false,
    };
    if masked {
        let gradient = &mut gradients[step.gradient.range()];
        output[0].vectorize(activation::ReluMask { output, gradient });
    }
}

/// One step's backward pass, its buffers in hand.
struct StepBackward<'a, L> {
    step: &'a Step,
    weights: &'a [f32],
    input: &'a [L],
    d_output: &'a [L],
    d_input: Option<&'a mut [L]>,
    winners: &'a [u8],
    scratch: &'a mut [L],
    values: &'a mut [f32],
    samples: Range<usize>,
}

impl<L: Lanes> StepBackward<'_, L> {
    fn run(self) {
        match self.step.operation {
            Operation::Conv2d { conv, pool, .. } => {
                let mut geometry = conv2d::Geometry::new(&conv, self.step.input, self.step.inner);
                geometry.output = self.step.pooled_extent();
                if pool {
                    self.pooled_convolution(geometry);
                } else {
                    self.plain_convolution(geometry);
                }
            }
            Operation::Linear { .. } => self.linear(),
            Operation::Relu => {
                if let Some(d_input) = self.d_input {
                    d_input.copy_from_slice(self.d_output);
                }
            }
            Operation::MaxPool2d(options) => self.max_pool(&options),
            Operation::AvgPool2d(options) => self.average_pool(&options),
        }
    }

    /// Without an input gradient the pooled gradient is spread a row of windows at a time, else
    /// all of it, once, for both gradients.
    fn pooled_convolution(self, geometry: conv2d::Geometry) {
        let (d_output, winners) = (self.d_output, self.winners);
        let proof = d_output[0];
        let Some(d_input) = self.d_input else {
            return proof.vectorize(conv2d::ParameterGradient {
                geometry,
                input: self.input,
                d_output: conv2d::Gradient::Pooled(d_output, winners),
                scratch: self.scratch,
                sums: self.values,
                samples: self.samples.len(),
            });
        };
        let (maps, scratch) = self
            .scratch
            .split_at_mut(geometry.filters * geometry.output_area());
        proof.vectorize(conv2d::Spread {
            geometry,
            gradient: d_output,
            winners,
            maps,
        });
        proof.vectorize(conv2d::ParameterGradient {
            geometry,
            input: self.input,
            d_output: conv2d::Gradient::Whole(maps),
            scratch,
            sums: self.values,
            samples: self.samples.len(),
        });
        proof.vectorize(conv2d::InputGradient {
            geometry,
            weights: self.weights,
            d_output: maps,
            d_input,
        });
    }

    fn plain_convolution(self, geometry: conv2d::Geometry) {
        let d_output = self.d_output;
        d_output[0].vectorize(conv2d::ParameterGradient {
            geometry,
            input: self.input,
            d_output: conv2d::Gradient::Whole(d_output),
            scratch: self.scratch,
            sums: self.values,
            samples: self.samples.len(),
        });
        if let Some(d_input) = self.d_input {
            d_output[0].vectorize(conv2d::InputGradient {
                geometry,
                weights: self.weights,
                d_output,
                d_input,
            });
        }
    }

    /// Keeps inputs and output gradients, sample by sample, for the sum over the group, which
    /// runs over whole rows of weights later.
    fn linear(self) {
        let (inputs, d_outputs) = self.values.split_at_mut(GROUP * self.input.len());
        keep_samples(self.input, self.samples.clone(), inputs);
        keep_samples(self.d_output, self.samples, d_outputs);
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(linear::InputGradient {
                weights: self.weights,
                d_output: self.d_output,
                d_input,
            });
        }
    }

    fn max_pool(self, options: &crate::Pool2d) {
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(pool::MaxPoolGradient {
                geometry: pool::Geometry::new(options, self.step.input, self.step.output),
                d_output: self.d_output,
                winners: self.winners,
                d_input,
            });
        }
    }

    fn average_pool(self, options: &crate::Pool2d) {
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(pool::AveragePoolGradient {
                geometry: pool::Geometry::new(options, self.step.input, self.step.output),
                d_output: self.d_output,
                d_input,
            });
        }
    }
}

/// Writes packets (value by value, lanes innermost) as rows, one per sample.
///
/// Blocks keep the packets being read in the first cache while all lanes are picked from them.
fn keep_samples<L: Lanes>(packets: &[L], samples: Range<usize>, rows: &mut [f32]) {
    const BLOCK: usize = 64;
    let len = packets.len();
    for start in (0..len).step_by(BLOCK) {
        let end = len.min(start + BLOCK);
        let values = L::values(&packets[start..end]);
        for (lane, sample) in samples.clone().enumerate() {
            let row = &mut rows[sample * len + start..sample * len + end];
            for (value, lanes) in row.iter_mut().zip(values.chunks_exact(L::LANES)) {
                *value = lanes[lane];
            }
        }
    }
}
