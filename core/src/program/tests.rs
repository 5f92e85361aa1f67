//! A program is exact: its lengths are known, and no longer than they have to be.

extern crate std;

mod arenas;
pub(crate) mod known;
mod masks;
mod networks;
mod same;

pub(crate) use networks::{MNIST, RGB, graphs, networks, normalised};

use super::*;
use crate::{Activation, Conv2d, Layer, Linear, Pool2d, Sgd, Value};
use std::string::ToString;
use std::vec::Vec;

pub(crate) const GROUPS: Purpose = Purpose::Group(Loss::CROSS_ENTROPY);

/// The program of a sound network, with room for any.
pub(crate) fn program(network: &Network, purpose: Purpose) -> Program {
    Program::of(network, purpose)
}

#[test]
fn the_published_networks_need_what_was_counted_by_hand() {
    let training = program(&MNIST, GROUPS);
    // The input beside the first pool's 8 x 13 x 13 values.
    let inference = program(&MNIST, Purpose::Inference);
    assert_eq!(inference.arena_packets(), 784 + 1352);
    assert_eq!(4 * inference.arena_packets(), 8_544);
    assert_eq!(inference.winner_bytes(), 0);
    assert_eq!(training.winner_bytes(), 1352 + 400);
    assert_eq!(
        training.group_values(),
        80 + 1168 + GROUP * (400 + 128 + 128 + 10)
    );
    assert_eq!((training.parameters(), training.classes()), (53_866, 10));
    // At the second convolution: the spread gradient of its outputs, which the pool looks at, its
    // pooled gradient, and the input and first pooled values with their gradient.
    let scratch = 16 * 10 * 10;
    assert_eq!(training.arena_packets(), 784 + 2 * 1352 + 400 + scratch);
    // Where every activation was kept, it took more.
    let kept = 784 + 1352 + 400 + 128 + 10 + (1352 + 400) + scratch;
    assert_eq!((training.arena_packets(), kept), (5_488, 6_026));
    let bytes = 4 * training.arena_packets() + training.winner_bytes();
    assert_eq!(training.working_bytes(1), bytes);
    assert_eq!(inference.working_bytes(16), 16 * 8_544);

    let training = program(&RGB, GROUPS);
    let inference = program(&RGB, Purpose::Inference);
    assert_eq!(inference.arena_packets(), 3072 + 1800);
    assert_eq!(training.winner_bytes(), 1800 + 576);
    assert_eq!(
        training.group_values(),
        224 + 1168 + GROUP * (576 + 128 + 128 + 100)
    );
    assert_eq!((training.parameters(), training.classes()), (88_148, 100));
    let scratch = 16 * 12 * 12;
    assert_eq!(training.arena_packets(), 3072 + 2 * 1800 + 576 + scratch);
}

#[test]
fn nodes_are_fused_where_they_fit() {
    let training = program(&MNIST, GROUPS);
    let fused = |operation: &Operation| {
        matches!(
            operation,
            Operation::Conv2d {
                activation: Activation::Relu,
                pool: true,
                ..
            }
        )
    };
    let steps = training.steps();
    assert_eq!(steps.len(), 4);
    assert!(fused(&steps[0].operation) && fused(&steps[1].operation));
    let linear = |outputs, activation| Operation::Linear {
        linear: Linear::new(outputs),
        activation,
    };
    assert_eq!(steps[2].operation, linear(128, Activation::Relu));
    assert_eq!(steps[3].operation, linear(10, Activation::Identity));
    let places: Vec<_> = steps.iter().map(|step| (step.node, step.nodes)).collect();
    assert_eq!(places, [(0, 3), (3, 3), (6, 2), (8, 1)]);
    let count = |network: &Network| program(network, Purpose::Inference).steps().len();
    // Overlapping windows, a pool before the ReLU's place, and a second ReLU stay on their own.
    let overlapping = Layer::MaxPool2d(Pool2d::new(2).stride(1));
    let base = Network::input(1, 9, 9).conv2d(2, 3);
    assert_eq!(count(&base.clone().relu().layer(overlapping)), 2);
    assert_eq!(count(&base.clone().max_pool2d(2).relu().relu()), 3);
    // So do a pool behind a ReLU6, and what is not the only one to read a value.
    assert_eq!(count(&base.clone().relu6()), 1);
    assert_eq!(count(&base.clone().relu6().max_pool2d(2)), 2);
    let read_twice = base.clone().relu();
    assert_eq!(count(&read_twice.add(base.last())), 3);
}

#[test]
fn a_dropout_runs_in_training_alone() {
    let dropout = Layer::Dropout(crate::Dropout { probability: 0.5 });
    let network = MNIST.layer(dropout).relu();
    assert_eq!(program(&network, GROUPS).steps().len(), 6);
    assert_eq!(program(&network, Purpose::Inference).steps().len(), 5);
    let compact = Purpose::Compact(CompactMode::in_place(Trainable::ALL));
    assert_eq!(program(&network, compact).steps().len(), 5);
}

#[test]
fn spans_are_all_parameters_in_order() {
    let all = networks().into_iter().chain(graphs()).chain(normalised());
    for (name, network) in all {
        let program = program(&network, GROUPS);
        let mut at = 0;
        let mut next_row = 0;
        for span in program.spans() {
            let step = &program.steps()[span.step];
            let own = step.parameters.range();
            assert!(
                own.contains(&at) && at + span.len <= own.end,
                "{name}: {span:?}"
            );
            match span.kind {
                SpanKind::Sums => assert_eq!(at..at + span.len, own, "{name}"),
                SpanKind::LinearRows { first, rows } => {
                    assert_eq!(first, next_row, "{name}");
                    assert_eq!(span.len, rows * step.input.elements(), "{name}");
                    next_row += rows;
                }
                SpanKind::LinearBias => assert_eq!(
                    (next_row, span.len),
                    (step.output.elements(), next_row),
                    "{name}"
                ),
            }
            if !matches!(span.kind, SpanKind::LinearRows { .. }) {
                next_row = 0;
            }
            at += span.len;
            if at == own.end {
                next_row = 0;
            }
        }
        assert_eq!(at, network.parameters(), "{name}");
    }
}

#[test]
fn what_has_no_program_is_refused_by_number() {
    let norm = Network::input(1, 4, 4).conv2d(2, 3).batch_norm().linear(2);
    let compact = Purpose::Compact(CompactMode::in_place(Trainable::ALL));
    for purpose in [Purpose::Inference, compact] {
        let found = Program::<MAX_NODES>::try_of(&norm, purpose).unwrap_err();
        assert_eq!(found, ProgramError::BatchNorm { node: 2 });
        assert!(found.to_string().starts_with("layer 2 (batch_norm): "));
    }
    assert!(Program::<MAX_NODES>::try_of(&norm, GROUPS).is_ok());
    let found = Program::<3>::try_of(&MNIST, GROUPS).unwrap_err();
    assert_eq!(found, ProgramError::Steps { room: 3 });
    let wrong = Network::input(1, 4, 4).relu().conv2d(2, 5);
    let found = Program::<MAX_NODES>::try_of(&wrong, GROUPS).unwrap_err();
    assert!(matches!(found, ProgramError::Network(error) if error.layer == 2));
    let sgd = Sgd::new(0.0);
    assert!(program(&MNIST, compact).check_optimizer(&sgd).is_err());
}
