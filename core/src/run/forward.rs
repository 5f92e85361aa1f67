//! The forward pass of one step.

use super::meeting::NormMoments;
use crate::lanes::Lanes;
use crate::ops::{activation, add, batch_norm, conv2d, dropout, linear, pool, scale_shift};
use crate::program::Region;
use crate::{Operation, Program, Step};

/// What only training needs of a step.
pub(crate) struct Extras<'a> {
    /// Where it keeps which value of each window won; empty for inference.
    pub winners: &'a mut [u8],
    /// A batch normalisation's moments of the batch.
    pub moments: &'a [f32],
    /// What dropout draws from, one key for each sample of the packet.
    pub keys: &'a [u64],
}

impl Extras<'_> {
    /// None: inference.
    pub fn none() -> Self {
        Self {
            winners: &mut [],
            moments: &[],
            keys: &[],
        }
    }
}

/// One step's forward pass, its buffers in hand.
pub struct StepForward<'a, L> {
    pub step: &'a Step,
    /// Its weights and biases.
    pub tensors: [&'a [f32]; 2],
    /// What it reads first; empty where it writes over it.
    pub input: &'a [L],
    /// The other value of an addition.
    pub other: &'a [L],
    pub output: &'a mut [L],
    pub(crate) extras: Extras<'a>,
}

/// Runs step `index` on one packet of samples, all of whose values lie in `arena`.
pub(crate) fn forward_within<L: Lanes, const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    tensors: [&[f32]; 2],
    arena: &mut [L],
    extras: Extras<'_>,
) {
    let step = &program.steps()[index];
    let [first, second] = [0, 1].map(|read| program.value(step.reads[read].value));
    let both = step.read_count() == 2;
    let twice = both && first == second;
    let (input, other) = match step.in_place {
        Some(0) if both => (Region::EMPTY, second),
        Some(0) => (Region::EMPTY, Region::EMPTY),
        Some(_) => (Region::EMPTY, first),
        None if both && !twice => (first, second),
        None => (first, Region::EMPTY),
    };
    let regions = [input, other, step.value.region].map(Region::range);
    let Ok([input, other, output]) = arena.get_disjoint_mut(regions) else {
        unreachable!("buffers alive at the same time overlap");
    };
    let input = &*input;
    L::forward(StepForward {
        step,
        tensors,
        input,
        other: if twice { input } else { other },
        output,
        extras,
    });
}

impl<L: Lanes> StepForward<'_, L> {
    /// Runs the step.
    pub fn run(mut self) {
        if L::LANES == 1 && self.run_single() {
            return;
        }
        if self.step.operation.works_in_place() && !self.input.is_empty() {
            self.output.copy_from_slice(self.input);
        }
        let [weights, bias] = self.tensors;
        let proof = self.output[0];
        let Self {
            step,
            input,
            other,
            output,
            extras,
            ..
        } = self;
        let map = step.input.map_elements();
        match step.operation {
            Operation::Conv2d {
                conv,
                activation,
                pool,
            } => proof.vectorize(conv2d::Forward {
                geometry: conv2d::Geometry::new(&conv, step.input, step.inner),
                activation,
                pool,
                input,
                weights,
                bias,
                output,
                winners: extras.winners,
            }),
            Operation::Linear { activation, .. } => proof.vectorize(linear::Forward {
                activation,
                input,
                weights,
                bias,
                output,
            }),
            Operation::MaxPool2d(options) => proof.vectorize(pool::MaxPool {
                geometry: pool::Geometry::new(&options, step.input, step.output),
                input,
                output,
                winners: extras.winners,
            }),
            Operation::AvgPool2d(options) => proof.vectorize(pool::AveragePool {
                geometry: pool::Geometry::new(&options, step.input, step.output),
                input,
                output,
            }),
            Operation::Activation(activation) => proof.vectorize(activation::Activate {
                activation,
                values: output,
            }),
            Operation::Add { activation } => proof.vectorize(add::AddInto {
                value: output,
                other,
                activation,
            }),
            Operation::ScaleShift { activation } => proof.vectorize(scale_shift::ScaleShift {
                values: output,
                map,
                scale: weights,
                shift: bias,
                activation,
            }),
            Operation::BatchNorm { activation, .. } => {
                let batch = NormMoments::of(extras.moments);
                proof.vectorize(batch_norm::Normalize {
                    input,
                    output,
                    map,
                    mean: batch.mean,
                    inverse: batch.inverse,
                    weight: weights,
                    bias,
                    activation,
                });
            }
            Operation::Dropout(options) => proof.vectorize(dropout::Drop {
                probability: options.probability,
                keys: extras.keys,
                node: step.node,
                values: output,
            }),
        }
    }

    /// Runs the step on one sample by the kernels made for one; false where there is none.
    #[inline(always)]
    fn run_single(&mut self) -> bool {
        let (input, output) = (L::values(self.input), L::values_mut(self.output));
        let [weights, bias] = self.tensors;
        match self.step.operation {
            Operation::Conv2d {
                conv,
                activation,
                pool,
            } => conv2d::ScalarForward {
                geometry: conv2d::Geometry::new(&conv, self.step.input, self.step.inner),
                activation,
                pool,
                input,
                weights,
                bias,
                output,
                winners: &mut *self.extras.winners,
            }
            .run(),
            Operation::Linear { activation, .. } => {
                linear::scalar::forward(activation, input, weights, bias, output);
            }
            _ => return false,
        }
        true
    }
}
