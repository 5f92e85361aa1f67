//! A plan is exact: what it says is needed is refused one element short, and used to the last.

extern crate std;

use super::*;
use crate::{Conv2d, Layer, Pool2d};
use std::format;
use std::hint::black_box;
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

#[test]
fn a_constant_plan_is_the_plan_of_run_time() {
    const SMALL: Plan = Plan::of(&MNIST);
    static LARGE: Plan = Plan::of(&RGB);
    for (constant, network) in [(&SMALL, MNIST), (&LARGE, RGB)] {
        let plan = Plan::try_of(&black_box(network)).unwrap();
        assert_eq!(format!("{constant:?}"), format!("{plan:?}"));
    }
    static MEMORY: [f32; SMALL.inference_packets()] = [0.0; _];
    assert_eq!(MEMORY.len(), 1752);
}

#[test]
fn the_published_networks_need_what_was_counted_by_hand() {
    let plan = Plan::of(&MNIST);
    // The first pool's 8 x 13 x 13 values beside the second's 16 x 5 x 5.
    assert_eq!(plan.inference_packets(), 1352 + 400);
    assert_eq!(plan.winner_bytes(), 1352 + 400);
    assert_eq!(
        plan.group_values(),
        80 + 1168 + GROUP * (400 + 128 + 128 + 10)
    );
    assert_eq!((plan.parameters(), plan.classes()), (53_866, 10));
    let activations = 784 + 1352 + 400 + 128 + 10;
    // The spread gradient of the second convolution's outputs, which the pool looks at.
    let scratch = 16 * 10 * 10;
    assert_eq!(
        plan.training_packets(),
        activations + (1352 + 400) + scratch
    );
    let bytes = 4 * plan.training_packets() + plan.winner_bytes() + 4 * plan.group_values();
    assert_eq!(plan.training_bytes(1), bytes);
    assert_eq!(plan.inference_bytes(16), 16 * 4 * 1752);

    let plan = Plan::of(&RGB);
    assert_eq!(plan.inference_packets(), 1800 + 576);
    assert_eq!(plan.winner_bytes(), 1800 + 576);
    assert_eq!(
        plan.group_values(),
        224 + 1168 + GROUP * (576 + 128 + 128 + 100)
    );
    assert_eq!((plan.parameters(), plan.classes()), (88_148, 100));
    let activations = 3072 + 1800 + 576 + 128 + 100;
    let scratch = 16 * 12 * 12;
    assert_eq!(
        plan.training_packets(),
        activations + (1800 + 576) + scratch
    );
}

#[test]
fn layers_are_fused_where_they_fit() {
    let plan = Plan::of(&MNIST);
    let fused = |conv: &Operation| {
        matches!(
            conv,
            Operation::Conv2d {
                relu: true,
                pool: true,
                ..
            }
        )
    };
    let steps = plan.steps();
    assert_eq!(steps.len(), 4);
    assert!(fused(&steps[0].operation) && fused(&steps[1].operation));
    assert_eq!(steps[2].operation, Operation::Linear { relu: true });
    assert_eq!(steps[3].operation, Operation::Linear { relu: false });
    let places: Vec<_> = steps.iter().map(|step| (step.layer, step.layers)).collect();
    assert_eq!(places, [(0, 3), (3, 3), (6, 2), (8, 1)]);
    // Overlapping windows, a pool before the ReLU's place, and a second ReLU stay on their own.
    let overlapping = Layer::MaxPool2d(Pool2d::new(2).stride(1));
    let apart = Network::input(1, 9, 9)
        .conv2d(2, 3)
        .relu()
        .layer(overlapping);
    assert_eq!(Plan::of(&apart).steps().len(), 2);
    let behind = Network::input(1, 9, 9)
        .conv2d(2, 3)
        .max_pool2d(2)
        .relu()
        .relu();
    assert_eq!(Plan::of(&behind).steps().len(), 3);
}

#[test]
fn spans_are_all_parameters_in_order() {
    for (name, network) in networks() {
        let plan = Plan::of(&network);
        let mut at = 0;
        let mut next_row = 0;
        for span in plan.spans() {
            let step = &plan.steps()[span.step];
            let own = step.parameters.range();
            assert!(
                own.contains(&at) && at + span.len <= own.end,
                "{name}: {span:?}"
            );
            match span.kind {
                SpanKind::Convolution => assert_eq!(at..at + span.len, own, "{name}"),
                SpanKind::LinearRows { first, rows } => {
                    assert_eq!(first, next_row, "{name}");
                    assert_eq!(span.len, rows * step.input.elements(), "{name}");
                    next_row += rows;
                }
                SpanKind::LinearBias => {
                    assert_eq!(
                        (next_row, span.len),
                        (step.output.elements(), next_row),
                        "{name}"
                    );
                    next_row = 0;
                }
            }
            at += span.len;
        }
        assert_eq!(at, network.parameters(), "{name}");
    }
}
