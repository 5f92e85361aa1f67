//! A program in integers that has its own kernels alone gives what one gives that has all of them.

extern crate std;

use super::int8::without_scales;
use crate::testing::int8::{Codes, Integers, walk};
use crate::{
    ArrangedNetwork, BufferError, Int8Kernels, Int8Rule, Int8Target, LinkedInt8Program, Network,
    Program, Purpose, codes_in_words,
};
use std::vec;
use std::vec::Vec;

/// The words of a network that is arranged for a processor.
fn arranged(
    network: &Network,
    integers: &Integers,
    rule: Int8Rule,
    target: Int8Target,
) -> Vec<u32> {
    let quantized = integers.of(network);
    let program: Program = Program::of(network, Purpose::Int8(rule));
    let mut words = vec![0; program.arranged_int8_words(&quantized, target).unwrap()];
    program
        .arrange_int8(&quantized, target, &mut words)
        .unwrap();
    words
}

#[test]
fn random_networks_give_the_codes_of_the_naive_walk_by_loops_and_without() {
    for seed in 0..300 {
        let network = without_scales(seed);
        let rule = [Int8Rule::Once, Int8Rule::TensorFlowLite][seed as usize % 2];
        let integers = Integers::random(&network, rule, seed);
        let quantized = integers.of(&network);
        let input = Codes::new(seed + 9).codes(network.input_shape().elements());
        let expected = walk(&quantized, &input);
        for target in [Int8Target::Portable, Int8Target::CortexMDsp] {
            let words = arranged(&network, &integers, rule, target);
            let parts = ArrangedNetwork {
                rule,
                values: quantized.values(),
                words: &words,
                kernels: Int8Kernels::NONE,
            };
            let linked = LinkedInt8Program::<192>::of(&network, parts);
            let mut memory = vec![seed; linked.program().arena_packets() / 4];
            let fill = |codes: &mut [i8]| codes.copy_from_slice(&input);
            let found = linked.infer(codes_in_words(&mut memory), fill).unwrap();
            assert_eq!(
                found,
                expected[expected.len() - 1],
                "seed {seed}, {target:?}: {network}"
            );
        }
    }
}

#[test]
fn an_arena_of_another_length_is_refused() {
    let network = Network::input(1, 4, 4).conv2d(4, 3).linear(3);
    let integers = Integers::random(&network, Int8Rule::Once, 1);
    let words = arranged(&network, &integers, Int8Rule::Once, Int8Target::CortexMDsp);
    let quantized = integers.of(&network);
    let parts = ArrangedNetwork {
        rule: Int8Rule::Once,
        values: quantized.values(),
        words: &words,
        kernels: Int8Kernels::NONE,
    };
    let linked = LinkedInt8Program::<2>::of(&network, parts);
    let needed = linked.program().arena_packets();
    let mut memory = vec![0; needed / 4 + 1];
    let given = needed + 4;
    let buffer = "arena of bytes";
    assert_eq!(
        linked.infer(codes_in_words(&mut memory), |_| ()),
        Err(BufferError::Length {
            buffer,
            needed,
            given
        })
    );
}

#[test]
#[should_panic(expected = "the words are another network's")]
fn words_of_another_network_are_refused() {
    let network = Network::input(1, 4, 4).conv2d(4, 3).linear(3);
    let integers = Integers::random(&network, Int8Rule::Once, 1);
    let mut words = arranged(&network, &integers, Int8Rule::Once, Int8Target::CortexMDsp);
    words.push(0);
    let quantized = integers.of(&network);
    let parts = ArrangedNetwork {
        rule: Int8Rule::Once,
        values: quantized.values(),
        words: &words,
        kernels: Int8Kernels::NONE,
    };
    LinkedInt8Program::<2>::of(&network, parts);
}
