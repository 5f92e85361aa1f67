//! What the device does not train on: too large, out of bounds, or no longer numbers.

use super::support::{Served, asset, bits, images, serve_training, thorough, training_refusal};
use host::boards::{BOARDS, WORKING_BYTES};
use host::firmware::TrainingMemory;
use host::link::{LinkError, LinkSession, from_socket};
use host::weights::ModelBytes;
use kiln_core::link::{Example, Refusal, Start, StorageState, Training};
use kiln_core::{CompactMode, Program, Purpose, Sgd, Trainable};
use std::time::Duration;

/// The whole network, in place: what the smallest board has room for.
const IN_PLACE: TrainingMemory = TrainingMemory {
    from: 1,
    biases_only: false,
    batch: false,
    momentum: false,
};

/// A class that the first image is not: there is much to learn.
const LABEL: u16 = 1;

/// A training that the device does.
const SOUND: Training = Training {
    trainable: Trainable::ALL,
    start: Start::Model,
    batch: 1,
    sgd: Sgd::new(0.01),
};

/// The program of training the committed model.
fn program(mode: CompactMode) -> Program {
    let bytes = ModelBytes::read(&asset("digits.kiln")).unwrap();
    Program::of(bytes.open().unwrap().network(), Purpose::Compact(mode))
}

fn session(served: &Served) -> LinkSession {
    let stream = from_socket(served.port.try_clone().unwrap()).unwrap();
    LinkSession::new(stream, Duration::from_secs(20))
}

