//! Backward pass of one sample at a time: what a microcontroller runs.
//!
//! One pass over the rows of the weights. Each row adds to the input's gradient with the weights
//! as they were, so that an input's sum runs over the outputs in their order, and is updated, or
//! its gradient added to, while it is at hand. A row whose gradient is 0 is left out: what it
//! would add is a zero, which changes no sum that began at +0.

use crate::Sgd;
use crate::ops::tensor::Tensor;

/// Weights taken at a time: with as many inputs and their gradients they fit 32 registers.
#[allow(dead_code, reason = "a target with loops of its own has no use for it")]
const BLOCK: usize = 8;

/// Gradients of a linear layer's input and weights.
pub(crate) struct LinearSampleGradient<'a> {
    /// Not read, and may be anything, where the weights are frozen.
    pub input: &'a [f32],
    pub d_output: &'a [f32],
    /// Empty where it is not wanted.
    pub d_input: &'a mut [f32],
    /// outputs x inputs
    pub weights: Tensor<'a>,
}

/// What is done with a row of weights.
pub(crate) trait LinearRows {
    /// `sums += values * factor`; nothing where `sums` is empty.
    fn add_scaled(sums: &mut [f32], values: &[f32], factor: f32);

    /// Adds a row, times its output's gradient, to the input's gradient, unless that is empty, then
    /// updates it, without decay.
    fn descend(row: &mut [f32], input: &[f32], d_input: &mut [f32], gradient: f32, sgd: &Sgd);
}

#[cfg(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
))]
use crate::cortex_m::LinearLoops as TargetRows;
#[cfg(not(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
)))]
use PortableLinearRows as TargetRows;

impl LinearSampleGradient<'_> {
    /// Runs the kernels of this target.
    pub fn run(self) {
        self.run_by::<TargetRows>();
    }

    pub fn run_by<R: LinearRows>(self) {
        let Self {
            input,
            d_output,
            d_input,
            ..
        } = self;
        d_input.fill(0.0);
        let inputs = self.weights.values().len() / d_output.len();
        match self.weights {
            Tensor::Frozen(weights) => {
                for (d, row) in live_rows(d_output, weights.chunks_exact(inputs)) {
                    R::add_scaled(d_input, row, d);
                }
            }
            Tensor::Accumulate { values, gradient } => {
                let rows = values.chunks_exact(inputs);
                let rows = rows.zip(gradient.chunks_exact_mut(inputs));
                for (d, (row, gradient)) in live_rows(d_output, rows) {
                    R::add_scaled(d_input, row, d);
                    R::add_scaled(gradient, input, d);
                }
            }
            Tensor::Descend { values, sgd } => {
                for (d, row) in d_output.iter().zip(values.chunks_exact_mut(inputs)) {
                    match (*d == 0.0, sgd.weight_decay == 0.0) {
                        (true, true) => {}
                        (true, false) => decay(row, sgd),
                        (false, true) => R::descend(row, input, d_input, *d, sgd),
                        (false, false) => {
                            R::add_scaled(d_input, row, *d);
                            descend_decayed(row, input, *d, sgd);
                        }
                    }
                }
            }
        }
    }
}

/// Rows beside their gradients, but for those whose gradient is 0.
fn live_rows<'a, R>(
    d_output: &'a [f32],
    rows: impl Iterator<Item = R> + 'a,
) -> impl Iterator<Item = (f32, R)> {
    let rows = d_output.iter().copied().zip(rows);
    rows.filter(|(d, _)| *d != 0.0)
}

/// For any processor.
#[allow(dead_code, reason = "a target with loops of its own has no use for it")]
pub(crate) struct PortableLinearRows;

impl LinearRows for PortableLinearRows {
    fn add_scaled(sums: &mut [f32], values: &[f32], factor: f32) {
        let (sum_blocks, rest) = sums.as_chunks_mut::<BLOCK>();
        let (blocks, values) = values.as_chunks::<BLOCK>();
        for (sums, values) in sum_blocks.iter_mut().zip(blocks) {
            let (mut own, values) = (*sums, *values);
            for k in 0..BLOCK {
                own[k] += values[k] * factor;
            }
            *sums = own;
        }
        add_scaled_one_by_one(rest, values, factor);
    }

    fn descend(row: &mut [f32], input: &[f32], d_input: &mut [f32], gradient: f32, sgd: &Sgd) {
        let (blocks, rest) = row.as_chunks_mut::<BLOCK>();
        let (inputs, rest_inputs) = input.as_chunks::<BLOCK>();
        let is_wanted = !d_input.is_empty();
        let (sums, rest_sums) = d_input.as_chunks_mut::<BLOCK>();
        if is_wanted {
            for ((weights, inputs), sums) in blocks.iter_mut().zip(inputs).zip(sums) {
                let mut own = *sums;
                for k in 0..BLOCK {
                    own[k] += weights[k] * gradient;
                }
                *sums = own;
                update(weights, inputs, gradient, sgd);
            }
        } else {
            for (weights, inputs) in blocks.iter_mut().zip(inputs) {
                update(weights, inputs, gradient, sgd);
            }
        }
        descend_one_by_one(rest, rest_inputs, rest_sums, gradient, sgd);
    }
}

/// The values that are left of whole blocks.
pub(crate) fn add_scaled_one_by_one(sums: &mut [f32], values: &[f32], d: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value * d;
    }
}

/// A row with a gradient of 0.
fn decay(row: &mut [f32], sgd: &Sgd) {
    for w in row {
        *w -= sgd.rate * (0.0 + sgd.weight_decay * *w);
    }
}

/// Updates a row that decays. Few trainings on a device ask for it: it is short, not fast.
fn descend_decayed(row: &mut [f32], input: &[f32], d: f32, sgd: &Sgd) {
    for (w, input) in row.iter_mut().zip(input) {
        let g = (0.0 + d * input) + sgd.weight_decay * *w;
        *w -= sgd.rate * g;
    }
}

/// The weights that are left of whole blocks.
pub(crate) fn descend_one_by_one(
    row: &mut [f32],
    input: &[f32],
    d_input: &mut [f32],
    d: f32,
    sgd: &Sgd,
) {
    add_scaled_one_by_one(d_input, row, d);
    for (weight, input) in row.iter_mut().zip(input) {
        update(core::array::from_mut(weight), &[*input], d, sgd);
    }
}

/// One sample's gradient, applied, without decay.
#[inline(always)]
fn update<const N: usize>(weights: &mut [f32; N], inputs: &[f32; N], d: f32, sgd: &Sgd) {
    let (mut own, inputs) = (*weights, *inputs);
    for k in 0..N {
        // The sum that the gradient is begins at +0, which makes a product of -0 +0. Without
        // decay nothing is added to it: a zero would change nothing.
        own[k] -= sgd.rate * (0.0 + d * inputs[k]);
    }
    *weights = own;
}
