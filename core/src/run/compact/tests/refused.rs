//! What cannot be trained is refused, by name, before anything has changed.

use super::*;
use crate::{BufferError, GROUP, ProgramError, TrainableError};
use std::string::ToString;

const SGD: Sgd = Sgd::new(0.1);

fn compact(mode: CompactMode) -> Program {
    program(&MNIST, Purpose::Compact(mode))
}

#[test]
fn every_buffer_of_another_length_is_refused() {
    type Field = (&'static str, fn(&mut Memory) -> Option<&mut Vec<f32>>);
    let fields: [Field; 6] = [
        ("frozen parameters", |m| Some(&mut m.frozen)),
        ("trained parameters", |m| Some(&mut m.trained)),
        ("gradient", |m| Some(&mut m.gradient)),
        ("velocity", |m| Some(&mut m.velocity)),
        ("training arena", |m| Some(&mut m.arena)),
        ("winners", |_| None),
    ];
    let part = Trainable::from_layer(7);
    for mode in [
        CompactMode::in_place(Trainable::ALL),
        CompactMode::in_place(part),
        CompactMode::mini_batch(part, false),
        CompactMode::mini_batch(Trainable::ALL, true),
    ] {
        let program = compact(mode);
        for (buffer, field) in fields {
            for longer in [false, true] {
                let mut memory = Memory::new(&program, &vec![0.5; program.parameters()]);
                let needed = match field(&mut memory) {
                    Some(values) => resized(values, longer),
                    None => resized(&mut memory.winners, longer),
                };
                let Some((needed, given)) = needed else {
                    continue;
                };
                let found = CompactTrainer::new(&program, memory.compact()).unwrap_err();
                let expected = BufferError::Length {
                    buffer,
                    needed,
                    given,
                };
                assert_eq!(found, CompactError::Buffer(expected));
            }
        }
    }
}

/// One element more or less, where there is one.
fn resized<T: Default>(values: &mut Vec<T>, longer: bool) -> Option<(usize, usize)> {
    let needed = values.len();
    if longer {
        values.push(T::default());
    } else {
        values.pop()?;
    }
    Some((needed, values.len()))
}

#[test]
fn layers_that_cannot_be_trained_are_named() {
    let refused_by = |network: &Network, trainable| {
        let purpose = Purpose::Compact(CompactMode::in_place(trainable));
        match Program::<9>::try_of(network, purpose) {
            Err(ProgramError::Trainable(error)) => error,
            found => panic!("{found:?}"),
        }
    };
    let refused = |trainable| refused_by(&MNIST, trainable);
    let beyond = |layer| TrainableError::NoSuchLayer { layer, layers: 9 };
    assert_eq!(refused(Trainable::from_layer(10)), beyond(10));
    assert_eq!(refused(Trainable::from_layer(192)), beyond(192));
    assert_eq!(refused(Trainable::from_layer(193)), beyond(193));
    assert_eq!(refused(Trainable::from_layer(1 << 20)), beyond(65_535));
    assert_eq!(refused(Trainable::NONE.layer(200)), beyond(200));
    assert_eq!(refused(Trainable::ALL.freeze(10)), beyond(10));
    // Layers are counted from 1.
    for trainable in [
        Trainable::from_layer(0),
        Trainable::NONE.layer(0),
        Trainable::NONE.biases(0),
        Trainable::ALL.freeze(0),
    ] {
        assert_eq!(refused(trainable), beyond(0));
    }
    let empty = TrainableError::NoParameters { layer: 2 };
    assert_eq!(refused(Trainable::NONE.layer(1).layer(2)), empty);
    assert_eq!(refused(Trainable::ALL.freeze(2)), empty);
    let nothing = TrainableError::Nothing { last: Some(9) };
    assert_eq!(refused(Trainable::NONE), nothing);
    assert_eq!(refused(Trainable::from_layer(9).freeze(9)), nothing);
    assert!(beyond(10).to_string().contains("no layer 10"));
    assert!(beyond(10).to_string().contains("1 to 9"));
    assert!(empty.to_string().contains("layer 2 has no parameters"));
    let relu = Network::input(1, 2, 2).relu();
    let found = refused_by(&relu, Trainable::ALL);
    assert_eq!(found, TrainableError::Nothing { last: None });
    let bare = crate::Layer::Conv2d(crate::Conv2d::new(2, 1).without_bias());
    let found = refused_by(
        &Network::input(1, 2, 2).layer(bare),
        Trainable::NONE.biases(1),
    );
    assert_eq!(found, TrainableError::Nothing { last: Some(1) });
}

#[test]
fn a_program_for_something_else_is_refused() {
    for purpose in [GROUPS, Purpose::Inference] {
        let program = program(&MNIST, purpose);
        let mut memory = Memory::new(&program, &vec![0.5; program.parameters()]);
        let found = CompactTrainer::new(&program, memory.compact()).unwrap_err();
        assert_eq!(found, CompactError::Purpose);
    }
}

#[test]
fn a_choice_travels() {
    let mode = CompactMode::mini_batch(Trainable::from_layer(7).freeze(9), true);
    let mut bytes = [0; 128];
    let bytes = postcard::to_slice(&mode, &mut bytes).unwrap();
    assert_eq!(postcard::from_bytes(bytes), Ok(mode));
}

/// What is tried on a trainer.
type Attempt<'a> = &'a dyn Fn(&mut CompactTrainer<'_>) -> Result<(), CompactError>;

/// Asserts that what is tried is refused so, and changes no parameter.
fn assert_refused(mode: CompactMode, expected: CompactError, attempt: Attempt<'_>) {
    let program = compact(mode);
    let mut memory = Memory::new(&program, &vec![0.5; program.parameters()]);
    let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
    let found = attempt(&mut trainer).unwrap_err();
    assert_eq!(found.to_string(), expected.to_string());
    assert!(
        trainer.trained().iter().all(|value| *value == 0.5),
        "{found}"
    );
}

#[test]
fn what_an_optimizer_cannot_do_is_refused() {
    let step = |sgd: Sgd, expected| {
        let attempt = |trainer: &mut CompactTrainer<'_>| {
            trainer.step(0, &sgd, |input| input.fill(0.5)).map(|_| ())
        };
        assert_refused(CompactMode::in_place(Trainable::ALL), expected, &attempt);
        let attempt = |trainer: &mut CompactTrainer<'_>| {
            trainer.begin_batch(1)?;
            trainer.accumulate(0, |input| input.fill(0.5))?;
            trainer.finish_batch(&sgd)
        };
        let mode = CompactMode::mini_batch(Trainable::ALL, false);
        assert_refused(mode, expected, &attempt);
    };
    for value in [0.0, -0.1, f32::NAN, f32::INFINITY] {
        let option = "learning rate";
        step(Sgd::new(value), CompactError::Option { option, value });
    }
    for value in [-0.5, f32::NAN, f32::INFINITY] {
        let weight_decay = Sgd {
            weight_decay: value,
            ..SGD
        };
        let option = "weight decay";
        step(weight_decay, CompactError::Option { option, value });
    }
    let momentum = 0.9;
    step(Sgd { momentum, ..SGD }, CompactError::Momentum { momentum });
}

