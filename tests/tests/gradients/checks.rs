//! The networks whose gradients are checked, a family for each kind of layer.

use super::Check;
use kiln_core::{BatchNorm, Conv2d, Dropout, Layer, Linear, Loss, Network, Padding, Pool2d};

/// A layer behind the images, and between trained layers, where its input gradient counts.
fn around(input: [u32; 3], layer: Layer) -> [Check; 2] {
    let [channels, height, width] = input;
    let behind_images = Network::input(channels, height, width).layer(layer);
    let padded = Layer::Conv2d(Conv2d::new(channels as u16, 3).padding(1));
    let between = Network::input(2, height, width).layer(padded).layer(layer);
    [behind_images.linear(4), between.linear(4)].map(Check::of)
}

fn convolutions<const N: usize>(all: [([u32; 3], Conv2d); N]) -> Vec<Check> {
    let checks = all.map(|(input, conv)| around(input, Layer::Conv2d(conv)));
    checks.into_iter().flatten().collect()
}

const UNEVEN: Padding = Padding {
    top: 2,
    left: 0,
    bottom: 1,
    right: 3,
};

pub fn convolutions_of_any_kernel() -> Vec<Check> {
    convolutions([
        ([2, 6, 5], Conv2d::new(3, 3)),
        ([2, 6, 11], Conv2d::new(5, 3).padding(2)),
        ([3, 5, 4], Conv2d::new(2, 1)),
        ([1, 6, 5], Conv2d::new(3, 1).kernel(2, 4)),
        ([2, 6, 6], Conv2d::new(2, 5)),
        ([2, 6, 5], Conv2d::new(3, 3).without_bias()),
    ])
}

pub fn convolutions_of_any_stride_and_padding() -> Vec<Check> {
    let strided = Conv2d {
        stride: [2, 1],
        padding: Padding::each(0, 2),
        ..Conv2d::new(2, 1).kernel(2, 3)
    };
    convolutions([
        ([2, 7, 6], Conv2d::new(3, 3).stride(2)),
        ([2, 7, 6], Conv2d::new(3, 3).stride(2).padding(1)),
        ([1, 8, 7], Conv2d::new(2, 2).stride(3)),
        ([2, 5, 5], Conv2d::new(3, 3).padding(1)),
        ([2, 6, 4], strided),
        ([2, 5, 4], Conv2d::new(3, 3).padded(UNEVEN)),
        ([2, 4, 4], Conv2d::new(2, 2).padding(3)),
        ([1, 5, 6], Conv2d::new(2, 3).padded(UNEVEN).stride(2)),
    ])
}

pub fn convolutions_in_groups() -> Vec<Check> {
    convolutions([
        ([4, 5, 5], Conv2d::new(6, 3).groups(2)),
        ([4, 5, 5], Conv2d::new(4, 3).padding(1).groups(4)),
        ([3, 6, 5], Conv2d::new(6, 2).stride(2).groups(3)),
        (
            [4, 5, 4],
            Conv2d::new(4, 3).padded(UNEVEN).groups(4).without_bias(),
        ),
    ])
}

pub fn dilated_convolutions() -> Vec<Check> {
    let uneven = Conv2d {
        dilation: [1, 3],
        ..Conv2d::new(2, 1).kernel(3, 2)
    };
    convolutions([
        ([2, 7, 6], Conv2d::new(3, 3).dilation(2)),
        (
            [2, 6, 6],
            Conv2d::new(3, 3).dilation(2).padding(2).stride(2),
        ),
        (
            [4, 6, 5],
            Conv2d::new(4, 2).dilation(3).padded(UNEVEN).groups(4),
        ),
        ([2, 5, 6], uneven),
    ])
}

/// Sums of a value with itself reach what a ReLU6 cuts off.
pub fn activations() -> Vec<Check> {
    let image = || Network::input(2, 5, 5);
    let fourfold = |network: Network| {
        let value = network.last();
        let twice = network.add(value);
        let value = twice.last();
        twice.add(value)
    };
    let mut checks: Vec<_> = around([2, 5, 4], Layer::Relu).into();
    checks.extend(around([2, 5, 4], Layer::Relu6));
    let networks = [
        image().conv2d(3, 3).relu().linear(3),
        Network::input(2, 3, 3).linear(7).relu().linear(3),
        Network::input(2, 3, 3).linear(9).relu6().linear(3),
        fourfold(image().conv2d(3, 3)).relu6().linear(3),
        fourfold(fourfold(image()))
            .relu6()
            .conv2d(2, 3)
            .relu6()
            .linear(3),
    ];
    checks.extend(networks.map(Check::of));
    checks
}

fn pools(layer: fn(Pool2d) -> Layer) -> Vec<Check> {
    let strip = Pool2d {
        window: [1, 3],
        stride: [2, 1],
        ..Pool2d::new(1)
    };
    let tall = Pool2d {
        window: [4, 3],
        stride: [2, 2],
        padding: Padding {
            top: 2,
            left: 1,
            bottom: 0,
            right: 1,
        },
        ..Pool2d::new(1)
    };
    let pools = [
        Pool2d::new(2),
        Pool2d::new(3).stride(2),
        Pool2d::new(3).stride(1),
        Pool2d::new(2).stride(3),
        strip,
        tall,
        tall.ceil_mode(),
        Pool2d::new(2).padding(1),
        Pool2d::new(3).stride(2).padding(1).ceil_mode(),
    ];
    let checks = pools.map(|pool| around([2, 7, 6], layer(pool)));
    checks.into_iter().flatten().collect()
}

