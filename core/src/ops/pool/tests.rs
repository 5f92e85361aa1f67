//! The fast kernels equal the naive ones to the bit, whatever the window and its stride.

extern crate std;

use super::{AveragePool, AveragePoolGradient, Geometry, MaxPool, MaxPoolGradient, reference};
use crate::lanes::Lanes;
use crate::testing::*;
use proptest::prelude::*;
use std::vec;

/// Windows that overlap, touch or leave gaps, and inputs with rows and columns left over.
fn any_geometry() -> impl Strategy<Value = Geometry> {
    let pair = |most: usize| [1..=most, 1..=most];
    (1..4_usize, pair(4), pair(5), [0..9_usize, 0..9_usize]).prop_map(
        |(channels, window, stride, more)| {
            let input = [window[0] + more[0], window[1] + more[1]];
            Geometry {
                channels,
                input,
                output: [0, 1].map(|axis| more[axis] / stride[axis] + 1),
                window,
                stride,
            }
        },
    )
}

fn outputs(g: &Geometry) -> usize {
    g.channels * g.output[0] * g.output[1]
}

fn inputs(g: &Geometry) -> usize {
    g.channels * g.input[0] * g.input[1]
}

struct Max(Geometry, u32);

impl AtWidth for Max {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        let inputs = tensors::<L>(inputs(&g), seed);
        let gradients = tensors::<L>(outputs(&g), seed + 1);
        let input = pack(zero, &inputs);
        let mut output = unwritten(zero, outputs(&g));
        let mut inferred = output.clone();
        let mut winners = vec![99; output.len() * L::LANES];
        let forward = |output, winners| MaxPool {
            geometry: g,
            input: &input,
            output,
            winners,
        };
        run(zero, forward(&mut output, &mut winners));
        run(zero, forward(&mut inferred, &mut []));
        let mut d_input = unwritten(zero, input.len());
        let backward = MaxPoolGradient {
            geometry: g,
            d_output: &pack(zero, &gradients),
            winners: &winners,
            d_input: &mut d_input,
        };
        run(zero, backward);
        for index in 0..L::LANES {
            let mut expected = vec![0.0; output.len()];
            let mut places = vec![0; output.len()];
            reference::max_forward(&g, &inputs[index], &mut expected, &mut places);
            assert_bits::<L>("output", &lane(&output, index), &expected);
            assert_bits::<L>("inferred", &lane(&inferred, index), &expected);
            assert_eq!(lane_bytes::<L>(&winners, index), places);
            let mut expected = vec![0.0; input.len()];
            reference::max_gradient(&g, &gradients[index], &places, &mut expected);
            assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
        }
    }
}

struct Average(Geometry, u32);

impl AtWidth for Average {
    fn run<L: Lanes>(&self, zero: L) {
        let Self(g, seed) = *self;
        let inputs = tensors::<L>(inputs(&g), seed);
        let gradients = tensors::<L>(outputs(&g), seed + 1);
        let mut output = unwritten(zero, outputs(&g));
        let mut d_input = unwritten(zero, inputs[0].len());
        let forward = AveragePool {
            geometry: g,
            input: &pack(zero, &inputs),
            output: &mut output,
        };
        run(zero, forward);
        let backward = AveragePoolGradient {
            geometry: g,
            d_output: &pack(zero, &gradients),
            d_input: &mut d_input,
        };
        run(zero, backward);
        for index in 0..L::LANES {
            let mut expected = vec![0.0; output.len()];
            reference::average_forward(&g, &inputs[index], &mut expected);
            assert_bits::<L>("output", &lane(&output, index), &expected);
            let mut expected = vec![0.0; d_input.len()];
            reference::average_gradient(&g, &gradients[index], &mut expected);
            assert_bits::<L>("input gradient", &lane(&d_input, index), &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn max_pool_equals_the_reference(geometry in any_geometry(), seed in 0..1000_u32) {
        at_every_width(&Max(geometry, seed));
    }

    #[test]
    fn average_pool_equals_the_reference(geometry in any_geometry(), seed in 0..1000_u32) {
        at_every_width(&Average(geometry, seed));
    }
}

/// The largest window a byte can tell the winner of.
#[test]
fn a_window_of_256_values_has_a_last_place() {
    let geometry = Geometry {
        channels: 1,
        input: [16, 16],
        output: [1, 1],
        window: [16, 16],
        stride: [1, 1],
    };
    at_every_width(&Max(geometry, 5));
    let mut input = [0.0; 256];
    input[255] = 1.0;
    let (mut output, mut winners) = ([0.0], [0]);
    let kernel = MaxPool {
        geometry,
        input: &input,
        output: &mut output,
        winners: &mut winners,
    };
    run(0.0, kernel);
    assert_eq!((output, winners), ([1.0], [255]));
}
