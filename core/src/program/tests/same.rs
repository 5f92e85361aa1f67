//! However a program is made, it is the same.

use super::*;
use crate::{Folding, LaneWidth};
use std::boxed::Box;
use std::format;
use std::hint::black_box;

const MODE: CompactMode = CompactMode::mini_batch(Trainable::from_layer(4), true);
const PURPOSES: [Purpose; 4] = [
    Purpose::Inference,
    Purpose::ChannelsLast(LaneWidth::X8),
    GROUPS,
    Purpose::Compact(MODE),
];

#[test]
fn a_constant_program_is_the_program_of_run_time() {
    const SMALL: Program = Program::of(&MNIST, GROUPS);
    const FITTED: Program<4> = Program::of(&MNIST, Purpose::Compact(MODE));
    const FOLDED: Network = Folding::of(&known::RESNET8).network();
    static LARGE: Program = Program::of(&known::RESNET8, GROUPS);
    static DEPLOYED: Program = Program::of(&FOLDED, Purpose::Inference);
    static ON_DEVICE: Program = Program::of(&FOLDED, Purpose::Compact(MODE));
    for (constant, network) in [
        (&SMALL, MNIST),
        (&LARGE, known::RESNET8),
        (&DEPLOYED, FOLDED),
        (&ON_DEVICE, FOLDED),
    ] {
        let made = program(&black_box(network), constant.purpose());
        assert_eq!(format!("{constant:?}"), format!("{made:?}"));
    }
    let made = Program::<4>::of(&black_box(MNIST), Purpose::Compact(MODE));
    assert_eq!(format!("{FITTED:?}"), format!("{made:?}"));
    static MEMORY: [f32; program_arena()] = [0.0; _];
    assert_eq!(MEMORY.len(), 2136);
}

const fn program_arena() -> usize {
    const STEPS: usize = Program::count_steps(&MNIST, Purpose::Inference);
    Program::<STEPS>::of(&MNIST, Purpose::Inference).arena_packets()
}

/// What is made where it lies does not know what lay there before.
#[test]
fn a_program_made_in_place_is_the_one_made_elsewhere() {
    let mut planned = Box::new(Program::<MAX_NODES>::EMPTY);
    let all = networks().into_iter().chain(graphs());
    for (name, network) in all.filter(|(_, network)| network.layers().len() > 4) {
        for purpose in PURPOSES {
            let made = Program::<MAX_NODES>::try_of(&network, purpose);
            let found = planned.plan(&network, purpose);
            assert_eq!(
                found,
                made.as_ref().map(|_| ()).map_err(|error| *error),
                "{name}"
            );
            let Ok(made) = made else {
                assert_eq!((planned.steps().len(), planned.arena_packets()), (0, 0));
                continue;
            };
            assert_eq!(format!("{planned:?}"), format!("{made:?}"), "{name}");
        }
    }
    planned.plan(&MNIST, GROUPS).unwrap();
    let wrong = Network::input(1, 4, 4).conv2d(2, 5);
    assert!(planned.plan(&wrong, GROUPS).is_err());
    let nothing = [
        planned.steps().len(),
        planned.parameters(),
        planned.arena_packets(),
        planned.winner_bytes(),
        planned.group_values(),
        planned.trained_values(),
    ];
    assert_eq!(nothing, [0; 6]);
}

/// A stack on which no program has room is enough to make one, of any number of nodes.
#[test]
fn the_stack_of_planning_does_not_grow_with_the_network() {
    const STACK: usize = 40 * 1024;
    assert!(size_of::<Program>() > STACK);
    let mut long = Box::new(Network::input(2, 4, 4));
    while long.layers().len() < MAX_NODES {
        let layer = Layer::Conv2d(Conv2d::new(2, 3).padding(1));
        let number = long.layers().len();
        *long = match number % 3 {
            2 => (*long).clone().add(Value::of_node(number - 1)),
            _ => (*long).clone().layer(layer),
        };
    }
    let mut planned = Box::new(Program::<MAX_NODES>::EMPTY);
    for network in [&*long, &MNIST] {
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().stack_size(STACK);
            let planning = || PURPOSES.map(|purpose| planned.plan(network, purpose).is_ok());
            let thread = builder.spawn_scoped(scope, planning).unwrap();
            assert_eq!(thread.join().unwrap(), [true; PURPOSES.len()]);
        });
    }
    assert_eq!(planned.steps().len(), 4);
}
