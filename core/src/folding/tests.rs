//! A folded network gives what the trained one gives by its running statistics.

extern crate std;

use super::*;
use crate::program::tests::known::known;
use crate::program::tests::networks;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::testing::walk::Walk;
use crate::testing::{first_parameters, samples, values};
use crate::{Conv2d, Dropout, Linear, Padding};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const DROPOUT: Layer = Layer::Dropout(Dropout { probability: 0.5 });
const NORM: Layer = Layer::BatchNorm(BatchNorm {
    momentum: 0.1,
    epsilon: 1e-2,
});

const fn bare(filters: u16, kernel: u16) -> Conv2d {
    Conv2d::new(filters, kernel).without_bias()
}

fn folded(network: &Network) -> Network {
    Folding::of(network).network()
}

/// Statistics as a training may leave them: means about 0, variances above it.
fn statistics(network: &Network, seed: u32) -> Vec<f32> {
    let shapes = (0..network.layers().len()).filter_map(|index| {
        let is_norm = matches!(network.layers()[index], Layer::BatchNorm(_));
        is_norm.then(|| network.output_shape(index).channels as usize)
    });
    let pairs = shapes.flat_map(|channels| {
        let drawn = values(2 * channels, seed);
        let small = drawn.into_iter().map(|value| value.clamp(-1.0, 1.0));
        let halves = small
            .enumerate()
            .map(move |(at, value)| match at < channels {
                true => value,
                false => 1.5 + value,
            });
        halves.collect::<Vec<_>>()
    });
    pairs.collect()
}

/// Parameters that scale and shift each channel its own way.
fn parameters(network: &Network, seed: u32) -> Vec<f32> {
    let drawn = values(network.parameters(), seed ^ 0x55);
    let first = first_parameters(network, seed).into_iter().zip(drawn);
    first
        .map(|(first, own)| first + own.clamp(-1.0, 1.0) / 4.0)
        .collect()
}

fn fold(network: &Network, parameters: &[f32], statistics: &[f32]) -> Vec<f32> {
    let mut values = vec![f32::NAN; folded(network).parameters()];
    let folding = Folding::of(network);
    folding
        .fold(network, parameters, statistics, &mut values)
        .unwrap();
    values
}

/// Asserts that both give the same but for what rounding makes of it.
fn assert_alike(network: &Network, seed: u32) {
    let (parameters, statistics) = (parameters(network, seed), statistics(network, seed));
    let (images, _) = samples(network, 3, seed);
    let elements = network.input_shape().elements();
    let images: Vec<Vec<f32>> = images.chunks(elements).map(<[f32]>::to_vec).collect();
    let expected = Walk::evaluate(network, &parameters, &statistics, images.clone());
    let (deployed, values) = (folded(network), fold(network, &parameters, &statistics));
    let found = Walk::evaluate(&deployed, &values, &[], images);
    let all = expected
        .outputs()
        .iter()
        .flatten()
        .zip(found.outputs().iter().flatten());
    // Of the largest value anywhere: what a sum's terms cancel to is not near them.
    let largest = expected.largest().max(1.0);
    for (expected, found) in all {
        assert!(
            (expected - found).abs() <= 1e-5 * largest,
            "{network} as {deployed}: {found}, not {expected}"
        );
    }
}

