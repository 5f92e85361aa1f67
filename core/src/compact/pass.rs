//! One sample on its way: moment by moment, as the layout counts them.

use super::CompactError;
use super::plan::CompactStep;
use crate::buffers::read_and_write;
use crate::compiled::Compiled;
use crate::lanes::Kernel;
use crate::ops::tensor::Tensor;
use crate::ops::{activation, conv2d, linear, loss, pool};
use crate::plan::Region;
use crate::{Operation, Outcome, Sgd};

/// A plan's regions, all of which are at hand.
pub(super) struct Pass<'a> {
    pub steps: &'a [CompactStep],
    pub input: Region,
    /// All parameters; empty where none is frozen.
    pub frozen: &'a [f32],
    pub trained: &'a mut [f32],
    pub arena: &'a mut [f32],
    pub winners: &'a mut [u8],
}

/// What is done with gradients.
pub(super) enum Rule<'a> {
    /// They are applied at once.
    Descend(&'a Sgd),
    /// They are added to these.
    Accumulate(&'a mut [f32]),
}

impl Pass<'_> {
    /// Runs step `index` forward; `training` keeps what its backward pass needs.
    pub fn forward(&mut self, index: usize, training: bool) {
        let step = &self.steps[index];
        let input = self.input_of(index).range();
        let tensors = tensors(step, self.frozen, self.trained);
        let winners = if training {
            &mut self.winners[step.winners.range()]
        } else {
            &mut []
        };
        let output = step.output.region.range();
        let (input, output) = read_and_write(self.arena, input, output);
        f32::forward(&step.step, tensors, input, output, winners);
    }

    /// Scores the logits and leaves their gradient, `mean` times that of the loss.
    pub fn loss(&mut self, label: u16, mean: f32) -> Result<Outcome, CompactError> {
        let mut outcome = Outcome::default();
        if let Some(last) = self.steps.last() {
            let gradient = last.gradient.region.range();
            let (logits, gradient) =
                read_and_write(self.arena, last.output.region.range(), gradient);
            f32::differentiate_loss(loss::SoftmaxCrossEntropy {
                logits,
                labels: &[label],
                mean,
                smoothing: 0.0,
                gradient,
                outcome: &mut outcome,
            });
            let finite = gradient.iter().all(|value| value.is_finite());
            if !(finite && outcome.loss_sum.is_finite()) {
                let loss = outcome.loss_sum;
                return Err(CompactError::NotFinite { loss });
            }
        }
        Ok(outcome)
    }

    /// Runs step `index` backward; `propagate` makes its input's gradient too.
    pub fn backward(&mut self, index: usize, propagate: bool, rule: &mut Rule<'_>) {
        let step = &self.steps[index];
        let below = match index.checked_sub(1) {
            Some(below) if propagate => self.steps[below].gradient.region,
            _ => Region::EMPTY,
        };
        let d_output = step.gradient.region.range();
        if step.step.masks_by_output() {
            let output = step.output.region.range();
            let (output, gradient) = read_and_write(self.arena, output, d_output.clone());
            activation::ActivationMask {
                activation: activation::Activation::Relu,
                output,
                gradient,
            }
            .run();
        }
        // Dead, and perhaps written over, where the weights are frozen.
        let input = if step.trained[0].len > 0 {
            self.input_of(index)
        } else {
            Region::EMPTY
        };
        let scratch = step.scratch.region.range();
        let regions = [input.range(), d_output, below.range(), scratch];
        let Ok([input, d_output, d_input, scratch]) = self.arena.get_disjoint_mut(regions) else {
            unreachable!("buffers alive at the same time overlap");
        };
        let buffers = Buffers {
            input,
            d_output,
            d_input,
            scratch,
            winners: &self.winners[step.winners.range()],
        };
        let [weights, bias] = rule.tensors(step, self.frozen, self.trained);
        buffers.run(step, weights, bias);
    }

    fn input_of(&self, index: usize) -> Region {
        match index.checked_sub(1) {
            None => self.input,
            Some(before) => self.steps[before].output.region,
        }
    }
}