#[test]
fn steps_and_batches_keep_their_order() {
    let in_place = CompactMode::in_place(Trainable::ALL);
    let batches = CompactMode::mini_batch(Trainable::ALL, true);
    let add = |trainer: &mut CompactTrainer<'_>| {
        trainer.accumulate(0, |input| input.fill(0.5)).map(|_| ())
    };
    let no_batch = CompactError::Update { in_place: true };
    assert_refused(in_place, no_batch, &|trainer| trainer.begin_batch(1));
    assert_refused(in_place, no_batch, &add);
    assert_refused(in_place, no_batch, &|trainer| trainer.finish_batch(&SGD));
    assert_refused(
        batches,
        CompactError::Update { in_place: false },
        &|trainer| trainer.step(0, &SGD, |_| {}).map(|_| ()),
    );
    for given in [0, GROUP + 1] {
        let samples = BufferError::Samples { most: GROUP, given };
        let refused = CompactError::Buffer(samples);
        assert_refused(batches, refused, &|trainer| trainer.begin_batch(given));
    }
    assert_refused(batches, CompactError::BatchFull { samples: 0 }, &add);
    assert_refused(
        batches,
        CompactError::BatchFull { samples: 1 },
        &|trainer| {
            trainer.begin_batch(1)?;
            add(trainer)?;
            add(trainer)
        },
    );
    let incomplete = |samples, given| CompactError::BatchIncomplete { samples, given };
    assert_refused(batches, incomplete(0, 0), &|trainer| {
        trainer.finish_batch(&SGD)
    });
    assert_refused(batches, incomplete(2, 1), &|trainer| {
        trainer.begin_batch(2)?;
        add(trainer)?;
        trainer.finish_batch(&SGD)
    });
    let label = BufferError::Label {
        label: 10,
        classes: 10,
    };
    assert_refused(in_place, CompactError::Buffer(label), &|trainer| {
        trainer.step(10, &SGD, |_| {}).map(|_| ())
    });
}

#[test]
fn what_is_not_finite_is_not_trained_on() {
    let loss = f64::NAN;
    for value in [f32::NAN, f32::INFINITY] {
        let not_finite = CompactError::NotFinite { loss };
        let in_place = CompactMode::in_place(Trainable::ALL);
        assert_refused(in_place, not_finite, &|trainer| {
            trainer.step(0, &SGD, |input| input.fill(value)).map(|_| ())
        });
        // The batch goes on without the sample.
        let program = compact(CompactMode::mini_batch(Trainable::ALL, false));
        let run = Run::new(&MNIST, 1, 3);
        let mut memory = Memory::new(&program, &run.parameters);
        let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
        trainer.begin_batch(1).unwrap();
        let found = trainer
            .accumulate(3, |input| input.fill(value))
            .unwrap_err();
        assert!(matches!(found, CompactError::NotFinite { .. }));
        trainer
            .accumulate(3, |input| input.copy_from_slice(run.image(0)))
            .unwrap();
        trainer.finish_batch(&SGD).unwrap();
        let (expected, _) = run.reference(&program, 1, &SGD);
        assert_eq!(trainer.trained(), expected);
    }
}

#[test]
fn a_parameter_that_is_not_finite_shows() {
    let program = compact(CompactMode::in_place(Trainable::ALL));
    let mut memory = Memory::new(&program, &vec![0.5; program.parameters()]);
    let mut trainer = CompactTrainer::new(&program, memory.compact()).unwrap();
    assert!(trainer.all_finite());
    trainer.trained_mut()[53_000] = f32::INFINITY;
    assert!(!trainer.all_finite());
    let found = trainer.step(0, &SGD, |input| input.fill(0.5)).unwrap_err();
    assert!(matches!(found, CompactError::NotFinite { .. }));
}
