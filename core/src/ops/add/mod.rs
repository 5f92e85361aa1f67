//! Addition of two values, and of the gradients that several readers of a value give it.
//!
//! The gradient of a sum, taken through its activation, is that of both inputs as it is.

pub(crate) mod int8;
pub(crate) mod packets;

use super::activation::{Activate, Activation};
use crate::lanes::{Kernel, Lanes};

/// Forward pass, in place of either input: a sum is the same either way round.
pub(crate) struct AddInto<'a, L> {
    /// Becomes the activated sum.
    pub value: &'a mut [L],
    /// As many packets.
    pub other: &'a [L],
    pub activation: Activation,
}

impl<L: Lanes> Kernel for AddInto<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { value, other, .. } = self;
        match self.activation {
            activation if L::LANES == 1 => {
                add(Activation::Identity, value, other);
                let values = value;
                Activate { activation, values }.run();
            }
            Activation::Identity => add(Activation::Identity, value, other),
            Activation::Relu => add(Activation::Relu, value, other),
            Activation::Relu6 => add(Activation::Relu6, value, other),
        }
    }
}

/// Adds one more reader's gradient of a value.
pub struct Accumulate<'a, L> {
    /// What the readers before it gave.
    pub sum: &'a mut [L],
    /// As many packets.
    pub other: &'a [L],
}

impl<L: Lanes> Kernel for Accumulate<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        add(Activation::Identity, self.sum, self.other);
    }
}

#[inline(always)]
fn add<L: Lanes>(activation: Activation, values: &mut [L], others: &[L]) {
    for (value, other) in values.iter_mut().zip(others) {
        *value = activation.apply(value.add(*other));
    }
}

/// The naive addition, one sample at a time. It defines the bits.
pub mod reference {
    use crate::ops::activation::{Activation, reference as activation};

    /// The first input plus the second, rounded once, then activated.
    pub fn forward(activation: Activation, inputs: [&[f32]; 2], output: &mut [f32]) {
        for (at, output) in output.iter_mut().enumerate() {
            let sum = [inputs[0][at] + inputs[1][at]];
            activation::forward(activation, &sum, core::slice::from_mut(output));
        }
    }

    /// Adds a reader's gradient of a value to that of the readers before it.
    pub fn accumulate(sum: &mut [f32], gradient: &[f32]) {
        for (sum, gradient) in sum.iter_mut().zip(gradient) {
            *sum += gradient;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::ops::activation::ActivationMask;
    use crate::testing::*;
    use proptest::prelude::*;
    use std::vec;

    struct Sum(Activation, usize, u32);

    impl AtWidth for Sum {
        fn run<L: Lanes>(&self, zero: L) {
            let Self(activation, len, seed) = *self;
            let inputs = [tensors::<L>(len, seed), tensors::<L>(len, seed + 1)];
            let packed = [pack(zero, &inputs[0]), pack(zero, &inputs[1])];
            let mut sums = packed.clone();
            for (sum, other) in sums.iter_mut().zip(packed.iter().rev()) {
                let kernel = AddInto {
                    value: sum,
                    other,
                    activation,
                };
                run(zero, kernel);
            }
            let mut accumulated = packed[0].clone();
            let kernel = Accumulate {
                sum: &mut accumulated,
                other: &packed[1],
            };
            run(zero, kernel);
            for index in 0..L::LANES {
                let [first, second] = [&inputs[0][index], &inputs[1][index]];
                let mut expected = vec![0.0; len];
                reference::forward(activation, [first, second], &mut expected);
                assert_bits::<L>("in place of the first", &lane(&sums[0], index), &expected);
                assert_bits::<L>("in place of the second", &lane(&sums[1], index), &expected);
                let mut expected = first.clone();
                reference::accumulate(&mut expected, second);
                assert_bits::<L>("accumulated", &lane(&accumulated, index), &expected);
            }
        }
    }

    properties! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn addition_equals_the_reference(len in 1..40_usize, seed in 0..1000_u32) {
            for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
                at_every_width(&Sum(activation, len, seed));
            }
        }
    }

    #[test]
    fn the_masked_gradient_is_the_slope_for_both_inputs() {
        let inputs: [[f32; 4]; 2] = [[0.5, -2.0, 4.0, 1.0], [0.25, 1.0, 3.0, -0.5]];
        let weights = [1.0, -2.0, 3.0, 0.5];
        for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
            let sum = |inputs: [[f32; 4]; 2]| {
                let [mut value, other] = inputs;
                let value = &mut value;
                AddInto {
                    value,
                    other: &other,
                    activation,
                }
                .run();
                *value
            };
            let loss = |inputs| -> f32 { (0..4).map(|at| sum(inputs)[at] * weights[at]).sum() };
            let (output, mut gradient) = (sum(inputs), weights);
            ActivationMask {
                activation,
                output: &output,
                gradient: &mut gradient,
            }
            .run();
            for (input, at) in [0, 1]
                .into_iter()
                .flat_map(|input| (0..4).map(move |at| (input, at)))
            {
                let (mut above, mut below) = (inputs, inputs);
                above[input][at] += 0.125;
                below[input][at] -= 0.125;
                assert_eq!(
                    (loss(above) - loss(below)) / 0.25,
                    gradient[at],
                    "{input}, {at}"
                );
            }
        }
    }
}
