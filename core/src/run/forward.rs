//! The forward pass of one step.

use super::meeting::NormMoments;
use crate::lanes::Lanes;
use crate::ops::{activation, add, batch_norm, conv2d, dropout, linear, pool, scale_shift};
use crate::program::Region;
use crate::{Dropout, Operation, Program, Step};

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

/// Runs step `index` by `run` on one packet of samples, all of whose values lie in `arena`.
pub(crate) fn forward_within<L: Lanes, const STEPS: usize>(
    program: &Program<STEPS>,
    index: usize,
    tensors: [&[f32]; 2],
    arena: &mut [L],
    extras: Extras<'_>,
    run: impl FnOnce(StepForward<'_, L>),
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
    run(StepForward {
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
    pub fn run(self) {
        match self.step.operation {
            // One sample has kernels of its own. Asked for each operation, so that a program for
            // one sample is compiled without the others.
            Operation::Conv2d { .. } if L::IS_SINGLE => self.convolve_single(),
            Operation::Conv2d { .. } => self.convolve(),
            Operation::Linear { .. } if L::IS_SINGLE => self.connect_single(),
            Operation::Linear { .. } => self.connect(),
            Operation::MaxPool2d(_) | Operation::AvgPool2d(_) => self.pool(),
            _ => self.change_in_place(),
        }
    }

    /// Runs the step, also one that there is in training alone. Apart from the others, so that
    /// a program that only evaluates is compiled without these.
    pub fn run_in_training(self) {
        match self.step.operation {
            Operation::BatchNorm { .. } => self.normalize(),
            Operation::Dropout(options) => self.drop_values(options),
            _ => self.run(),
        }
    }

    fn convolve(self) {
        let [weights, bias] = self.tensors;
        if let Operation::Conv2d {
            conv,
            activation,
            pool,
        } = self.step.operation
        {
            self.output[0].vectorize(conv2d::ConvForward {
                geometry: conv2d::ConvGeometry::new(&conv, self.step.input, self.step.inner),
                activation,
                pool,
                input: self.input,
                weights,
                bias,
                output: self.output,
                winners: self.extras.winners,
            });
        }
    }

    // Apart from all else, so that its tiles have the registers to themselves.
    #[inline(never)]
    fn convolve_single(self) {
        let [weights, bias] = self.tensors;
        if let Operation::Conv2d {
            conv,
            activation,
            pool,
        } = self.step.operation
        {
            let single = conv2d::ScalarForward {
                geometry: conv2d::ConvGeometry::new(&conv, self.step.input, self.step.inner),
                activation,
                pool,
                input: L::values(self.input),
                weights,
                bias,
                output: L::values_mut(self.output),
                winners: self.extras.winners,
            };
            single.run();
        }
    }

    fn connect(self) {
        let [weights, bias] = self.tensors;
        self.output[0].vectorize(linear::LinearForward {
            activation: self.step.operation.activation(),
            input: self.input,
            weights,
            bias,
            output: self.output,
        });
    }

    #[inline(never)]
    fn connect_single(self) {
        let [weights, bias] = self.tensors;
        let activation = self.step.operation.activation();
        let (input, output) = (L::values(self.input), L::values_mut(self.output));
        linear::scalar::forward(activation, input, weights, bias, output);
    }

    fn pool(self) {
        let (step, input, output) = (self.step, self.input, self.output);
        let geometry = |options| pool::PoolGeometry::new(options, step.input, step.output);
        let proof = output[0];
        match &step.operation {
            Operation::MaxPool2d(options) => proof.vectorize(pool::MaxPool {
                geometry: geometry(options),
                input,
                output,
                winners: self.extras.winners,
            }),
            Operation::AvgPool2d(options) => proof.vectorize(pool::AveragePool {
                geometry: geometry(options),
                input,
                output,
            }),
            _ => {}
        }
    }

    fn normalize(self) {
        let [weight, bias] = self.tensors;
        let batch = NormMoments::of(self.extras.moments);
        self.output[0].vectorize(batch_norm::Normalize {
            input: self.input,
            output: self.output,
            map: self.step.input.map_elements(),
            mean: batch.mean,
            inverse: batch.inverse,
            weight,
            bias,
            activation: self.step.operation.activation(),
        });
    }

    /// What works value by value, on what it read.
    fn change_in_place(self) {
        let (step, values) = (self.step, self.output);
        if !self.input.is_empty() {
            values.copy_from_slice(self.input);
        }
        let [scale, shift] = self.tensors;
        let proof = values[0];
        match step.operation {
            Operation::Activation(activation) => {
                proof.vectorize(activation::Activate { activation, values });
            }
            Operation::Add { activation } => proof.vectorize(add::AddInto {
                value: values,
                other: self.other,
                activation,
            }),
            Operation::ScaleShift { activation } => proof.vectorize(scale_shift::ScaleShift {
                values,
                map: step.input.map_elements(),
                scale,
                shift,
                activation,
            }),
            _ => {}
        }
    }

    fn drop_values(self, options: Dropout) {
        let (values, keys) = (self.output, self.extras.keys);
        if !self.input.is_empty() {
            values.copy_from_slice(self.input);
        }
        values[0].vectorize(dropout::DropValues {
            probability: options.probability,
            keys: &dropout::node_keys(keys, self.step.node)[..keys.len()],
            values,
        });
    }
}
