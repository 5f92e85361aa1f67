extern crate std;

use super::*;
use crate::int8::Int8Rule::{Once, TensorFlowLite};
use crate::testing::int8::{Codes, Integers, walk};
use crate::{Int8Target, Program, Purpose};
use std::string::ToString;
use std::{vec, vec::Vec};

const CHAIN: Network = Network::input(2, 6, 6)
    .conv2d(4, 3)
    .relu()
    .max_pool2d(2)
    .linear(7)
    .relu()
    .linear(3);

const RESIDUAL: Network = {
    let stem = Network::input(3, 5, 5).conv2d(4, 1).relu();
    let skip = stem.last();
    stem.conv2d(4, 1).add(skip).relu().linear(4)
};

#[test]
fn both_halves_compute_what_the_whole_does() {
    for (network, layer, nodes) in [(&CHAIN, 4, 3), (&CHAIN, 5, 5), (&RESIDUAL, 6, 5)] {
        for rule in [Once, TensorFlowLite] {
            let integers = Integers::random(network, rule, 5);
            let whole = integers.of(network);
            let cut = NetworkCut::before(network, layer).unwrap();
            assert_eq!(cut.trunk.layers().len(), nodes);
            assert!(cut.trunk.check().is_ok() && cut.head.check().is_ok());
            let input = Codes::new(9).codes(network.input_shape().elements());
            let expected = walk(&whole, &input);
            let between = walk(&cut.trunk_of(&whole), &input);
            assert_eq!(between[nodes], expected[nodes]);
            let output = walk(&cut.head_of(&whole), &between[nodes]);
            assert_eq!(output.last(), expected.last());
        }
    }
}

/// What a firmware relies on, which keeps the words of the whole network alone.
#[test]
fn the_trunks_words_are_the_first_of_the_whole_networks() {
    for (network, layer) in [(&CHAIN, 4), (&CHAIN, 6), (&RESIDUAL, 6)] {
        let integers = Integers::random(network, Once, 5);
        let whole = integers.of(network);
        let cut = NetworkCut::before(network, layer).unwrap();
        for target in [Int8Target::Portable, Int8Target::CortexMDsp] {
            let words = |quantized: &QuantizedNetwork<'_>| -> Vec<u32> {
                let program: Program = Program::of(quantized.network(), Purpose::Int8(Once));
                let len = program.arranged_int8_words(quantized, target).unwrap();
                let mut words = vec![0; len];
                program.arrange_int8(quantized, target, &mut words).unwrap();
                words
            };
            assert!(words(&whole).starts_with(&words(&cut.trunk_of(&whole))));
        }
    }
}

#[test]
fn the_last_layer_that_has_parameters_is_found() {
    assert_eq!(NetworkCut::last_layer(&CHAIN), 6);
    assert_eq!(NetworkCut::last_layer(&CHAIN.relu()), 6);
    assert_eq!(NetworkCut::last_layer(&Network::input(1, 2, 2).relu()), 1);
}

#[test]
fn where_no_cut_goes_is_said() {
    let refused = |network: &Network, layer| {
        let error = NetworkCut::before(network, layer).unwrap_err();
        (error, error.to_string())
    };
    let (layers, text) = (6, "there is no layer 7: the network has 6");
    let error = CutError::NoSuchLayer { layer: 7, layers };
    assert_eq!(refused(&CHAIN, 7), (error, text.into()));
    assert_eq!(
        refused(&CHAIN, 0).0,
        CutError::NoSuchLayer { layer: 0, layers }
    );
    assert_eq!(refused(&CHAIN, 1).0, CutError::NoTrunk { layer: 1 });
    let bare = Network::input(1, 4, 4).linear(3).relu();
    assert_eq!(refused(&bare, 2).0, CutError::NoParameters { layer: 2 });
    let stem = Network::input(3, 5, 5).conv2d(4, 1);
    let skip = stem.last();
    let long = stem.conv2d(4, 1).conv2d(4, 1).add(skip);
    let error = CutError::Branch {
        layer: 3,
        reader: 4,
        read: 1,
    };
    let (found, text) = refused(&long, 3);
    assert_eq!(found, error, "{text}");
    assert!(text.starts_with("layer 4 reads layer 1: "), "{text}");
}
