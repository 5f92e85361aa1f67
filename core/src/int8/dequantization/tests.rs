extern crate std;

use super::*;
use crate::int8::Int8Rule::{Once, TensorFlowLite};
use crate::testing::int8::{Codes, Integers, walk};
use crate::{Conv2d, Network, Program, Purpose};
use std::{vec, vec::Vec};

const GROUPED: Layer = Layer::Conv2d(Conv2d {
    groups: 2,
    ..Conv2d::new(6, 3)
});

/// With the parameters that a layer's integers stand for, its outputs are nearer to the codes' numbers
/// than the next code, but for what was cut off.
#[test]
fn a_layer_computes_what_its_codes_stand_for() {
    let networks = [
        Network::input(3, 5, 6).conv2d(4, 3),
        Network::input(4, 5, 5).layer(GROUPED),
        Network::input(3, 4, 2).linear(9),
    ];
    for (network, rule) in networks
        .iter()
        .flat_map(|own| [(own, Once), (own, TensorFlowLite)])
    {
        let integers = Integers::random(network, rule, 3);
        let quantized = integers.of(network);
        let mut parameters = vec![0.0; network.parameters()];
        quantized.dequantize(&mut parameters).unwrap();
        let codes = Codes::new(4).codes(network.input_shape().elements());
        let found = walk(&quantized, &codes);
        let program: Program = Program::of(network, Purpose::Inference);
        let mut arena = vec![0.0; program.arena_packets()];
        let input = integers.values[0];
        let fill = |numbers: &mut [f32]| input.numbers(network.input_shape(), &codes, numbers);
        let outputs = program.infer(&parameters, &mut arena, fill).unwrap();
        let own = integers.values[1];
        let mut expected = vec![0.0; outputs.len()];
        own.numbers(network.output_shape(0), &found[1], &mut expected);
        let [low, high] = [own.low, own.high].map(|code| own.number(code));
        let compared: Vec<bool> = outputs
            .iter()
            .zip(&expected)
            .map(|(output, number)| {
                // TensorFlow Lite's rounds twice.
                (output.clamp(low, high) - number).abs() <= 0.52 * own.scale + 1e-3
            })
            .collect();
        assert!(compared.iter().all(|near| *near), "{network} {rule:?}");
        assert!(
            expected
                .iter()
                .any(|number| *number > low && *number < high)
        );
    }
}

#[test]
fn numbers_are_those_of_the_codes_channel_by_channel() {
    let own = Quantization::new(0.5, 2);
    let mut numbers = [0.0; 6];
    own.numbers(Shape::new(2, 1, 3), &[2, 4, 6, 8, 10, -127], &mut numbers);
    assert_eq!(numbers, [0.0, 2.0, 4.0, 1.0, 3.0, -64.5]);
}

#[test]
fn parameters_of_another_length_are_refused() {
    let network = Network::input(1, 2, 2).linear(2);
    let integers = Integers::random(&network, Once, 1);
    assert!(integers.of(&network).dequantize(&mut [0.0; 9]).is_err());
}
