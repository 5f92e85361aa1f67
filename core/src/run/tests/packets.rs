//! Networks in integers by packets of samples: each sample's codes are what it gets alone.

extern crate std;

use super::int8::without_scales;
use crate::lanes::{CodeLanes, PortableCodes};
use crate::testing::int8::{Codes, Integers};
use crate::testing::{OnCodes, in_every_code_packet};
use crate::{
    BufferError, Conv2d, Int8Rule, Layer, Network, PacketMemory, PacketNetwork, PacketSizes,
    Padding, Program, Purpose, QuantizedNetwork,
};
use std::vec;
use std::vec::Vec;

/// All memory that packets need, with any words in it.
pub(super) struct Memory {
    pub weights: Vec<u32>,
    pub values: Vec<u32>,
    pub copy: Vec<u32>,
    pub codes: Vec<i8>,
}

impl Memory {
    pub fn new(sizes: PacketSizes, mark: u32) -> Self {
        Self {
            weights: vec![mark; sizes.weights],
            values: vec![mark; sizes.values],
            copy: vec![mark; sizes.copy],
            codes: vec![mark as i8; sizes.codes],
        }
    }
}

fn by_packets<C: CodeLanes>(
    proof: C,
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
    inputs: &[Vec<i8>],
    taken: &mut [usize; 2],
) -> Result<Vec<i8>, BufferError> {
    let mut memory = Memory::new(program.int8_packets::<C>(quantized)?, 0x5A13_C1F7);
    program.arrange_int8_packets::<C>(quantized, &mut memory.weights)?;
    let [floats, others] = program.blocks_by_floats::<C>(&memory.weights);
    taken[0] += floats;
    taken[1] += others;
    let own = PacketMemory {
        values: &mut memory.values,
        copy: &mut memory.copy,
        codes: &mut memory.codes,
    };
    let shape = program.input_shape();
    let (channels, map) = (shape.channels as usize, shape.map_elements());
    let fill = |codes: &mut [i8]| {
        for (codes, input) in codes.chunks_exact_mut(channels * map).zip(inputs) {
            for (at, code) in codes.iter_mut().enumerate() {
                *code = input[at % map * channels + at / map];
            }
        }
    };
    let layers: Vec<_> = program.packet_layers::<C>(quantized).unwrap().collect();
    let network = PacketNetwork {
        layers: &layers,
        words: &memory.weights,
    };
    let mut pass = program.int8_packet_pass(proof, quantized, network, own)?;
    pass.infer(inputs.len(), fill)?;
    Ok(pass.codes().to_vec())
}

pub(super) fn alone(
    program: &Program,
    quantized: &QuantizedNetwork<'_>,
    inputs: &[Vec<i8>],
) -> Vec<i8> {
    let mut arena = vec![0; program.arena_packets()];
    let mut all = vec![];
    for input in inputs {
        let fill = |codes: &mut [i8]| codes.copy_from_slice(input);
        all.extend_from_slice(program.infer_int8(quantized, &mut arena, fill).unwrap());
    }
    all
}

/// Makes the networks to compare.
struct Compared<F>(F);

impl<F: Fn() -> Vec<(Network, u32)>> OnCodes for Compared<F> {
    fn run<C: CodeLanes>(&self, proof: C) {
        compare(proof, self.0().into_iter());
    }
}

fn compare<C: CodeLanes>(proof: C, networks: impl Iterator<Item = (Network, u32)>) {
    let (mut steps, mut by_samples) = (0, 0);
    // Blocks of filters by floating-point scales, and by integers.
    let mut taken = [0; 2];
    for (network, seed) in networks {
        let rule = [Int8Rule::Once, Int8Rule::TensorFlowLite][seed as usize % 2];
        let integers = Integers::random(&network, rule, seed);
        let quantized = integers.of(&network);
        let program = Program::<192>::of(&network, Purpose::Int8(rule));
        let mut codes = Codes::new(seed + 7);
        // Of as many packets as go through a layer at once, and of fewer.
        let most = program.int8_packets::<C>(&quantized).unwrap().stack * C::LANES;
        let samples = 1 + seed as usize * 5 % most;
        let inputs: Vec<_> = (0..samples)
            .map(|_| codes.codes(network.input_shape().elements()))
            .collect();
        let found = by_packets(proof, &program, &quantized, &inputs, &mut taken).unwrap();
        let expected = alone(&program, &quantized, &inputs);
        assert!(found == expected, "{:?}, seed {seed}: {network}", C::WIDTH);
        let layers = program.packet_layers::<C>(&quantized).unwrap();
        by_samples += layers.filter(|layer| !layer.is_served()).count();
        steps += program.steps().len();
    }
    let [floats, others] = taken;
    assert_eq!(C::HAS_FUSED_SCALES, floats > 0, "{:?}", C::WIDTH);
    assert!(others > 0, "{:?}", C::WIDTH);
    // Only additions of numbers that no network has are left.
    assert!(by_samples * 100 < steps, "{by_samples} of {steps} steps");
}