/// A network, and what it is to be folded to.
fn cases() -> Vec<(Network, Network)> {
    let input = Network::input(4, 6, 5);
    let conv = |options: Conv2d| input.clone().layer(Layer::Conv2d(options));
    let padded = Layer::Conv2d(bare(4, 3).padding(1));
    let grouped = bare(6, 3).groups(2);
    let with_bias = |options: Conv2d| Conv2d {
        bias: true,
        ..options
    };
    let stem = conv(bare(4, 3).padding(1));
    let skip = stem.last();
    let linear = Layer::Linear(Linear::new(3).without_bias());
    let behind = input.clone().layer(NORM);
    let relu = stem.clone().relu();
    vec![
        // Into what gives the value, whatever its options.
        (
            conv(bare(5, 3)).layer(NORM).relu(),
            conv(Conv2d::new(5, 3)).relu(),
        ),
        (conv(grouped).layer(NORM), conv(with_bias(grouped))),
        (
            input.clone().layer(linear).layer(NORM),
            input.clone().linear(3),
        ),
        // Into what reads it: a convolution without padding, grouped or not, or a linear layer.
        (
            behind.clone().layer(Layer::Conv2d(bare(5, 3))),
            conv(Conv2d::new(5, 3)),
        ),
        (
            behind.clone().layer(Layer::Conv2d(grouped)),
            conv(with_bias(grouped)),
        ),
        (behind.clone().layer(linear), input.clone().linear(3)),
        (
            relu.clone().layer(NORM).layer(linear),
            relu.clone().linear(3),
        ),
        // One on either side.
        (
            behind.clone().layer(Layer::Conv2d(bare(5, 3))).layer(NORM),
            conv(Conv2d::new(5, 3)),
        ),
        // Before padding on any side, behind an addition, read twice, or last.
        (
            behind.clone().layer(padded),
            input.clone().layer(Layer::ScaleShift).layer(padded),
        ),
        (
            behind
                .clone()
                .layer(Layer::Conv2d(bare(2, 2).padded(Padding {
                    right: 1,
                    ..Padding::NONE
                }))),
            input
                .clone()
                .layer(Layer::ScaleShift)
                .layer(Layer::Conv2d(bare(2, 2).padded(Padding {
                    right: 1,
                    ..Padding::NONE
                }))),
        ),
        (
            relu.clone().add(skip).layer(NORM).relu(),
            relu.clone().add(skip).layer(Layer::ScaleShift).relu(),
        ),
        (
            stem.clone().layer(NORM).add(skip),
            stem.clone().layer(Layer::ScaleShift).add(skip),
        ),
        (behind.clone(), input.clone().layer(Layer::ScaleShift)),
        // Without dropout, through which a norm finds its convolution and its reader.
        (
            conv(bare(4, 3)).layer(DROPOUT).layer(NORM).layer(DROPOUT),
            conv(Conv2d::new(4, 3)),
        ),
        (
            behind.clone().layer(DROPOUT).layer(linear),
            input.clone().linear(3),
        ),
    ]
}

#[test]
fn every_norm_has_its_fate() {
    for (index, (network, expected)) in cases().into_iter().enumerate() {
        assert_eq!(folded(&network), expected, "{index}");
        assert_alike(&network, index as u32);
    }
}

#[test]
fn a_network_without_norms_is_its_own_folding() {
    let chains = networks()
        .into_iter()
        .chain(crate::program::tests::graphs());
    for (name, network) in chains {
        assert_eq!(folded(&network), network, "{name}");
        let given = parameters(&network, 3);
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&fold(&network, &given, &[])), bits(&given), "{name}");
    }
}

#[test]
fn known_networks_are_folded_to_the_end() {
    for (name, network) in known() {
        let folded = folded(&network);
        let rest = |layer: &Layer| {
            matches!(
                layer,
                Layer::BatchNorm(_) | Layer::ScaleShift | Layer::Dropout(_)
            )
        };
        assert!(!folded.layers().iter().any(rest), "{name}: {folded}");
    }
}

#[test]
fn slices_of_another_length_are_refused() {
    let network = Network::input(1, 4, 4)
        .layer(Layer::Conv2d(bare(2, 3)))
        .batch_norm();
    let exact = [18 + 4, 4, 18 + 2];
    for (index, buffer) in ["parameters", "statistics", "folded parameters"]
        .into_iter()
        .enumerate()
    {
        for found in [exact[index] - 1, exact[index] + 1] {
            let mut lengths = exact;
            lengths[index] = found;
            let [parameters, statistics, mut folded] = lengths.map(|len| vec![0.5; len]);
            let folding = Folding::of(&network);
            let error = folding.fold(&network, &parameters, &statistics, &mut folded);
            let expected = exact[index];
            let expected = FoldError {
                buffer,
                expected,
                found,
            };
            assert_eq!(error, Err(expected));
            assert!(folded.iter().all(|value| *value == 0.5));
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn random_networks_evaluate_alike_when_folded(seed in any::<u32>()) {
        let network = random_network(seed, true);
        assert_alike(&network, seed);
        let (parameters, statistics) = (parameters(&network, seed), statistics(&network, seed));
        let bits = || -> Vec<u32> {
            let values = fold(&network, &parameters, &statistics);
            values.into_iter().map(f32::to_bits).collect()
        };
        prop_assert_eq!(bits(), bits());
        prop_assert!(!folded(&network).has_batch_norm());
    }
}
