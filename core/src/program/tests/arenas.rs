//! Arenas are as short as they can be.

use super::known::{RESNET8, known};
use super::*;
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::{Folding, LaneWidth};
use proptest::prelude::*;

/// Every purpose that a network can have: all trained, the second half, and biases alone.
fn purposes(network: &Network) -> Vec<Purpose> {
    let mut purposes = std::vec![GROUPS];
    if network.has_batch_norm() {
        return purposes;
    }
    purposes.push(Purpose::Inference);
    purposes.extend([LaneWidth::X4, LaneWidth::X16].map(Purpose::ChannelsLast));
    let half = network.layers().len() / 2 + 1;
    for trainable in [
        Trainable::ALL,
        Trainable::ALL.biases_only(),
        Trainable::from_layer(half),
    ] {
        purposes.push(Purpose::Compact(CompactMode::in_place(trainable)));
    }
    purposes
}

#[test]
fn known_networks_have_the_shortest_arenas() {
    let all = known().into_iter().chain(networks());
    for (name, network) in all.chain(graphs()).chain(normalised()) {
        for purpose in purposes(&network) {
            let Ok(program) = Program::<MAX_NODES>::try_of(&network, purpose) else {
                assert!(matches!(purpose, Purpose::Compact(_)), "{name}");
                continue;
            };
            let found = (program.arena_packets(), purpose);
            assert_eq!(found, (program.least_arena_packets(), purpose), "{name}");
        }
    }
}

#[test]
fn an_addition_writes_over_the_input_that_dies_with_it() {
    let folded = Folding::of(&RESNET8).network();
    let program = program(&folded, Purpose::Inference);
    let additions = program.steps().iter().enumerate();
    let additions = additions.filter(|(_, step)| step.read_count() == 2);
    let mut count = 0;
    for (index, step) in additions {
        let read = usize::from(step.in_place.unwrap());
        let dying = program.value(step.reads[read].value);
        assert_eq!(program.value(index + 1), dying);
        count += 1;
    }
    assert_eq!(count, 3);
    // Input, output and skipped value of a convolution: three times 16 maps of 32 x 32.
    assert_eq!(program.arena_packets(), 3 * 16 * 32 * 32);
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_networks_have_arenas_that_are_nearly_as_short(seed in any::<u32>()) {
        let network = random_network(seed, true);
        for purpose in purposes(&network) {
            if let Ok(program) = Program::<MAX_NODES>::try_of(&network, purpose) {
                let (arena, least) = (program.arena_packets(), program.least_arena_packets());
                prop_assert!(
                    100 * arena <= 115 * least,
                    "{network}: {arena} instead of {least}, {purpose:?}"
                );
            }
        }
    }
}