/// A step's weights and biases as they are now.
pub(super) fn tensors<'t>(
    step: &CompactStep,
    frozen: &'t [f32],
    trained: &'t [f32],
) -> [&'t [f32]; 2] {
    let [weights, biases] = step.tensors();
    [(weights, step.trained[0]), (biases, step.trained[1])].map(|(all, own)| {
        if own.len > 0 || all.len == 0 {
            &trained[own.range()]
        } else {
            &frozen[all.range()]
        }
    })
}

impl Rule<'_> {
    /// A step's weights and biases, and what becomes of their gradients.
    fn tensors<'t>(
        &'t mut self,
        step: &CompactStep,
        frozen: &'t [f32],
        trained: &'t mut [f32],
    ) -> [Tensor<'t>; 2] {
        let [weights, biases] = step.trained;
        let [all_weights, all_biases] = step.tensors();
        // Weights lie before biases; of frozen ones there is nothing.
        let (own_weights, own_biases) = pair(trained, weights, biases);
        let (sgd, gradient) = match self {
            Self::Descend(sgd) => (Some(*sgd), &mut [] as &mut [f32]),
            Self::Accumulate(gradient) => (None, &mut **gradient),
        };
        let (d_weights, d_biases) = match sgd {
            None => pair(gradient, weights, biases),
            Some(_) => (gradient, &mut [] as &mut [f32]),
        };
        let tensors = [
            (all_weights, own_weights, d_weights),
            (all_biases, own_biases, d_biases),
        ];
        tensors.map(|(all, values, gradient)| match sgd {
            _ if values.is_empty() && all.len > 0 => Tensor::Frozen(&frozen[all.range()]),
            Some(sgd) => Tensor::Descend { values, sgd },
            None => Tensor::Accumulate { values, gradient },
        })
    }
}

/// Two regions of which the second, where neither is empty, begins where the first ends.
fn pair(values: &mut [f32], first: Region, second: Region) -> (&mut [f32], &mut [f32]) {
    let start = if first.len > 0 { first.at } else { second.at };
    values[start..start + first.len + second.len].split_at_mut(first.len)
}

/// The buffers of a step's backward pass.
struct Buffers<'a> {
    input: &'a [f32],
    d_output: &'a [f32],
    /// Empty where it is not wanted.
    d_input: &'a mut [f32],
    scratch: &'a mut [f32],
    winners: &'a [u8],
}

impl Buffers<'_> {
    fn run(self, step: &CompactStep, weights: Tensor<'_>, bias: Tensor<'_>) {
        let step = &step.step;
        match step.operation {
            Operation::Conv2d { conv, pool, .. } => {
                let mut geometry = conv2d::Geometry::new(&conv, step.input, step.inner);
                geometry.output = step.pooled_extent();
                conv2d::SampleGradient {
                    geometry,
                    input: self.input,
                    d_output: if pool {
                        conv2d::Gradient::Pooled(self.d_output, self.winners)
                    } else {
                        conv2d::Gradient::Whole(self.d_output)
                    },
                    d_input: self.d_input,
                    weights,
                    bias,
                    scratch: self.scratch,
                }
                .run();
            }
            Operation::Linear { .. } => {
                let mut bias = bias;
                linear::SampleGradient {
                    input: self.input,
                    d_output: self.d_output,
                    d_input: self.d_input,
                    weights,
                }
                .run();
                bias.take(0, self.d_output);
            }
            _ if self.d_input.is_empty() => {}
            Operation::Relu => self.d_input.copy_from_slice(self.d_output),
            Operation::MaxPool2d(options) => pool::MaxPoolGradient {
                geometry: pool::Geometry::new(&options, step.input, step.output),
                d_output: self.d_output,
                winners: self.winners,
                d_input: self.d_input,
            }
            .run(),
            Operation::AvgPool2d(options) => pool::AveragePoolGradient {
                geometry: pool::Geometry::new(&options, step.input, step.output),
                d_output: self.d_output,
                d_input: self.d_input,
            }
            .run(),
        }
    }
}
