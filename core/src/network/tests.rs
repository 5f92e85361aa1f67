mod graphs;

use super::*;
use crate::Cost;
use crate::Padding;
use graphs::BRANCHED;

const MNIST: Network = Network::input(1, 28, 28)
    .conv2d(8, 3)
    .relu()
    .max_pool2d(2)
    .conv2d(16, 3)
    .relu()
    .max_pool2d(2)
    .linear(128)
    .relu()
    .linear(10);

#[test]
fn costs_match_the_published_numbers() {
    assert_eq!(
        MNIST.cost(),
        Cost {
            parameters: 53_866,
            macs: 240_544
        }
    );
    assert_eq!(MNIST.cost().flops(), 481_088);
    let rgb = Network::input(3, 32, 32)
        .conv2d(8, 3)
        .relu()
        .max_pool2d(2)
        .conv2d(16, 3)
        .relu()
        .max_pool2d(2)
        .linear(128)
        .relu()
        .linear(100);
    assert_eq!(
        rgb.cost(),
        Cost {
            parameters: 88_148,
            macs: 475_616
        }
    );
    assert_eq!(rgb.layer_cost(0).macs, 194_400);
    assert_eq!(rgb.classes(), 100);
}

#[test]
fn faults_name_the_layer_by_number() {
    let cases = [
        (Network::input(1, 8, 8), "no layers"),
        (
            Network::input(1, 0, 8).linear(2),
            "the input: an extent is 0",
        ),
        (
            Network::input(1, 8, 8).relu().conv2d(4, 9),
            "layer 2 (conv2d): a window of 9x9",
        ),
        (
            Network::input(1, 8, 8).linear(0),
            "layer 1 (linear): outputs is 0",
        ),
        (
            Network::input(3, 8, 8).layer(Layer::Conv2d(Conv2d::new(4, 3).groups(2))),
            "layer 1 (conv2d): 2 groups do not divide 3",
        ),
        (
            Network::input(3, 8, 8).layer(Layer::AvgPool2d(Pool2d::new(3).padding(2))),
            "layer 1 (avg_pool2d): padding of 2 rows above",
        ),
        (Network::input(1, 99, 99).max_pool2d(17), "more than 256"),
        (
            Network::input(65_535, 4_096, 1).linear(65_535),
            "layer 1 (linear): a tensor or the",
        ),
        (
            Network::input(1, 8, 8).layer(Layer::AvgPool2d(Pool2d::new(2).stride(0))),
            "layer 1 (avg_pool2d): stride is 0",
        ),
        (
            Network::input(1, 8, 8).layer(Layer::Conv2d(Conv2d::new(4, 3).dilation(0))),
            "layer 1 (conv2d): dilation is 0",
        ),
        (
            Network::input(1, 8, 8)
                .relu()
                .layer(Layer::Conv2d(Conv2d::new(4, 3).dilation(4))),
            "layer 2 (conv2d): a window of 3x3",
        ),
    ];
    for (network, expected) in cases {
        let message = heapless::format!(256; "{}", network.check().unwrap_err()).unwrap();
        assert!(message.contains(expected), "{message} / {expected}");
    }
}

#[test]
fn too_many_layers_is_an_error_not_a_panic() {
    let mut network = Network::input(1, 2, 2);
    for _ in 0..=MAX_NODES + 3 {
        network = network.relu();
    }
    assert_eq!(
        network.check().unwrap_err().fault,
        LayerFault::TooManyLayers
    );
}

#[test]
fn padding_may_reach_as_far_as_the_kernel_and_further() {
    let conv = Conv2d::new(4, 3).padded(Padding {
        top: 4,
        left: 0,
        bottom: 1,
        right: 3,
    });
    let network = Network::input(3, 8, 2).layer(Layer::Conv2d(conv));
    assert_eq!(network.check(), Ok(()));
    assert_eq!(network.output_shape(0), Shape::new(4, 11, 3));
}

#[test]
fn the_wire_form_round_trips_and_bounds_the_layers() {
    for network in [MNIST, BRANCHED] {
        let mut bytes = [0; 256];
        let written = postcard::to_slice(&network, &mut bytes).unwrap();
        assert_eq!(postcard::from_bytes::<Network>(written).unwrap(), network);
    }
    // 193 nodes of ReLU, each of which reads the one before it.
    let crowded = [3_u8, 8, 8, 193, 1]
        .into_iter()
        .chain([1, 0].into_iter().cycle().take(386));
    let crowded: heapless::Vec<u8, 512> = crowded.collect();
    assert!(postcard::from_bytes::<Network>(&crowded).is_err());
    let full = [3_u8, 8, 8, 192, 1]
        .into_iter()
        .chain([1, 0].into_iter().cycle().take(384));
    let full: heapless::Vec<u8, 512> = full.collect();
    assert!(
        postcard::from_bytes::<Network>(&full)
            .unwrap()
            .check()
            .is_ok()
    );
}

#[test]
fn what_tells_networks_apart_is_displayed() {
    extern crate std;
    use std::string::ToString;
    let conv = Conv2d::new(8, 3).stride(2).padding(1).groups(3);
    let network = Network::input(3, 48, 40)
        .layer(Layer::Conv2d(conv))
        .relu()
        .layer(Layer::MaxPool2d(Pool2d::new(3).stride(2)))
        .avg_pool2d(2)
        .conv2d(4, 2)
        .global_avg_pool2d()
        .linear(10);
    assert_eq!(
        network.to_string(),
        "3x48x40 > conv2d 3x3 to 8, stride 2x2, padding 1x1, groups 3 > relu \
         > max_pool2d 3x3, stride 2x2 > avg_pool2d 2x2 > conv2d 2x2 to 4 > global_avg_pool2d \
         > linear 10"
    );
    let branched = BRANCHED
        .from(Value::INPUT)
        .layer(Layer::Linear(Linear::new(2).without_bias()));
    assert_eq!(
        branched.to_string(),
        "1x8x8 > conv2d 3x3 to 4 > relu > conv2d 1x1 to 4 > add (3, 2) > batch_norm > relu6 \
         > linear 2 > linear 2, no bias (0)"
    );
}