pub(super) fn compare_at_every_width(networks: impl Fn() -> Vec<(Network, u32)>) {
    in_every_code_packet(&Compared(networks));
}

#[test]
fn random_networks_give_each_sample_its_codes() {
    compare_at_every_width(|| (0..300).map(|seed| (without_scales(seed), seed)).collect());
}

#[test]
fn shapes_of_every_kind_give_each_sample_its_codes() {
    let conv = |input: [u32; 3], conv: Conv2d| {
        let [channels, height, width] = input;
        Network::input(channels, height, width).layer(Layer::Conv2d(conv))
    };
    let uneven = Padding {
        top: 4,
        left: 1,
        bottom: 5,
        right: 2,
    };
    let networks = || {
        vec![
            (
                conv([1, 12, 9], Conv2d::new(5, 3))
                    .relu()
                    .max_pool2d(2)
                    .linear(3),
                0,
            ),
            (
                conv(
                    [1, 21, 10],
                    Conv2d {
                        kernel: [10, 4],
                        padding: uneven,
                        ..Conv2d::new(6, 3).stride(2)
                    },
                ),
                2,
            ),
            (conv([2, 9, 9], Conv2d::new(3, 5).padding(2)).relu6(), 4),
            // Depthwise, by columns: every kernel's width, strides, uneven padding, odd channels.
            (conv([4, 7, 9], Conv2d::new(4, 2).groups(4)).relu(), 2),
            (conv([5, 8, 7], Conv2d::new(5, 3).padding(1).groups(5)), 4),
            (conv([6, 9, 11], Conv2d::new(6, 5).padding(2).groups(6)), 6),
            (
                conv(
                    [3, 9, 12],
                    Conv2d {
                        stride: [3, 2],
                        ..Conv2d::new(3, 7).padding(3).groups(3)
                    },
                ),
                8,
            ),
            (
                conv(
                    [8, 6, 16],
                    Conv2d {
                        stride: [1, 3],
                        ..Conv2d::new(8, 4).groups(8)
                    },
                ),
                10,
            ),
            (
                conv(
                    [4, 6, 19],
                    Conv2d {
                        stride: [2, 3],
                        ..Conv2d::new(4, 5).groups(4)
                    },
                ),
                12,
            ),
            (
                conv(
                    [12, 1, 13],
                    Conv2d {
                        kernel: [1, 9],
                        ..Conv2d::new(12, 3).groups(12)
                    },
                ),
                14,
            ),
            // And pooled, of which some outputs are left out.
            (
                conv([5, 9, 8], Conv2d::new(5, 3).padding(1).groups(5))
                    .relu()
                    .max_pool2d(2),
                6,
            ),
            (
                conv([4, 12, 11], Conv2d::new(8, 3).groups(4)).max_pool2d(2),
                8,
            ),
            (
                conv(
                    [3, 14, 15],
                    Conv2d {
                        stride: [3, 2],
                        ..Conv2d::new(9, 5).padding(2).groups(3)
                    },
                )
                .relu6()
                .max_pool2d(2),
                10,
            ),
            // An activation behind the pool is a step of its own.
            (conv([3, 9, 10], Conv2d::new(7, 3)).max_pool2d(2).relu(), 5),
            (
                conv([5, 6, 6], Conv2d::new(6, 3).padding(1))
                    .max_pool2d(2)
                    .relu6(),
                4,
            ),
            // Kernels of one position, whose rows are only one where nothing pools them.
            (conv([8, 9, 10], Conv2d::new(8, 1)).relu().max_pool2d(2), 6),
            (
                conv([6, 8, 7], Conv2d::new(6, 1).groups(6)).max_pool2d(2),
                8,
            ),
            (
                conv(
                    [3, 11, 8],
                    Conv2d {
                        stride: [2, 1],
                        ..Conv2d::new(8, 3).padding(1)
                    },
                ),
                6,
            ),
            (
                conv([8, 7, 7], Conv2d::new(8, 3).padding(1).groups(8)).relu(),
                8,
            ),
            (conv([6, 7, 5], Conv2d::new(12, 3).groups(6)), 10),
            // Several filters of a channel: two, three, five, and with strides.
            (
                conv([7, 8, 9], Conv2d::new(21, 3).padding(1).groups(7)).relu(),
                12,
            ),
            (
                conv(
                    [5, 9, 13],
                    Conv2d {
                        stride: [1, 2],
                        ..Conv2d::new(25, 5).padding(2).groups(5)
                    },
                ),
                14,
            ),
            (conv([9, 6, 6], Conv2d::new(18, 2).stride(2).groups(9)), 16),
            // Samples with their padding, of which strides leave some out.
            (conv([5, 9, 10], Conv2d::new(6, 4).padding(3).stride(3)), 18),
            (conv([3, 1, 37], Conv2d::new(4, 1).padding(2).stride(5)), 20),
            // More outputs than all filters are computed for at once: parts of rows.
            (conv([70, 9, 9], Conv2d::new(6, 1)).relu(), 2),
            (conv([45, 3, 21], Conv2d::new(5, 3).padding(1)).relu(), 4),
            (conv([3, 4, 150], Conv2d::new(5, 3)).relu().max_pool2d(2), 6),
            (
                conv(
                    [6, 5, 5],
                    Conv2d {
                        dilation: [2, 1],
                        ..Conv2d::new(9, 2).groups(3)
                    },
                ),
                12,
            ),
            (
                conv([5, 6, 6], Conv2d::new(7, 1))
                    .global_avg_pool2d()
                    .linear(4),
                14,
            ),
            (Network::input(1, 6, 7).linear(5).relu().linear(9), 16),
            (Network::input(3, 4, 5).linear(6), 18),
            (Network::input(40, 1, 1).linear(17).relu().linear(40), 20),
        ]
    };
    compare_at_every_width(networks);
    // And as TensorFlow Lite rounds.
    compare_at_every_width(|| {
        let networks = networks().into_iter();
        networks
            .map(|(network, seed)| (network, seed + 1))
            .collect()
    });
}

