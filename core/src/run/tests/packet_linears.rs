//! Linear layers by packets as one function, packets one after another, and the numbers that these give.

extern crate std;

use super::packets::{Memory, alone, compare_at_every_width};
use crate::lanes::{CodeLanes, Lanes};
use crate::testing::int8::{Codes, Integers};
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{Int8Rule, Network, PacketMemory, PacketNetwork, Program, Purpose};
use std::vec;
use std::vec::Vec;

/// With how many linear layers each of its steps begins, or 0.
fn networks() -> Vec<(Network, &'static [usize])> {
    vec![
        // Every number of blocks of filters that are left over, and inputs of a few and of many quads.
        (
            Network::input(30, 1, 1)
                .linear(40)
                .relu()
                .linear(30)
                .relu()
                .linear(6),
            &[3, 2, 1],
        ),
        (
            Network::input(7, 1, 1)
                .linear(25)
                .relu()
                .linear(9)
                .linear(1),
            &[3, 2, 1],
        ),
        (
            Network::input(16, 1, 1).linear(20).relu6().linear(2),
            &[2, 1],
        ),
        (Network::input(100, 1, 1).linear(13), &[1]),
        // Maps whose rows are windows, with padding or not, and those of channels.
        (Network::input(1, 6, 7).linear(11).relu().linear(3), &[2, 1]),
        (Network::input(2, 5, 5).linear(4).linear(5), &[2, 1]),
        (Network::input(5, 4, 3).linear(8).relu().linear(4), &[2, 1]),
        // Behind and before others.
        (
            Network::input(3, 8, 8)
                .conv2d(6, 3)
                .relu()
                .max_pool2d(2)
                .linear(9)
                .relu()
                .linear(4),
            &[0, 2, 1],
        ),
        (
            Network::input(1, 9, 9)
                .conv2d(5, 3)
                .relu()
                .conv2d(7, 7)
                .relu()
                .linear(4),
            &[0, 2, 1],
        ),
        (
            Network::input(6, 4, 4).global_avg_pool2d().linear(4),
            &[0, 1],
        ),
    ]
}

#[test]
fn linear_layers_at_once_give_each_sample_its_codes() {
    // By both rules.
    compare_at_every_width(|| {
        let each = |rule| {
            networks()
                .into_iter()
                .map(|(network, _)| network)
                .zip((rule..).step_by(2))
        };
        each(0).chain(each(1)).collect()
    });
}

/// That all linear layers are computed so, and no other ones.
struct Taken;

impl OnCodes for Taken {
    fn run<C: CodeLanes>(&self, _: C) {
        for (network, expected) in networks() {
            let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
            let integers = Integers::random(&network, Int8Rule::Once, 1);
            let quantized = integers.of(&network);
            let layers = program.packet_layers::<C>(&quantized).unwrap();
            let found: Vec<_> = layers.map(|layer| layer.linears()).collect();
            assert_eq!(found, expected, "{:?}: {network}", C::WIDTH);
        }
    }
}

#[test]
fn linear_layers_run_as_one() {
    in_every_code_packet(&Taken);
}

/// That a pass gives the codes of packets one after another, and the numbers that they stand for.
struct Following;

impl OnCodes for Following {
    fn run<C: CodeLanes>(&self, proof: C) {
        let Some(zero) = C::Numbers::zero() else {
            return;
        };
        for (network, _) in networks() {
            let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
            let integers = Integers::random(&network, Int8Rule::Once, 3);
            let quantized = integers.of(&network);
            let mut memory =
                Memory::new(program.int8_packets::<C>(&quantized).unwrap(), 0x7A11_0B5C);
            program
                .arrange_int8_packets::<C>(&quantized, &mut memory.weights)
                .unwrap();
            let layers: Vec<_> = program.packet_layers::<C>(&quantized).unwrap().collect();
            let own = PacketMemory {
                values: &mut memory.values,
                copy: &mut memory.copy,
                codes: &mut memory.codes,
            };
            let words = &memory.weights;
            let ready = PacketNetwork {
                layers: &layers,
                words,
            };
            let mut pass = program
                .int8_packet_pass(proof, &quantized, ready, own)
                .unwrap();
            let (mut codes, shape) = (Codes::new(5), network.input_shape());
            // Several packets at once.
            let most = pass.most_samples();
            assert!(most >= 2 * C::LANES, "{:?}: {network}", C::WIDTH);
            for samples in [C::LANES, 1, most, C::LANES - 1, most - 1] {
                // Channels last, as single samples are.
                let inputs: Vec<_> = (0..samples)
                    .map(|_| codes.codes(shape.elements()))
                    .collect();
                let (channels, map) = (shape.channels as usize, shape.map_elements());
                let fill = |codes: &mut [i8]| {
                    for (codes, input) in codes.chunks_exact_mut(channels * map).zip(&inputs) {
                        for (at, code) in codes.iter_mut().enumerate() {
                            *code = input[at % map * channels + at / map];
                        }
                    }
                };
                pass.infer(samples, fill).unwrap();
                assert!(pass.has_one_position());
                let (classes, lanes) = (program.classes(), C::Numbers::LANES);
                let packets = samples.div_ceil(C::LANES);
                let mut numbers = vec![zero; packets * classes * C::LANES / lanes];
                pass.numbers(&mut numbers);
                let expected = alone(&program, &quantized, &inputs);
                let last = quantized.values()[quantized.values().len() - 1];
                for (at, code) in expected.iter().enumerate() {
                    let (sample, class) = (at / classes, at % classes);
                    let packet = sample / lanes * classes + class;
                    let found = C::Numbers::values(&numbers)[packet * lanes + sample % lanes];
                    let number = last.number(*code);
                    assert_eq!(found.to_bits(), number.to_bits(), "{at}, {:?}", C::WIDTH);
                }
            }
        }
    }
}

#[test]
fn packets_one_after_another_give_the_numbers_of_their_codes() {
    in_every_code_packet(&Following);
}
