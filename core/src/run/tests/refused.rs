//! A buffer one element shorter or longer than the program says is refused, by name.

extern crate std;

use super::Memory;
use crate::program::tests::{GROUPS, MNIST, graphs, networks, normalised, program};
use crate::{BufferError, GROUP, GroupMemory, Program, Purpose, Sgd, Trainer, score};
use std::vec;
use std::vec::Vec;

/// Lengths of every buffer of training, one of which the test gets wrong.
#[derive(Clone, Copy)]
struct Lengths {
    parameters: usize,
    gradient: usize,
    velocity: usize,
    moments: usize,
    statistics: usize,
    packets: usize,
    winners: usize,
    values: usize,
    images: usize,
}

const SAMPLES: usize = 3;
const MOMENTUM: Sgd = Sgd {
    momentum: 0.5,
    ..Sgd::new(0.1)
};

fn lengths(program: &Program) -> Lengths {
    let in_flight = program.packets_in_flight::<f32>();
    Lengths {
        parameters: program.parameters(),
        gradient: program.parameters(),
        velocity: program.parameters(),
        moments: program.moment_values(),
        statistics: program.statistics(),
        packets: in_flight * program.arena_packets(),
        winners: in_flight * program.winner_bytes(),
        values: program.group_values(),
        images: SAMPLES * program.input_shape().elements(),
    }
}

fn step(program: &Program, lengths: Lengths) -> Result<(), BufferError> {
    let mut parameters = vec![0.5; lengths.parameters];
    let mut statistics = vec![0.5; lengths.statistics];
    let mut trainer = Trainer {
        program,
        parameters: &mut parameters,
        gradient: &mut vec![0.0; lengths.gradient],
        velocity: &mut vec![0.0; lengths.velocity],
        moments: &mut vec![0.0; lengths.moments],
        statistics: &mut statistics,
        groups: &mut [GroupMemory {
            packets: &mut vec![0.0; lengths.packets],
            winners: &mut vec![0; lengths.winners],
            values: &mut vec![0.0; lengths.values],
        }],
        seed: 1,
        steps: 0,
    };
    let images: Vec<f32> = (0..lengths.images)
        .map(|index| index as f32 / 64.0)
        .collect();
    let result = trainer.step(&images, &[0; SAMPLES], &MOMENTUM).map(|_| ());
    if result.is_err() {
        let mut kept = parameters.iter().chain(&statistics);
        assert!(kept.all(|value| *value == 0.5), "an update after an error");
    }
    result
}

#[test]
fn training_refuses_every_buffer_of_another_length() {
    type Field = (&'static str, fn(&mut Lengths) -> &mut usize);
    let fields: [Field; 9] = [
        ("parameters", |l| &mut l.parameters),
        ("gradient", |l| &mut l.gradient),
        ("velocity", |l| &mut l.velocity),
        ("moments", |l| &mut l.moments),
        ("statistics", |l| &mut l.statistics),
        ("training memory", |l| &mut l.packets),
        ("winners", |l| &mut l.winners),
        ("group values", |l| &mut l.values),
        ("images", |l| &mut l.images),
    ];
    let all = networks().into_iter().chain(graphs()).chain(normalised());
    for (network_name, network) in all {
        let program = program(&network, GROUPS);
        assert_eq!(step(&program, lengths(&program)), Ok(()), "{network_name}");
        for (name, field) in fields {
            let mut exact = lengths(&program);
            let needed = *field(&mut exact);
            let wrong = [needed.checked_sub(1), needed.checked_add(1)];
            for given in wrong.into_iter().flatten() {
                let mut lengths = exact;
                *field(&mut lengths) = given;
                let found = step(&program, lengths).unwrap_err();
                let expected = BufferError::Length {
                    buffer: name,
                    needed,
                    given,
                };
                assert_eq!(found, expected, "{network_name}");
            }
        }
    }
}

/// Groups that meet need memory each, and channels more than one value.
#[test]
fn batches_that_do_not_fit_a_batch_normalisation_are_refused() {
    let (_, network) = normalised().remove(2);
    let program = program(&network, GROUPS);
    let attempt = |groups: usize, samples: usize| {
        let mut memory = Memory::new(&program, groups, 0.0_f32, 0.0);
        let mut trainer = Trainer {
            program: &program,
            parameters: &mut vec![0.5; program.parameters()],
            gradient: &mut vec![0.0; program.parameters()],
            velocity: &mut [],
            moments: &mut vec![0.0; program.moment_values()],
            statistics: &mut vec![0.5; program.statistics()],
            groups: &mut memory.groups(),
            seed: 1,
            steps: 0,
        };
        let images = vec![0.25; samples * program.input_shape().elements()];
        let labels = vec![0; samples];
        trainer.step(&images, &labels, &Sgd::new(0.1)).map(|_| ())
    };
    assert_eq!(attempt(2, GROUP + 1), Ok(()));
    let few = BufferError::Length {
        buffer: "groups of memory",
        needed: 2,
        given: 1,
    };
    assert_eq!(attempt(1, GROUP + 1), Err(few));
    // The first normalises maps, of which one has values enough; the second, single values.
    assert_eq!(attempt(1, 1), Err(BufferError::SingleValue { node: 5 }));
    let none = BufferError::Samples {
        most: usize::MAX,
        given: 0,
    };
    assert_eq!(attempt(1, 0), Err(none));
}

#[test]
fn inference_refuses_every_buffer_of_another_length() {
    let program = program(&MNIST, Purpose::Inference);
    let exact = [program.parameters(), program.arena_packets()];
    for (index, buffer) in ["parameters", "inference arena"].into_iter().enumerate() {
        for given in [exact[index] - 1, exact[index] + 1] {
            let mut lengths = exact;
            lengths[index] = given;
            let [parameters, mut arena] = lengths.map(|len| vec![0.0_f32; len]);
            let unfilled = |_: &mut [f32]| panic!("filled before it is checked");
            let found = program
                .infer(&parameters, &mut arena, unfilled)
                .unwrap_err();
            let expected = BufferError::Length {
                buffer,
                needed: exact[index],
                given,
            };
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn labels_and_sample_counts_are_checked() {
    let program = program(&MNIST, GROUPS);
    let mut outcome = crate::Outcome::default();
    let refused = |labels: &[u16]| score(&[0.0; 10], labels, &mut crate::Outcome::default());
    let label = BufferError::Label {
        label: 10,
        classes: 10,
    };
    assert_eq!(refused(&[10]), Err(label));
    assert_eq!(
        refused(&[]),
        Err(BufferError::Samples { most: 1, given: 0 })
    );
    assert_eq!(
        refused(&[1, 1]),
        Err(BufferError::Samples { most: 1, given: 2 })
    );
    assert_eq!(score(&[0.0; 10], &[9], &mut outcome), Ok(()));
    let most = GROUP;
    for samples in [0, GROUP + 1] {
        let mut gradient = vec![0.0; program.spans().next().unwrap().len];
        let values = vec![0.0; program.group_values()];
        let span = program.spans().next().unwrap();
        let found = program.add_gradient(&span, &values, samples, 0.0, &mut gradient);
        assert_eq!(
            found,
            Err(BufferError::Samples {
                most,
                given: samples
            })
        );
    }
}