#[test]
fn buffers_of_other_lengths_are_refused() {
    let network = Network::input(1, 6, 6).conv2d(2, 3).linear(3);
    let integers = Integers::random(&network, Int8Rule::Once, 1);
    let quantized = integers.of(&network);
    let program = Program::<192>::of(&network, Purpose::Int8(Int8Rule::Once));
    let proof = PortableCodes::zero().unwrap();
    // Four packets of four samples.
    for given in [0, 17] {
        let inputs = vec![vec![0; 36]; given];
        let found = by_packets(proof, &program, &quantized, &inputs, &mut [0; 2]);
        assert_eq!(found, Err(BufferError::Samples { given, most: 16 }));
    }
    let sizes = program.int8_packets::<PortableCodes>(&quantized).unwrap();
    let mut memory = Memory::new(sizes, 0);
    let own = PacketMemory {
        values: &mut memory.values[1..],
        copy: &mut memory.copy,
        codes: &mut memory.codes,
    };
    let layers: Vec<_> = program
        .packet_layers::<PortableCodes>(&quantized)
        .unwrap()
        .collect();
    let network = PacketNetwork {
        layers: &layers,
        words: &memory.weights,
    };
    let found = program.int8_packet_pass(proof, &quantized, network, own);
    assert_eq!(
        found.map(|_| ()),
        Err(BufferError::Length {
            buffer: "values",
            needed: sizes.values,
            given: sizes.values - 1,
        })
    );
    let refused =
        program.arrange_int8_packets::<PortableCodes>(&quantized, &mut memory.weights[1..]);
    assert!(refused.is_err());
}
