//! A buffer one element shorter or longer than the plan says is refused, by name.

extern crate std;

use super::{MNIST, networks};
use crate::{BufferError, GROUP, GroupMemory, Plan, Sgd, Trainer, score};
use std::vec;
use std::vec::Vec;

/// Lengths of every buffer of training, one of which the test gets wrong.
#[derive(Clone, Copy)]
struct Lengths {
    parameters: usize,
    gradient: usize,
    velocity: usize,
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

fn lengths(plan: &Plan) -> Lengths {
    Lengths {
        parameters: plan.parameters(),
        gradient: plan.parameters(),
        velocity: plan.parameters(),
        packets: plan.training_packets(),
        winners: plan.winner_bytes(),
        values: plan.group_values(),
        images: SAMPLES * plan.input_shape().elements(),
    }
}

fn step(plan: &Plan, lengths: Lengths) -> Result<(), BufferError> {
    let mut parameters = vec![0.5; lengths.parameters];
    let mut trainer = Trainer {
        plan,
        parameters: &mut parameters,
        gradient: &mut vec![0.0; lengths.gradient],
        velocity: &mut vec![0.0; lengths.velocity],
        memory: GroupMemory {
            packets: &mut vec![0.0; lengths.packets],
            winners: &mut vec![0; lengths.winners],
            values: &mut vec![0.0; lengths.values],
        },
    };
    let images = vec![0.25; lengths.images];
    let result = trainer.step(&images, &[0; SAMPLES], &MOMENTUM).map(|_| ());
    if result.is_err() {
        assert!(
            parameters.iter().all(|value| *value == 0.5),
            "an update after an error"
        );
    }
    result
}

#[test]
fn training_refuses_every_buffer_of_another_length() {
    type Field = (&'static str, fn(&mut Lengths) -> &mut usize);
    let fields: [Field; 7] = [
        ("parameters", |l| &mut l.parameters),
        ("gradient", |l| &mut l.gradient),
        ("velocity", |l| &mut l.velocity),
        ("training memory", |l| &mut l.packets),
        ("winners", |l| &mut l.winners),
        ("group values", |l| &mut l.values),
        ("images", |l| &mut l.images),
    ];
    for (network_name, network) in networks() {
        let plan = Plan::of(&network);
        assert_eq!(step(&plan, lengths(&plan)), Ok(()), "{network_name}");
        for (name, field) in fields {
            let mut exact = lengths(&plan);
            let needed = *field(&mut exact);
            let wrong = [needed.checked_sub(1), needed.checked_add(1)];
            for given in wrong.into_iter().flatten() {
                let mut lengths = exact;
                *field(&mut lengths) = given;
                let found = step(&plan, lengths).unwrap_err();
                let BufferError::Length {
                    buffer,
                    needed: said,
                    given: seen,
                } = found
                else {
                    panic!("{network_name}, {name}: {found}");
                };
                assert!(
                    name.contains(buffer),
                    "{network_name}: {buffer}, not {name}"
                );
                assert_eq!((said, seen), (needed, given), "{network_name}, {name}");
            }
        }
    }
}

#[test]
fn inference_refuses_every_buffer_of_another_length() {
    let plan = Plan::of(&MNIST);
    let exact = [
        plan.parameters(),
        plan.input_shape().elements(),
        plan.inference_packets(),
    ];
    for (index, name) in ["parameters", "input", "inference memory"]
        .into_iter()
        .enumerate()
    {
        for given in [exact[index] - 1, exact[index] + 1] {
            let mut lengths = exact;
            lengths[index] = given;
            let [parameters, input, memory] = lengths.map(|len| vec![0.0_f32; len]);
            let mut memory: Vec<f32> = memory;
            let found = plan.infer(&parameters, &input, &mut memory).unwrap_err();
            let expected = BufferError::Length {
                buffer: name,
                needed: exact[index],
                given,
            };
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn labels_and_sample_counts_are_checked() {
    let plan = Plan::of(&MNIST);
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
        let mut gradient = vec![0.0; plan.spans().next().unwrap().len];
        let values = vec![0.0; plan.group_values()];
        let span = plan.spans().next().unwrap();
        let found = plan.add_gradient(&span, &values, samples, 0.0, &mut gradient);
        assert_eq!(
            found,
            Err(BufferError::Samples {
                most,
                given: samples
            })
        );
    }
}
