//! Core's gradients are the slopes of the loss, for every layer and option.
//!
//! The slopes are central differences of a model in double precision. With steps of 1e-5 their own
//! error is near 1e-9, far below the rounding of f32, so the tolerance can be that of f32 alone: a
//! missing term or a wrong index is larger by orders of magnitude. Differences of the f32 loss
//! would be good to two digits only. Kinks of ReLUs and ties of pools have no slope; the random
//! values keep farther from them than a step, and each check makes sure of it.

use kiln_core::{Conv2d, Layer, Network, Pool2d};
use tests::fast::at_every_width;
use tests::{double, reference};

const STEP: f64 = 1e-5;
/// How far a gradient may be off, relative to the largest of its kind.
const TOLERANCE: f64 = 1e-5;
const SAMPLES: usize = 3;

/// Values in -1..1 from a seed.
fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len + 8).map(|_| next()).skip(8).collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// The slope of `loss` by each of the values.
fn slopes(values: &[f32], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let mut values = doubles(values);
    let here = loss(&values);
    (0..values.len())
        .map(|index| {
            let value = values[index];
            values[index] = value + STEP;
            let above = loss(&values);
            values[index] = value - STEP;
            let below = loss(&values);
            values[index] = value;
            let bend = (above - here) / STEP - (here - below) / STEP;
            assert!(
                bend.abs() < 1e-3,
                "value {index} is at a kink: choose another seed"
            );
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

fn compare(what: &str, gradient: &[f32], slopes: &[f64]) {
    assert_eq!(gradient.len(), slopes.len());
    let largest = slopes
        .iter()
        .fold(0.0_f64, |most, slope| most.max(slope.abs()));
    assert!(largest > 1e-3, "{what}: no slope to compare with");
    for (index, (found, slope)) in gradient.iter().zip(slopes).enumerate() {
        let difference = (f64::from(*found) - slope).abs();
        assert!(
            difference <= TOLERANCE * largest,
            "{what} {index}: gradient {found}, slope {slope}"
        );
    }
}

/// Checks the parameters' gradients at every width, and the images' in the naive layers, whose
/// bits the widths share.
fn check(network: Network) {
    let parameters = values(network.parameters(), 1);
    let images = values(SAMPLES * network.input_shape().elements(), 2);
    let classes = network.classes();
    let labels: Vec<u16> = (0..SAMPLES).map(|s| (s * 2 % classes) as u16).collect();
    let (exact_parameters, exact_images) = (doubles(&parameters), doubles(&images));
    let naive = reference::batch(&network, &parameters, &images, &labels);
    let image_slopes = slopes(&images, |images| {
        double::loss(&network, &exact_parameters, images, &labels)
    });
    compare("images", &naive.image_gradient, &image_slopes);
    let slopes = slopes(&parameters, |parameters| {
        double::loss(&network, parameters, &exact_images, &labels)
    });
    at_every_width(&network, &parameters, |fast| {
        fast.differentiate(&images, &labels).unwrap();
        compare("parameters", fast.gradient(), &slopes);
    });
}

/// Checks a layer behind the images, and between trained layers, where its input gradient counts.
fn check_layer(input: [u32; 3], layer: Layer) {
    let [channels, height, width] = input;
    check(
        Network::input(channels, height, width)
            .layer(layer)
            .linear(4),
    );
    let filters = channels as u16;
    check(
        Network::input(2, height, width)
            .layer(Layer::Conv2d(Conv2d::new(filters, 3).padding(1)))
            .layer(layer)
            .linear(4),
    );
}

fn check_conv(input: [u32; 3], conv: Conv2d) {
    check_layer(input, Layer::Conv2d(conv));
}

#[test]
fn convolutions_of_any_kernel() {
    check_conv([2, 6, 5], Conv2d::new(3, 3));
    check_conv([2, 6, 11], Conv2d::new(5, 3).padding(2));
    check_conv([3, 5, 4], Conv2d::new(2, 1));
    check_conv([1, 6, 5], Conv2d::new(3, 1).kernel(2, 4));
    check_conv([2, 6, 6], Conv2d::new(2, 5));
}

#[test]
fn convolutions_of_any_stride_and_padding() {
    check_conv([2, 7, 6], Conv2d::new(3, 3).stride(2));
    check_conv([2, 7, 6], Conv2d::new(3, 3).stride(2).padding(1));
    check_conv([1, 8, 7], Conv2d::new(2, 2).stride(3));
    check_conv([2, 5, 5], Conv2d::new(3, 3).padding(1));
    let uneven = Conv2d {
        stride: [2, 1],
        padding: [0, 2],
        ..Conv2d::new(2, 1).kernel(2, 3)
    };
    check_conv([2, 6, 4], uneven);
}

#[test]
fn convolutions_in_groups() {
    check_conv([4, 5, 5], Conv2d::new(6, 3).groups(2));
    check_conv([4, 5, 5], Conv2d::new(4, 3).padding(1).groups(4));
    check_conv([3, 6, 5], Conv2d::new(6, 2).stride(2).groups(3));
}

#[test]
fn relus() {
    check_layer([2, 5, 4], Layer::Relu);
    check(Network::input(2, 5, 5).conv2d(3, 3).relu().linear(3));
    check(Network::input(2, 3, 3).linear(7).relu().linear(3));
}

#[test]
fn max_pools() {
    for pool in [
        Pool2d::new(2),
        Pool2d::new(3).stride(2),
        Pool2d::new(3).stride(1),
        Pool2d::new(2).stride(3),
        Pool2d {
            window: [1, 3],
            stride: [2, 1],
        },
    ] {
        check_layer([2, 7, 6], Layer::MaxPool2d(pool));
    }
}

#[test]
fn convolutions_fused_with_relu_and_pool() {
    check(Network::input(2, 8, 7).conv2d(5, 3).max_pool2d(2).linear(3));
    let pooled = Network::input(1, 9, 10).conv2d(4, 3).relu().max_pool2d(2);
    check(pooled.clone().linear(3));
    check(
        pooled
            .conv2d(3, 2)
            .relu()
            .max_pool2d(2)
            .linear(5)
            .relu()
            .linear(3),
    );
}

#[test]
fn average_pools() {
    for pool in [
        Pool2d::new(2),
        Pool2d::new(3).stride(2),
        Pool2d::new(2).stride(1),
        Pool2d {
            window: [3, 1],
            stride: [1, 4],
        },
    ] {
        check_layer([2, 7, 6], Layer::AvgPool2d(pool));
    }
    check_layer([3, 4, 5], Layer::GlobalAvgPool2d);
}

#[test]
fn linear_layers() {
    check_layer([2, 3, 4], Layer::Linear(kiln_core::Linear { outputs: 9 }));
    check(Network::input(5, 1, 1).linear(2));
}
