//! Networks that people deploy: MLPerf Tiny's four, as trained and folded, and some of the kinds
//! that examples and benchmarks are made of.

use super::*;
use crate::{Folding, Padding};

/// ResNet-8, as trained.
pub(crate) const RESNET8: Network = {
    let stem = normed(Network::input(3, 32, 32), conv(16, 3, 1, 1)).relu();
    let narrow = residual(stem, conv(16, 3, 1, 1), None);
    let middle = residual(narrow, conv(32, 3, 2, 1), Some(conv(32, 1, 2, 0)));
    residual(middle, conv(64, 3, 2, 1), Some(conv(64, 1, 2, 0)))
        .global_avg_pool2d()
        .linear(10)
};

/// Keyword spotting: depthwise separable blocks of equal width.
pub(crate) const DS_CNN: Network = {
    let sides = Padding {
        top: 4,
        left: 1,
        bottom: 5,
        right: 1,
    };
    let first = Conv2d::new(64, 1).kernel(10, 4).stride(2).padded(sides);
    let mut network = normed(Network::input(1, 49, 10), first.without_bias()).relu();
    let mut block = 0;
    while block < 4 {
        network = separable(network, 64, 64, 1);
        block += 1;
    }
    network.global_avg_pool2d().linear(12)
};

/// MobileNetV1 at a quarter of its width.
pub(crate) const MOBILE_NET: Network = {
    let blocks: [(u16, u16, u16); 13] = [
        (8, 16, 1),
        (16, 32, 2),
        (32, 32, 1),
        (32, 64, 2),
        (64, 64, 1),
        (64, 128, 2),
        (128, 128, 1),
        (128, 128, 1),
        (128, 128, 1),
        (128, 128, 1),
        (128, 128, 1),
        (128, 256, 2),
        (256, 256, 1),
    ];
    let first = conv(8, 3, 2, 0).padded(BEHIND);
    let mut network = normed(Network::input(3, 96, 96), first).relu();
    let mut block = 0;
    while block < blocks.len() {
        let (channels, filters, stride) = blocks[block];
        network = separable(network, channels, filters, stride);
        block += 1;
    }
    network.global_avg_pool2d().linear(2)
};

/// Machine sounds: linear layers with batch normalisations.
pub(crate) const AUTOENCODER: Network = {
    let widths: [u16; 9] = [128, 128, 128, 128, 8, 128, 128, 128, 128];
    let mut network = Network::input(640, 1, 1);
    let mut layer = 0;
    while layer < widths.len() {
        network = network.linear(widths[layer]).batch_norm().relu();
        layer += 1;
    }
    network.linear(640)
};

/// Separable blocks with additions around the equal ones, for small colour images.
pub(crate) const COLOUR: Network = {
    let stem = normed(Network::input(3, 32, 32), conv(24, 3, 1, 1)).relu();
    let narrow = separable(separable(stem, 24, 40, 1), 40, 64, 2);
    let middle = separable_residual(separable_residual(narrow, 64), 64);
    let wide = separable(middle, 64, 112, 2);
    separable_residual(separable_residual(wide, 112), 112)
        .global_avg_pool2d()
        .linear(100)
};

