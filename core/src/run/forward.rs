//! The forward pass of one step.

use super::meeting::NormMoments;
use crate::lanes::Lanes;
use crate::ops::conv2d::scalar::parts;
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

/// What has steps, and knows where the values lie that they read.
pub(crate) trait PlacedSteps {
    /// Step `index`.
    fn placed_step(&self, index: usize) -> &Step;
    /// Where the value lies that a step reads first (0) or second (1).
    fn read_place(&self, step: &Step, read: usize) -> Region;
}

impl<const STEPS: usize> PlacedSteps for Program<STEPS> {
    fn placed_step(&self, index: usize) -> &Step {
        &self.steps()[index]
    }

    fn read_place(&self, step: &Step, read: usize) -> Region {
        self.value(step.reads[read].value)
    }
}

/// Runs step `index` by `run` on one packet of samples, all of whose values lie in `arena`.
pub(crate) fn forward_within<L: Lanes>(
    steps: &impl PlacedSteps,
    index: usize,
    tensors: [&[f32]; 2],
    arena: &mut [L],
    extras: Extras<'_>,
    run: impl FnOnce(StepForward<'_, L>),
) {
    let step = steps.placed_step(index);
    let (places, twice) = forward_places(step, [0, 1].map(|read| steps.read_place(step, read)));
    let Ok([input, other, output]) = arena.get_disjoint_mut(places.map(Region::range)) else {
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

/// Where a step's input, the other value of an addition and its output lie, apart from one another, and
/// whether the other one is the input once more.
#[inline(always)]
pub(super) fn forward_places(step: &Step, [first, second]: [Region; 2]) -> ([Region; 3], bool) {
    let both = step.read_count() == 2;
    let twice = both && first == second;
    let (input, other) = match step.in_place {
        Some(0) if both => (Region::EMPTY, second),
        Some(0) => (Region::EMPTY, Region::EMPTY),
        Some(_) => (Region::EMPTY, first),
        None if both && !twice => (first, second),
        None => (first, Region::EMPTY),
    };
    ([input, other, step.value.region], twice)
}

impl<L: Lanes> StepForward<'_, L> {
    /// Runs the step.
    pub fn run(self) {
        match self.step.operation {
            // One sample has kernels of its own. Asked for each operation, so that a program for
            // one sample is compiled without the others.
            Operation::Conv2d { .. } if L::IS_SINGLE => self.convolve_single::<{ parts::ALL }>(),
            Operation::Conv2d { .. } => self.convolve(),
            Operation::Linear { .. } if L::IS_SINGLE => self.connect_single(),
            Operation::Linear { .. } => self.connect(),
            Operation::MaxPool2d(_) => self.pool_by_maximum(),
            Operation::AvgPool2d(_) => self.pool_by_mean(),
            Operation::Add { .. } => self.add(),
            Operation::ScaleShift { .. } => self.scale_and_shift(),
            _ => self.activate(),
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

    /// A convolution of one sample, by the `PARTS` of the kernels.
    // Apart from all else, so that its tiles have the registers to themselves.
    #[inline(never)]
    pub fn convolve_single<const PARTS: u8>(self) {
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
            single.run::<PARTS>();
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

    /// A linear layer of one sample.
    #[inline(never)]
    pub fn connect_single(self) {
        let [weights, bias] = self.tensors;
        let activation = self.step.operation.activation();
        let (input, output) = (L::values(self.input), L::values_mut(self.output));
        linear::scalar::forward(activation, input, weights, bias, output);
    }

    /// A max pool.
    // Apart, as convolutions are: what its loops keep on the stack would lie beneath every other step.
    #[inline(never)]
    pub fn pool_by_maximum(self) {
        let (step, input, output) = (self.step, self.input, self.output);
        if let Operation::MaxPool2d(options) = &step.operation {
            output[0].vectorize(pool::MaxPool {
                geometry: pool::PoolGeometry::new(options, step.input, step.output),
                input,
                output,
                winners: self.extras.winners,
            });
        }
    }

    /// An average pool.
    #[inline(never)]
    pub fn pool_by_mean(self) {
        let (step, input, output) = (self.step, self.input, self.output);
        if let Operation::AvgPool2d(options) = &step.operation {
            output[0].vectorize(pool::AveragePool {
                geometry: pool::PoolGeometry::new(options, step.input, step.output),
                input,
                output,
            });
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

    /// An activation by itself.
    pub fn activate(mut self) {
        let activation = self.step.operation.activation();
        let values = self.own_values();
        values[0].vectorize(activation::Activate { activation, values });
    }

    /// An addition.
    pub fn add(mut self) {
        let activation = self.step.operation.activation();
        let other = self.other;
        let value = self.own_values();
        value[0].vectorize(add::AddInto {
            value,
            other,
            activation,
        });
    }

    /// A scale and a shift for each channel.
    pub fn scale_and_shift(mut self) {
        let (activation, map) = (
            self.step.operation.activation(),
            self.step.input.map_elements(),
        );
        let [scale, shift] = self.tensors;
        let values = self.own_values();
        values[0].vectorize(scale_shift::ScaleShift {
            values,
            map,
            scale,
            shift,
            activation,
        });
    }

    /// What a step that works value by value read, where it leaves its output.
    fn own_values(&mut self) -> &mut [L] {
        if !self.input.is_empty() {
            self.output.copy_from_slice(self.input);
        }
        self.output
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
