use super::*;
use crate::data::ImageShape;
use kiln_core::{BatchNorm, Conv2d, Layer, he_uniform};

mod tuned;

const SHAPE: ImageShape = ImageShape {
    channels: 2,
    height: 8,
    width: 8,
};

pub(super) fn samples(count: usize) -> Samples {
    let pixels = (0..count * SHAPE.size()).map(|index| (index * index / 7 % 251) as u8);
    Samples::of_bytes(pixels.collect(), vec![0; count], SHAPE)
}

pub(super) fn parameters(network: &Network) -> Vec<f32> {
    let mut state = 7_u32;
    let mut parameters = vec![0.0; network.parameters()];
    let draw = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        state.rotate_left(13)
    };
    he_uniform(network, &mut parameters, draw).unwrap();
    parameters
}

fn quantized(network: &Network) -> Result<Quantized, QuantizeError> {
    let model = FloatModel {
        network,
        parameters: &parameters(network),
        scaling: &Scaling::uniform(2, 1.0 / 128.0, -1.0).unwrap(),
    };
    quantize(&model, &samples(40))
}

/// Branches, a scale and shift, both activations, both pools, groups, dilation, uneven padding.
fn various() -> Network {
    let same = Layer::Conv2d(Conv2d::new(8, 3).padding(1));
    let stem = Network::input(2, 8, 8).layer(same).relu();
    let skip = stem.last();
    let depthwise = Conv2d {
        groups: 8,
        ..Conv2d::new(8, 3).padding(1)
    };
    stem.layer(Layer::Conv2d(depthwise))
        .relu6()
        .layer(Layer::ScaleShift)
        .add(skip)
        .layer(Layer::MaxPool2d(kiln_core::Pool2d::new(2)))
        .layer(same)
        .relu()
        .global_avg_pool2d()
        .linear(5)
}

#[test]
fn codes_come_near_to_the_numbers_at_every_step() {
    let found = quantized(&various()).unwrap();
    for step in &found.fidelity.steps {
        assert!(step.decibels > 25.0, "{step:?}, {:?}", found.method);
    }
    assert!(found.fidelity.output() > 25.0);
    let layers = found.tables.network.layers();
    assert!(
        !layers
            .iter()
            .any(|layer| matches!(layer, Layer::ScaleShift))
    );
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let network = various();
    let within = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let tables = pool
            .build()
            .unwrap()
            .install(|| quantized(&network))
            .unwrap()
            .tables;
        (tables.weights, tables.constants, tables.values)
    };
    assert_eq!(within(1), within(3));
}

#[test]
fn what_cannot_be_quantised_is_refused_by_name() {
    let network = Network::input(2, 8, 8)
        .layer(Layer::BatchNorm(BatchNorm::DEFAULT))
        .linear(2);
    let refused = quantized(&network).unwrap_err().to_string();
    assert!(refused.starts_with("layer 1 (batch_norm)"), "{refused}");
    let network = Network::input(2, 8, 8).conv2d(2, 3).linear(2);
    let mut values = parameters(&network);
    values[3] = f32::INFINITY;
    let model = FloatModel {
        network: &network,
        parameters: &values,
        scaling: &Scaling::uniform(2, 1.0, 0.0).unwrap(),
    };
    let refused = quantize(&model, &samples(4)).unwrap_err().to_string();
    assert!(refused.starts_with("layer 1 (conv2d)"), "{refused}");
    let refused = quantize(&model, &samples(0)).unwrap_err();
    assert!(matches!(refused, QuantizeError::NoSamples));
}
