//! One sample on its way: step by step, as the program says.

use super::CompactError;
use super::kernels::StepKernels;
use super::steps::{SampleSteps, WholeGradient};
use crate::lanes::Kernel;
use crate::ops::activation::GradientMask;
use crate::ops::conv2d::SampleOutputGradient;
use crate::ops::tensor::Tensor;
use crate::ops::{activation, conv2d, linear, loss, pool, scale_shift};
use crate::program::{Mask, Region};
use crate::run::backward::{mask, propagate};
use crate::run::compiled::Compiled;
use crate::run::forward::{Extras, StepForward, forward_within};
use crate::{Operation, Outcome, Sgd, Step};

/// A training's memory, all of which is at hand.
pub(crate) struct SamplePass<'a, P, K> {
    pub steps: &'a P,
    pub kernels: K,
    /// All parameters; empty where none is frozen.
    pub frozen: &'a [f32],
    pub trained: &'a mut [f32],
    pub arena: &'a mut [f32],
    pub winners: &'a mut [u8],
}

/// What is done with gradients.
pub(crate) enum Rule<'a> {
    /// They are applied at once.
    Descend(&'a Sgd),
    /// They are added to these.
    Accumulate(&'a mut [f32]),
}

impl<P: SampleSteps, K: StepKernels> SamplePass<'_, P, K> {
    /// Runs step `index` forward; `training` keeps what its backward pass needs.
    pub fn forward(&mut self, index: usize, training: bool) {
        let step = self.steps.placed_step(index);
        let tensors = tensors(step, self.frozen, self.trained);
        let winners = if training && step.has_winners() {
            &mut self.winners[step.winners.range()]
        } else {
            &mut []
        };
        let extras = Extras {
            winners,
            ..Extras::none()
        };
        let kernels = self.kernels;
        let run = |work: StepForward<'_, f32>| kernels.forward(index, work);
        forward_within(self.steps, index, tensors, self.arena, extras, run);
        if training && self.steps.step_mask(index) == Mask::Bits {
            let output = &self.arena[step.value.region.range()];
            let bits = &mut self.winners[step.winners.range()];
            activation::keep_bits(step.operation.activation(), output, bits);
        }
    }

    /// Scores what step `last` gives, the logits, and leaves their gradient, `mean` times that of the
    /// loss.
    pub fn loss(&mut self, last: usize, label: u16, mean: f32) -> Result<Outcome, CompactError> {
        let mut outcome = Outcome::default();
        let whole = self.whole_of(last);
        let (logits, gradient) = self.both(whole);
        f32::differentiate_loss(loss::SoftmaxCrossEntropy {
            logits,
            labels: &[label],
            smoothing: 0.0,
            mean,
            gradient,
            outcome: &mut outcome,
        });
        let finite = gradient.iter().all(|value| value.is_finite());
        if !(finite && outcome.loss_sum.is_finite()) {
            let loss = outcome.loss_sum;
            return Err(CompactError::NotFinite { loss });
        }
        self.mask_logits(last, whole);
        Ok(outcome)
    }

    /// As [`SamplePass::loss`] of a batch of one, without a number of 64 bits: the loss.
    pub fn sample_loss(&mut self, last: usize, label: u16) -> Result<f32, CompactError> {
        let whole = self.whole_of(last);
        let (logits, gradient) = self.both(whole);
        let own = loss::SoftmaxCrossEntropy {
            logits,
            labels: &[label],
            smoothing: 0.0,
            mean: 1.0,
            gradient: &mut *gradient,
            outcome: &mut Outcome::default(),
        };
        let loss = own.run_single();
        if !(loss.is_finite() && gradient.iter().all(|value| value.is_finite())) {
            // Which of those it was does not matter to who reads it, and no conversion is linked for it.
            let loss = f64::NAN;
            return Err(CompactError::NotFinite { loss });
        }
        self.mask_logits(last, whole);
        Ok(loss)
    }

    /// What the last step gives, whose gradient the loss makes whole.
    fn whole_of(&self, last: usize) -> WholeGradient {
        let step = self.steps.placed_step(last);
        WholeGradient {
            value: step.value.region,
            gradient: self.steps.output_gradient(last),
            activation: step.operation.activation(),
        }
    }

    /// A value and its gradient.
    fn both(&mut self, whole: WholeGradient) -> (&[f32], &mut [f32]) {
        let regions = [whole.value, whole.gradient];
        let Ok([value, gradient]) = self.arena.get_disjoint_mut(regions.map(Region::range)) else {
            unreachable!("buffers alive at the same time overlap");
        };
        (value, gradient)
    }

    fn mask_logits(&mut self, last: usize, whole: WholeGradient) {
        if self.steps.step_mask(last) == Mask::Whole {
            self.mask_whole(whole);
        }
    }

    /// Runs step `index` backward, to the gradients of what it reads where they are wanted.
    pub fn backward(&mut self, index: usize, rule: &mut Rule<'_>) {
        let step = self.steps.placed_step(index);
        let kept = &self.winners[step.winners.range()];
        let by_map = self.steps.is_mapped(index);
        match self.steps.step_mask(index) {
            Mask::Bits if !by_map => {
                let gradient = self.steps.output_gradient(index);
                activation::mask_by_bits(kept, &mut self.arena[gradient.range()]);
            }
            Mask::Output => mask(self.steps, index, self.arena),
            _ => {}
        }
        let [weights, bias] = rule.tensors(step, self.frozen, self.trained);
        let kernels = self.kernels;
        propagate(self.steps, index, self.arena, |regions, arena| {
            let [input, d_output, d_input, scratch] = regions.split(arena);
            kernels.backward(
                index,
                StepGradient {
                    step,
                    weights,
                    bias,
                    input,
                    d_output,
                    d_input,
                    scratch,
                    kept,
                    by_map,
                },
            );
        });
        if let Some(whole) = self.steps.whole_behind(index) {
            self.mask_whole(whole);
        }
    }

    /// Takes the gradient of a value, now that it is whole, through the value's activation, where
    /// the value itself tells of that.
    fn mask_whole(&mut self, whole: WholeGradient) {
        let (output, gradient) = self.both(whole);
        activation::mask_single(whole.activation, output, gradient);
    }
}

