//! The kernels without a geometry equal the naive ones to the bit.

extern crate std;

use super::activation::{Activate, Activation, ActivationMask, reference as naive};
use super::add_lanes;
use crate::lanes::Lanes;
use crate::testing::*;
use proptest::prelude::*;
use std::vec;

struct Activated(Activation, usize, u32);

impl AtWidth for Activated {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(activation, len, seed) = *self;
        let (inputs, gradients) = (tensors::<L>(len, seed), tensors::<L>(len, seed + 1));
        let mut output = pack(zero, &inputs);
        let mut masked = pack(zero, &gradients);
        let forward = Activate {
            activation,
            values: &mut output,
        };
        run(zero, forward);
        let backward = ActivationMask {
            activation,
            output: &output,
            gradient: &mut masked,
        };
        run(zero, backward);
        for index in 0..L::LANES {
            let mut expected = vec![0.0; len];
            naive::forward(activation, &inputs[index], &mut expected);
            assert_bits::<L>("output", &lane(&output, index), &expected);
            let mut gradient = vec![0.0; len];
            naive::gradient(activation, &expected, &gradients[index], &mut gradient);
            assert_bits::<L>("gradient", &lane(&masked, index), &gradient);
        }
    }
}

struct Lanewise(usize, usize, u32);

impl AtWidth for Lanewise {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(len, missing, seed) = *self;
        let samples = L::LANES - missing % L::LANES;
        let tensors = tensors::<L>(len, seed);
        let mut sums = values(len, seed + 9);
        let mut expected = sums.clone();
        add_lanes(&pack(zero, &tensors), samples, &mut sums);
        for tensor in &tensors[..samples] {
            for (sum, value) in expected.iter_mut().zip(tensor) {
                *sum += value;
            }
        }
        assert_bits::<L>("sums", &sums, &expected);
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn activations_equal_the_reference(len in 1..40_usize, seed in 0..1000_u32) {
        for activation in [Activation::Identity, Activation::Relu, Activation::Relu6] {
            at_every_width(&Activated(activation, len, seed));
        }
    }

    #[test]
    fn lanes_are_added_in_order(
        len in 1..40_usize,
        missing in 0..16_usize,
        seed in 0..1000_u32,
    ) {
        at_every_width(&Lanewise(len, missing, seed));
    }
}
