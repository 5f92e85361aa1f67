//! Small networks, that between them have all there is.

extern crate std;

use crate::{Conv2d, Layer, Network, Pool2d, Value};
use std::vec::Vec;

pub(crate) const MNIST: Network = published(Network::input(1, 28, 28), 10);
pub(crate) const RGB: Network = published(Network::input(3, 32, 32), 100);

const fn published(input: Network, classes: u16) -> Network {
    input
        .conv2d(8, 3)
        .relu()
        .max_pool2d(2)
        .conv2d(16, 3)
        .relu()
        .max_pool2d(2)
        .linear(128)
        .relu()
        .linear(classes)
}

/// Networks that between them have every operation, fused and alone, before and behind the first
/// trained layer, with layers that grow and shrink their tensors.
pub(crate) fn networks() -> Vec<(&'static str, Network)> {
    let padded = Layer::Conv2d(Conv2d::new(6, 3).padding(1));
    let depthwise = Layer::Conv2d(Conv2d::new(6, 3).padding(1).stride(2).groups(6));
    let overlapping = Layer::MaxPool2d(Pool2d::new(3).stride(2));
    let small = Network::input(2, 9, 11);
    [
        ("mnist", MNIST),
        ("rgb", RGB),
        ("linear alone", Network::input(3, 2, 2).linear(4)),
        ("convolution alone", Network::input(2, 3, 3).conv2d(5, 3)),
        (
            "pool first",
            small.clone().max_pool2d(2).avg_pool2d(2).linear(3),
        ),
        (
            "relu first",
            small.clone().relu().linear(40).relu().linear(3),
        ),
        (
            "fused pool alone",
            small.clone().conv2d(7, 2).max_pool2d(2).linear(3),
        ),
        (
            "fused 3 x 3 alone",
            small.clone().conv2d(7, 3).max_pool2d(2).linear(3),
        ),
        (
            "fused and padded",
            small.clone().layer(padded).max_pool2d(2).linear(3),
        ),
        (
            "depthwise",
            small
                .clone()
                .layer(padded)
                .relu()
                .layer(depthwise)
                .relu()
                .layer(Layer::Conv2d(Conv2d::new(9, 1)))
                .global_avg_pool2d()
                .linear(3),
        ),
        (
            "overlapping pool",
            small
                .clone()
                .conv2d(3, 3)
                .layer(overlapping)
                .relu()
                .linear(3),
        ),
        (
            "widening",
            small
                .clone()
                .conv2d(20, 2)
                .relu()
                .conv2d(3, 2)
                .max_pool2d(2)
                .linear(50),
        ),
        (
            "no parameters",
            small.max_pool2d(2).relu().global_avg_pool2d(),
        ),
    ]
    .into()
}

/// Networks that branch, with additions over what dies and what lives on, values that several
/// nodes read, an addition of a value to itself, and additions first and last.
pub(crate) fn graphs() -> Vec<(&'static str, Network)> {
    let same = |filters| Layer::Conv2d(Conv2d::new(filters, 3).padding(1));
    let halving = |kernel, padding| {
        let conv = Conv2d::new(6, kernel).stride(2).padding(padding);
        Layer::Conv2d(conv.without_bias())
    };
    let stem = Network::input(2, 7, 6).layer(same(4)).relu();
    let skip = stem.last();
    let residual = stem.clone().layer(same(4)).relu().layer(same(4));
    let residual = residual.add(skip).relu();
    let before = residual.last();
    let narrow = residual.clone().layer(halving(3, 1)).relu6();
    let main = narrow.last();
    let both = narrow.from(before).layer(halving(1, 0)).add(main);
    let scaled = both.clone().layer(Layer::ScaleShift).relu();
    let shifted = stem.clone().layer(Layer::ScaleShift).add(skip);
    let thrice = shifted.clone().layer(same(4)).add(skip).add(shifted.last());
    let input = Network::input(3, 4, 4);
    let own = input.clone().add(Value::INPUT).conv2d(5, 2);
    [
        ("residual", residual.global_avg_pool2d().linear(3)),
        ("two ways", scaled.max_pool2d(2).linear(4)),
        ("read thrice", thrice.relu().avg_pool2d(2).linear(3)),
        (
            "added to itself",
            own.clone().add(own.last()).relu6().linear(3),
        ),
        ("input kept", input.layer(same(3)).relu().add(Value::INPUT)),
        (
            "scaled first",
            Network::input(2, 3, 3).layer(Layer::ScaleShift).linear(2),
        ),
    ]
    .into()
}

/// Networks with batch normalisations: behind and before a convolution, first, on flat values,
/// behind an addition, last.
pub(crate) fn normalised() -> Vec<(&'static str, Network)> {
    let same = Layer::Conv2d(Conv2d::new(4, 3).padding(1).without_bias());
    let stem = Network::input(2, 6, 5).layer(same).batch_norm().relu();
    let skip = stem.last();
    let residual = stem.clone().layer(same).batch_norm().add(skip);
    let first = Network::input(2, 4, 4)
        .batch_norm()
        .layer(same)
        .max_pool2d(2);
    [
        ("chain", stem.clone().max_pool2d(2).linear(3)),
        (
            "residual",
            residual.batch_norm().relu6().global_avg_pool2d().linear(3),
        ),
        (
            "first and flat",
            first.linear(6).batch_norm().relu().linear(3),
        ),
        ("last", stem.global_avg_pool2d().linear(3).batch_norm()),
    ]
    .into()
}