/// A step's weights and biases as they are now.
pub(super) fn tensors<'t>(step: &Step, frozen: &'t [f32], trained: &'t [f32]) -> [&'t [f32]; 2] {
    let [weights, biases] = step.tensor_regions();
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
        step: &Step,
        frozen: &'t [f32],
        trained: &'t mut [f32],
    ) -> [Tensor<'t>; 2] {
        let [weights, biases] = step.trained;
        let [all_weights, all_biases] = step.tensor_regions();
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

/// A step's backward pass, its buffers in hand.
///
/// `pub` in a private module, as [`StepKernels`].
pub struct StepGradient<'a> {
    step: &'a Step,
    weights: Tensor<'a>,
    bias: Tensor<'a>,
    input: &'a [f32],
    /// Becomes the gradient of the input where the step works in place.
    d_output: &'a mut [f32],
    /// Empty where it is not wanted, or made in place.
    d_input: &'a mut [f32],
    scratch: &'a mut [f32],
    /// The winners of its windows, or the bits of its activation's mask.
    kept: &'a [u8],
    /// Whether its output's gradient is one value for each map.
    by_map: bool,
}

impl StepGradient<'_> {
    /// Runs it, whatever the step is.
    pub(super) fn run(self) {
        match self.step.operation {
            Operation::Conv2d { .. } => self.convolution(),
            Operation::Linear { .. } => self.linear(),
            Operation::ScaleShift { .. } => self.scale_shift(),
            Operation::MaxPool2d(_) => self.maximum(),
            Operation::AvgPool2d(_) => self.mean(),
            // The mask of an activation, and the copies of an addition, are made on the way.
            _ => {}
        }
    }

    pub(super) fn convolution(self) {
        let Operation::Conv2d { conv, pool, .. } = self.step.operation else {
            return;
        };
        let mut geometry = conv2d::ConvGeometry::new(&conv, self.step.input, self.step.inner);
        geometry.output = self.step.pooled_extent();
        conv2d::ConvSampleGradient {
            geometry,
            input: self.input,
            d_output: match (pool, self.by_map) {
                (true, _) => SampleOutputGradient::Pooled(self.d_output, self.kept),
                (_, true) => SampleOutputGradient::Mapped(self.d_output, self.kept),
                _ => SampleOutputGradient::Whole(self.d_output),
            },
            d_input: self.d_input,
            weights: self.weights,
            bias: self.bias,
            scratch: self.scratch,
        }
        .run();
    }

    pub(super) fn linear(mut self) {
        linear::LinearSampleGradient {
            input: self.input,
            d_output: self.d_output,
            d_input: self.d_input,
            weights: self.weights,
        }
        .run();
        if !self.bias.values().is_empty() {
            self.bias.take(0, self.d_output);
        }
    }

    pub(super) fn scale_shift(self) {
        scale_shift::ScaleShiftSampleGradient {
            input: self.input,
            gradient: self.d_output,
            propagate: self.step.reads[0].gradient.region.len > 0,
            map: self.step.input.map_elements(),
            scale: self.weights,
            shift: self.bias,
        }
        .run();
    }

    pub(super) fn maximum(self) {
        let step = self.step;
        if let (Operation::MaxPool2d(options), false) = (&step.operation, self.d_input.is_empty()) {
            pool::MaxPoolGradient {
                geometry: pool::PoolGeometry::new(options, step.input, step.output),
                d_output: self.d_output,
                winners: self.kept,
                d_input: self.d_input,
            }
            .run();
        }
    }

    pub(super) fn mean(self) {
        let step = self.step;
        match &step.operation {
            _ if self.d_input.is_empty() => {}
            Operation::AvgPool2d(_)
                if step.averages_whole_maps() && self.d_input.len() == self.d_output.len() =>
            {
                pool::differentiate_map_means(step.input, self.d_output, self.d_input);
            }
            Operation::AvgPool2d(options) => pool::AveragePoolGradient {
                geometry: pool::PoolGeometry::new(options, step.input, step.output),
                d_output: self.d_output,
                d_input: self.d_input,
                mask: GradientMask::NONE,
            }
            .run(),
            _ => {}
        }
    }
}
