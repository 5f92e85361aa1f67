//! Networks in integers: what a program gives is what a naive walk of the nodes gives.

extern crate std;

use crate::run::observer::{Observer, Work};
use crate::testing::graphs::random_network;
use crate::testing::int8::{Codes, Integers, walk};
use crate::{
    ArrangedNetwork, BufferError, Int8Rule, Int8Target, Layer, Network, Program, Purpose,
    codes_in_words,
};
use std::vec;

/// A random network without the layers that integers have not.
pub(in crate::run) fn without_scales(seed: u32) -> Network {
    let drawn = random_network(seed, false);
    let shape = drawn.input_shape();
    let empty = Network::input(shape.channels, shape.height, shape.width);
    let nodes = drawn.layers().iter().zip(drawn.inputs());
    nodes.fold(empty, |network, (layer, inputs)| match layer {
        Layer::ScaleShift => network.node(Layer::Relu, *inputs),
        _ => network.node(*layer, *inputs),
    })
}

#[test]
fn random_networks_give_the_codes_of_the_naive_walk() {
    let mut seen = [false; 256];
    for seed in 0..600 {
        let network = without_scales(seed);
        let rule = [Int8Rule::Once, Int8Rule::TensorFlowLite][seed as usize % 2];
        let integers = Integers::random(&network, rule, seed);
        let quantized = integers.of(&network);
        let program = Program::<192>::of(&network, Purpose::Int8(rule));
        let input = Codes::new(seed + 7).codes(network.input_shape().elements());
        // Whatever lay in the arena, nothing of it shows.
        let mut arena = vec![seed as i8; program.arena_packets()];
        let found = program
            .infer_int8(&quantized, &mut arena, |codes| {
                codes.copy_from_slice(&input)
            })
            .unwrap();
        let values = walk(&quantized, &input);
        assert_eq!(found, values[values.len() - 1], "seed {seed}: {network}");
        found
            .iter()
            .for_each(|code| seen[*code as u8 as usize] = true);
    }
    // The codes of random networks are various, or nothing is tested.
    let various = seen.iter().filter(|seen| **seen).count();
    assert!(various > 150, "{various}");
}

#[test]
fn the_arena_is_as_long_as_what_is_alive_and_holds_words() {
    for seed in 0..100 {
        let network = without_scales(seed);
        let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
        assert!(program.arena_packets() <= program.least_arena_packets() * 23 / 20);
        for value in 0..=program.steps().len() {
            assert!(program.value(value).at.is_multiple_of(4));
        }
    }
}

/// A convolution whose output is only added is added row by row, and so needs no room for it.
#[test]
fn a_residual_block_holds_two_values() {
    let same = Layer::Conv2d(crate::Conv2d::new(8, 3).padding(1));
    let stem = Network::input(8, 16, 16).layer(same).relu();
    let skip = stem.last();
    let network = stem.layer(same).relu().layer(same).add(skip).relu();
    let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
    let row = 16 * 8;
    let scratch = program.arena_packets() - 2 * 8 * 16 * 16;
    assert!((row..8 * row).contains(&scratch), "{scratch}");
    assert_eq!(program.steps().len(), 3);
}

#[test]
fn what_does_not_fit_is_refused() {
    let network = Network::input(1, 4, 4).conv2d(2, 3).linear(2);
    let integers = Integers::random(&network, Int8Rule::Once, 1);
    let quantized = integers.of(&network);
    let other = Program::<192>::of(&network, Purpose::Int8(Int8Rule::TensorFlowLite));
    let mut arena = vec![0; other.arena_packets()];
    let found = other.infer_int8(&quantized, &mut arena, |_| ());
    assert_eq!(found, Err(BufferError::Purpose));
    let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
    let found = program.infer_int8(&quantized, &mut arena[1..], |_| ());
    let message = std::format!("{}", found.unwrap_err());
    assert!(message.starts_with("arena of bytes has"), "{message}");
}

/// Is told of the input, then of every step in order: of so many things so far.
struct InOrder(usize);

impl Observer for InOrder {
    fn done(&mut self, work: Work) {
        let expected = match self.0 {
            0 => Work::Input,
            told => Work::Forward { step: told - 1 },
        };
        assert_eq!(work, expected);
        self.0 += 1;
    }
}

/// The codes that a network gives, arranged for a target, and how many of its convolutions were.
fn arranged(
    network: &Network,
    integers: &Integers,
    target: Int8Target,
    input: &[i8],
) -> (vec::Vec<i8>, usize) {
    let quantized = integers.of(network);
    let program = Program::<192>::of(network, Purpose::Int8(integers.rule));
    let mut words = vec![0xA5A5_A5A5; program.arranged_int8_words(&quantized, target).unwrap()];
    program
        .arrange_int8(&quantized, target, &mut words)
        .unwrap();
    let own = ArrangedNetwork {
        rule: integers.rule,
        values: &integers.values,
        words: &words,
    };
    let mut memory = vec![0x3C3C_3C3C; program.arena_packets() / 4];
    let arena = codes_in_words(&mut memory);
    let mut observer = InOrder(0);
    let fill = |codes: &mut [i8]| codes.copy_from_slice(input);
    let codes = program.infer_arranged_observed(&own, arena, fill, &mut observer);
    let codes = codes.unwrap().to_vec();
    assert_eq!(observer.0, program.steps().len() + 1);
    let plain = words.iter().filter(|word| **word == u32::MAX).count();
    (codes, plain)
}

#[test]
fn networks_arranged_for_loops_give_the_same_codes() {
    let mut plain = 0;
    for seed in 0..300 {
        let network = without_scales(seed);
        let rule = [Int8Rule::Once, Int8Rule::TensorFlowLite][seed as usize % 2];
        let integers = Integers::random(&network, rule, seed);
        let input = Codes::new(seed + 7).codes(network.input_shape().elements());
        let values = walk(&integers.of(&network), &input);
        for target in [Int8Target::Portable, Int8Target::CortexMDsp] {
            let (found, own) = arranged(&network, &integers, target, &input);
            assert_eq!(found, values[values.len() - 1], "seed {seed}: {network}");
            plain += usize::from(target == Int8Target::CortexMDsp) * own;
        }
    }
    // Hardly a convolution of those drawn is left to the portable kernel.
    assert!(plain < 100, "{plain}");
}

#[test]
fn words_that_are_no_network_are_refused() {
    let network = Network::input(1, 4, 4).conv2d(2, 3).linear(2);
    let integers = Integers::random(&network, Int8Rule::Once, 1);
    let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
    let mut memory = vec![0; program.arena_packets() / 4];
    for len in [0, 1, 7] {
        let own = ArrangedNetwork {
            rule: Int8Rule::Once,
            values: &integers.values,
            words: &vec![0; len],
        };
        let found = program.infer_arranged(&own, codes_in_words(&mut memory), |_| ());
        assert_eq!(found, Err(BufferError::Purpose));
    }
}