/// An image as the only one of its batch.
fn example(image: &[u8], rate: f32) -> Example<'_> {
    Example {
        image,
        label: LABEL,
        place: 0,
        batch: 1,
        rate,
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, LinkError>) -> Refusal {
    match result {
        Err(LinkError::Refused { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_training_too_large_for_the_ram_is_refused_with_the_bytes_and_what_to_do() {
    let training = TrainingMemory {
        batch: true,
        ..IN_PLACE
    };
    let Some(reason) = training_refusal(BOARDS[0], training) else {
        return;
    };
    let over = program(training.mode()).compact_bytes() + WORKING_BYTES - BOARDS[0].ram;
    assert_eq!(over, 202_760);
    let expected = format!(
        "mps2-an386: {over} bytes too large for its RAM: trained parameters (215464), their \
         gradient (215464), the arena (17592), stack and buffers (16384) need"
    );
    assert!(reason.contains(&expected), "{reason}, not {expected}");
    assert!(
        reason.ends_with(
            "use a smaller network, train fewer layers, or train in place, not in batches"
        ),
        "{reason}"
    );
}

/// Trainings that the device cannot do, why, and what the line that says so has in it.
fn impossible() -> Vec<(Training, Refusal, &'static str)> {
    let mut cases = vec![];
    let wanted = |sgd| Training { sgd, ..SOUND };
    for rate in [0.0, -0.01, f32::NAN, f32::INFINITY] {
        let sgd = Sgd::new(rate);
        cases.push((wanted(sgd), Refusal::Optimizer, "rate must be above 0"));
    }
    let sgd = Sgd {
        weight_decay: -0.1,
        ..SOUND.sgd
    };
    cases.push((wanted(sgd), Refusal::Optimizer, "decay at least 0"));
    for batch in [0, 17] {
        let training = Training { batch, ..SOUND };
        cases.push((training, Refusal::Batch { most: 16 }, "1 to 16 samples"));
    }
    let available = program(IN_PLACE.mode()).compact_bytes() as u32;
    let memory = |momentum| {
        let needed = program(CompactMode::mini_batch(Trainable::ALL, momentum)).compact_bytes();
        let needed = needed as u32;
        Refusal::Memory { needed, available }
    };
    let batch = Training { batch: 4, ..SOUND };
    cases.push((batch, memory(false), "215464 more than the 233056"));
    let sgd = Sgd {
        momentum: 0.9,
        ..SOUND.sgd
    };
    cases.push((wanted(sgd), memory(true), "430928 more than the 233056"));
    for trainable in [Trainable::from_layer(10), Trainable::NONE.layer(2)] {
        let training = Training { trainable, ..SOUND };
        cases.push((training, Refusal::Trainable, "no such layer"));
    }
    let start = Start::Stored;
    let training = Training { start, ..SOUND };
    cases.push((training, Refusal::NothingStored, "stored nothing"));
    cases
}

#[test]
fn what_the_device_cannot_serve_is_refused_before_anything_changes() {
    if !thorough() {
        return;
    }
    let Some(served) = serve_training(BOARDS[0], IN_PLACE) else {
        return;
    };
    let mut session = session(&served);
    let (image, logits) = images(1).remove(0);
    assert_eq!(
        refusal(session.train(example(&image, 0.01))),
        Refusal::NotConfigured
    );
    let count = program(IN_PLACE.mode()).trained_values();
    session.configure(SOUND).unwrap();
    session.train(example(&image, 0.01)).unwrap();
    let learned = bits(&session.parameters(count).unwrap());
    let moved = bits(&session.infer(&image).unwrap().1);
    assert_ne!(moved, logits);
    for (training, reason, line) in impossible() {
        let error = session.configure(training).unwrap_err();
        let text = error.to_string();
        assert_eq!(refusal::<()>(Err(error)), reason, "{training:?}");
        assert!(
            text.contains(line) && !text.contains('\n'),
            "{text}, not {line}"
        );
        assert_eq!(
            bits(&session.infer(&image).unwrap().1),
            moved,
            "{training:?}"
        );
    }
    let good = example(&image, 0.01);
    for (bad, reason) in [
        (
            Example {
                rate: f32::NAN,
                ..good
            },
            Refusal::Optimizer,
        ),
        (Example { rate: 0.0, ..good }, Refusal::Optimizer),
        (
            Example { label: 10, ..good },
            Refusal::Label { classes: 10 },
        ),
        (Example { batch: 2, ..good }, Refusal::Batch { most: 1 }),
        (Example { place: 1, ..good }, Refusal::Batch { most: 1 }),
        (
            Example {
                image: &image[1..],
                ..good
            },
            Refusal::Image { expected: 784 },
        ),
    ] {
        assert_eq!(refusal(session.train(bad)), reason, "{reason:?}");
    }
    assert_eq!(bits(&session.parameters(count).unwrap()), learned);
    stored_is_told_apart(&mut session);
    session.finish().unwrap();
}

/// What is stored is told from what is wanted, and how the storage is.
fn stored_is_told_apart(session: &mut LinkSession) {
    let state = |number, erases| StorageState {
        number,
        erases,
        is_damaged: false,
    };
    assert_eq!(session.storage().unwrap(), Some(state(0, 0)));
    for number in 1..=3 {
        assert_eq!(session.store().unwrap(), number);
    }
    assert_eq!(session.storage().unwrap(), Some(state(3, 2)));
    let head = Training {
        trainable: Trainable::from_layer(9),
        start: Start::Stored,
        ..SOUND
    };
    assert_eq!(refusal(session.configure(head)), Refusal::StoredLayers);
}

#[test]
fn training_that_diverges_is_noticed_and_not_gone_on_with() {
    if !thorough() {
        return;
    }
    let Some(served) = serve_training(BOARDS[0], IN_PLACE) else {
        return;
    };
    let mut session = session(&served);
    let (image, _) = images(1).remove(0);
    let count = program(IN_PLACE.mode()).trained_values();
    session.configure(SOUND).unwrap();
    let first = session.train(example(&image, 1e30)).unwrap();
    assert!(first.loss.is_finite());
    let moved = bits(&session.infer(&image).unwrap().1);
    // However often, and at whatever rate: the parameters stay as they are.
    for rate in [1e30, 1e30, 0.01] {
        let error = session.train(example(&image, rate)).unwrap_err();
        assert!(matches!(error, LinkError::Diverged), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("diverged") && text.contains("lower --lr"),
            "{text}"
        );
        assert_eq!(bits(&session.infer(&image).unwrap().1), moved);
    }
    // Infinite parameters, of a step whose loss was finite, are neither handed over nor stored.
    session.configure(SOUND).unwrap();
    session.train(example(&image, f32::MAX)).unwrap();
    let refused = session.parameters(count).unwrap_err();
    assert!(matches!(refused, LinkError::Diverged), "{refused}");
    let refused = session.store().unwrap_err();
    assert!(matches!(refused, LinkError::Diverged), "{refused}");
    assert_eq!(session.hello().unwrap().stored, 0);
    // Begun anew, it is as if nothing had been.
    session.configure(SOUND).unwrap();
    let again = session.train(example(&image, 0.01)).unwrap();
    assert_eq!(again.loss.to_bits(), first.loss.to_bits());
    session.finish().unwrap();
}