/// Everything above, and chains for small grey images.
pub(crate) fn known() -> Vec<(&'static str, Network)> {
    let deployed = [
        ("ResNet-8", RESNET8),
        ("DS-CNN", DS_CNN),
        ("MobileNetV1-0.25", MOBILE_NET),
        ("autoencoder", AUTOENCODER),
        ("colour", COLOUR),
    ];
    let grey = Network::input(1, 28, 28);
    let plain = |network: Network, conv: Conv2d| network.layer(Layer::Conv2d(conv)).relu();
    let pooled = |padding| {
        let first = plain(grey.clone(), Conv2d::new(16, 3).padding(padding)).max_pool2d(2);
        let second = plain(first, Conv2d::new(32, 3).padding(padding));
        second.max_pool2d(2).linear(10)
    };
    let stem = plain(grey.clone(), Conv2d::new(16, 3).stride(2).padding(1));
    let depthwise = |network, width| {
        let conv = Conv2d::new(width, 3).padding(1).groups(width);
        plain(plain(network, conv), Conv2d::new(32, 1))
    };
    let separable = depthwise(depthwise(stem.clone(), 16), 32);
    let pointwise = plain(plain(stem.clone(), Conv2d::new(64, 1)), Conv2d::new(64, 1));
    let strided = plain(stem, Conv2d::new(32, 3).stride(2).padding(1));
    let wide = grey.clone().conv2d(6, 5).relu().max_pool2d(2);
    let wide = wide.conv2d(16, 5).relu().max_pool2d(2);
    let mut all: Vec<_> = deployed
        .into_iter()
        .flat_map(|(name, trained)| {
            let folded = Folding::of(&trained).network();
            [(name, trained), (name, folded)]
        })
        .collect();
    all.extend([
        ("3 x 3", pooled(0)),
        ("3 x 3 padded", pooled(1)),
        ("separable", separable.global_avg_pool2d().linear(10)),
        ("pointwise", pointwise.global_avg_pool2d().linear(10)),
        ("strided", strided.global_avg_pool2d().linear(10)),
        (
            "5 x 5",
            wide.linear(120).relu().linear(84).relu().linear(10),
        ),
    ]);
    all
}

/// Padding behind the input alone, as even strides over even extents have it.
const BEHIND: Padding = Padding {
    bottom: 1,
    right: 1,
    ..Padding::NONE
};

const fn conv(filters: u16, kernel: u16, stride: u16, padding: u16) -> Conv2d {
    let conv = Conv2d::new(filters, kernel).stride(stride);
    conv.padding(padding).without_bias()
}

const fn normed(network: Network, conv: Conv2d) -> Network {
    network.layer(Layer::Conv2d(conv)).batch_norm()
}

/// Two convolutions, and around them an addition, through a convolution where shapes change.
const fn residual(network: Network, first: Conv2d, shortcut: Option<Conv2d>) -> Network {
    let skip = network.last();
    let second = conv(first.filters, 3, 1, 1);
    let main = normed(normed(network, first).relu(), second);
    match shortcut {
        None => main.add(skip).relu(),
        Some(mut shortcut) => {
            shortcut.bias = true;
            let behind = main.last();
            let side = main.from(skip).layer(Layer::Conv2d(shortcut));
            let added = side.last();
            side.node(Layer::Add, [behind, added]).relu()
        }
    }
}

const fn depthwise(channels: u16, stride: u16) -> Conv2d {
    let conv = conv(channels, 3, stride, 1).groups(channels);
    if stride == 1 {
        conv
    } else {
        conv.padded(BEHIND)
    }
}

const fn separable(network: Network, channels: u16, filters: u16, stride: u16) -> Network {
    let network = normed(network, depthwise(channels, stride)).relu();
    normed(network, conv(filters, 1, 1, 0)).relu()
}

const fn separable_residual(network: Network, channels: u16) -> Network {
    let skip = network.last();
    let main = normed(network, depthwise(channels, 1)).relu();
    normed(main, conv(channels, 1, 1, 0)).add(skip).relu()
}

/// They are what they are taken for.
#[test]
fn known_networks_have_the_published_counts() {
    for (network, parameters, macs) in [
        (RESNET8, 77_706, 12_501_632),
        (DS_CNN, 22_604, 2_656_768),
        (MOBILE_NET, 210_850, 7_489_664),
        (AUTOENCODER, 265_864, 264_192),
        (COLOUR, 61_308, 7_248_832),
    ] {
        let cost = Folding::of(&network).network().cost();
        assert_eq!(
            (cost.parameters, cost.macs),
            (parameters, macs),
            "{network}"
        );
    }
}
