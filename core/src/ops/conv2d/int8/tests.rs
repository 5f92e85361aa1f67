extern crate std;

use super::*;
use crate::testing::int8::Codes;
use crate::testing::properties;
use crate::{Conv2d, Layer, Network, Padding};
use proptest::prelude::*;
use std::vec;

properties! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any geometry, with and without a pool, rounding either way.
    #[test]
    fn convolution_equals_the_reference(
        [height, width] in [1..9_u32, 1..9_u32],
        (channels, filters, groups) in (1..4_u16, 1..4_u16, 1..4_u16),
        kernel in [1..4_u16, 1..4_u16],
        stride in [1..3_u16, 1..3_u16],
        dilation in [1..3_u16, 1..3_u16],
        padding in [0..4_u16, 0..4_u16, 0..4_u16, 0..4_u16],
        pool in any::<bool>(),
        seed in any::<u32>(),
    ) {
        let [top, left, bottom, right] = padding;
        let conv = Conv2d {
            kernel,
            stride,
            dilation,
            groups,
            padding: Padding { top, left, bottom, right },
            ..Conv2d::new(filters * groups, 1)
        };
        let network = Network::input((channels * groups).into(), height, width)
            .layer(Layer::Conv2d(conv));
        prop_assume!(network.check().is_ok());
        let geometry = ConvGeometry::new(&conv, network.input_shape(), network.output_shape(0));
        for rule in [Int8Rule::Once, Int8Rule::TensorFlowLite] {
            check(&geometry, pool, rule, seed);
        }
    }
}

fn check(g: &ConvGeometry, pool: bool, rule: Int8Rule, seed: u32) {
    let mut codes = Codes::new(seed);
    let input = codes.codes(g.channels * g.input_area());
    let weights = codes.codes(g.filters * g.taps());
    let zero = codes.within(127) as i8;
    let mut constants: vec::Vec<i32> = (0..g.filters).map(|_| codes.within(5000)).collect();
    constants.extend((0..g.filters).map(|_| (1 << 30) + (codes.within(1 << 28))));
    let shifts = match rule {
        Int8Rule::Once => [37, 3],
        Int8Rule::TensorFlowLite => [-6, 3],
    };
    constants.extend((0..g.filters).map(|_| shifts[0] + codes.within(shifts[1])));
    let quantization = Quantization {
        low: -110,
        high: 90,
        ..Quantization::new(1.0, codes.within(60) as i8)
    };
    let (biases, scales) = constants.split_at(g.filters);
    let mut sums = vec![0; g.filters * g.output_area()];
    reference::sums(g, &input, zero, &weights, biases, &mut sums);
    let codes = sums.iter().enumerate().map(|(at, sum)| {
        let (multiplier, shift) = (scales[at % g.filters], scales[g.filters + at % g.filters]);
        let scale = Requantization { multiplier, shift };
        reference::code(rule, scale, *sum, &quantization)
    });
    let mut expected: vec::Vec<i8> = codes.collect();
    if pool {
        expected = largest_of_windows(g, &expected);
    }
    let mut output = vec![0; expected.len()];
    Int8Conv {
        geometry: *g,
        pool,
        rule,
        input: &input,
        input_zero: zero,
        weights: &weights,
        constants: &constants,
        quantization,
        output: &mut output,
        scratch: &mut vec![0; Int8Conv::scratch(g, pool)],
    }
    .run();
    assert_eq!(output, expected);
}

fn largest_of_windows(g: &ConvGeometry, codes: &[i8]) -> vec::Vec<i8> {
    let [rows, columns] = g.pooled_output();
    let mut pooled = vec![];
    for place in 0..rows * columns {
        let [y, x] = [2 * (place / columns), 2 * (place % columns)];
        for f in 0..g.filters {
            let window = (0..4).map(|at| (y + at / 2) * g.output[1] + x + at % 2);
            pooled.extend(window.map(|at| codes[at * g.filters + f]).max());
        }
    }
    pooled
}