pub fn max_pools() -> Vec<Check> {
    pools(Layer::MaxPool2d)
}

pub fn convolutions_fused_with_activation_and_pool() -> Vec<Check> {
    let pooled = Network::input(1, 9, 10).conv2d(4, 3).relu().max_pool2d(2);
    let deeper = pooled.clone().conv2d(3, 2).relu().max_pool2d(2);
    let networks = [
        Network::input(2, 8, 7).conv2d(5, 3).max_pool2d(2).linear(3),
        pooled.linear(3),
        deeper.linear(5).relu().linear(3),
        Network::input(2, 8, 7)
            .conv2d(4, 3)
            .relu6()
            .max_pool2d(2)
            .linear(3),
    ];
    networks.map(Check::of).into()
}

pub fn average_pools() -> Vec<Check> {
    let mut checks = pools(Layer::AvgPool2d);
    checks.extend(pools(|pool| {
        Layer::AvgPool2d(pool.without_padding_counted())
    }));
    checks.extend(around([3, 4, 5], Layer::GlobalAvgPool2d));
    checks
}

pub fn linear_layers() -> Vec<Check> {
    let mut checks: Vec<_> = around([2, 3, 4], Layer::Linear(Linear::new(9))).into();
    let without_bias = Linear::new(5).without_bias();
    checks.extend(around([2, 3, 4], Layer::Linear(without_bias)));
    checks.push(Check::of(Network::input(5, 1, 1).linear(2)));
    checks
}

/// A convolution that keeps its input's shape.
fn same(channels: u16) -> Layer {
    Layer::Conv2d(Conv2d::new(channels, 3).padding(1))
}

pub fn additions_and_values_with_several_readers() -> Vec<Check> {
    let stem = Network::input(2, 5, 4).layer(same(3)).relu();
    let skip = stem.last();
    let residual = stem.layer(same(3)).add(skip).relu();
    // Read by a convolution and by both sides of an addition.
    let own = residual.last();
    let thrice = residual.clone().add(own);
    let sum = thrice.last();
    let thrice = thrice.from(own).layer(same(3)).add(sum);
    let image = Network::input(2, 5, 5);
    let pixels = image.last();
    let image = image.layer(same(2)).relu().add(pixels);
    let branches = Network::input(3, 4, 4).conv2d(4, 1);
    let common = branches.last();
    let branches = branches.max_pool2d(2);
    let pooled = branches.last();
    let branches = branches.from(common).avg_pool2d(2).add(pooled);
    let networks = [
        residual.max_pool2d(2).linear(3),
        thrice.linear(3),
        image.linear(3),
        branches.relu6().linear(3),
    ];
    networks.map(Check::of).into()
}

pub fn scales_and_shifts() -> Vec<Check> {
    let mut checks: Vec<_> = around([3, 4, 5], Layer::ScaleShift).into();
    let image = Network::input(2, 5, 5).conv2d(3, 3);
    let value = image.last();
    let networks = [
        Network::input(6, 1, 1)
            .linear(5)
            .layer(Layer::ScaleShift)
            .relu()
            .linear(3),
        image.layer(Layer::ScaleShift).relu6().add(value).linear(3),
    ];
    checks.extend(networks.map(Check::of));
    checks
}

pub fn batch_normalisations() -> Vec<Check> {
    let wide = Layer::BatchNorm(BatchNorm {
        momentum: 0.1,
        epsilon: 0.125,
    });
    let mut checks: Vec<_> = around([2, 5, 4], Layer::BatchNorm(BatchNorm::DEFAULT)).into();
    checks.extend(around([3, 3, 4], wide));
    let stem = Network::input(2, 5, 4).layer(same(3)).batch_norm().relu();
    let skip = stem.last();
    let residual = stem
        .layer(same(3))
        .batch_norm()
        .add(skip)
        .batch_norm()
        .relu();
    let flat = Network::input(6, 1, 1)
        .linear(5)
        .batch_norm()
        .relu()
        .layer(wide);
    checks.extend([residual.linear(3), flat.linear(3)].map(|network| Check {
        samples: 18,
        ..Check::of(network)
    }));
    checks
}

pub fn dropouts() -> Vec<Check> {
    let dropout = |probability| Layer::Dropout(Dropout { probability });
    let mut checks: Vec<_> = around([3, 4, 5], dropout(0.25)).into();
    let stem = Network::input(2, 5, 4).layer(same(3)).relu();
    let skip = stem.last();
    let residual = stem.layer(dropout(0.5)).layer(same(3)).add(skip);
    let networks = [
        residual.layer(dropout(0.125)).linear(3),
        Network::input(6, 1, 1)
            .linear(9)
            .relu()
            .layer(dropout(0.5))
            .batch_norm()
            .linear(3),
    ];
    checks.extend(networks.map(|network| Check {
        samples: 5,
        ..Check::of(network)
    }));
    checks
}

pub fn losses() -> Vec<Check> {
    let network = Network::input(2, 4, 4).conv2d(3, 3).relu().linear(5);
    let smoothed = [0.125, 0.5].map(|smoothing| Check {
        loss: Loss::CrossEntropy { smoothing },
        ..Check::of(network.clone())
    });
    let coder = Network::input(8, 1, 1).linear(5).relu().linear(8);
    let image = Network::input(2, 4, 3)
        .layer(same(2))
        .batch_norm()
        .relu()
        .layer(same(2));
    let errors = [coder, image].map(|network| Check {
        loss: Loss::MeanSquaredError,
        samples: 5,
        ..Check::of(network)
    });
    smoothed.into_iter().chain(errors).collect()
}
