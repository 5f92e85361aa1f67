//! Devices whose last layers learn behind a trunk of integers, and what the desktop makes of the same run.

use super::support::{asset, bits, boards, samples, served, thorough, trainer};
use host::boards::WORKING_BYTES;
use host::boards::{BOARDS, Board};
use host::data::Samples;
use host::engine::{Engine, EngineOptions};
use host::firmware::TrainingMemory;
use host::link::{LinkError, LinkSession, from_socket};
use host::quantization::LearningHead;
use host::weights::ModelBytes;
use kiln_core::link::{Example, Refusal, Start, Training};
use kiln_core::{Int8ModelFile, Sgd, Trainable};
use std::time::Duration;

const SAMPLES: usize = 40;

/// A training of the last layers of the committed model.
struct HeadRun {
    board: Board,
    memory: TrainingMemory,
    batch: u16,
    momentum: f32,
    /// Layers that learn.
    layers: usize,
}

impl HeadRun {
    fn training(&self, start: Start) -> Training {
        Training {
            trainable: Trainable::ALL,
            start,
            batch: self.batch,
            sgd: Sgd {
                momentum: self.momentum,
                ..Sgd::new(0.02)
            },
        }
    }

    /// Checks that the device learns the desktop's bits, answers by them, and keeps them.
    fn check(&self) {
        let bytes = ModelBytes::read(&asset("digits-int8.kiln")).unwrap();
        let model = Int8ModelFile::open(bytes.as_slice()).unwrap();
        let head = LearningHead::of(&model, self.memory.from).unwrap();
        let own = head.model().unwrap();
        let own = own.open().unwrap();
        assert_eq!(own.network().layers().len(), self.layers);
        let (samples, sgd) = (samples(), self.training(Start::Model).sgd);
        let features = head.features(&samples, 1).unwrap();
        let options = EngineOptions {
            threads: 1,
            batch: self.batch.into(),
            ..EngineOptions::default()
        };
        let parameters = own.parameters().to_vec();
        let mut engine = Engine::new(own.network(), own.scaling(), parameters, &options).unwrap();
        let order: Vec<u32> = (0..SAMPLES as u32).collect();
        for batch in order.chunks(self.batch.into()) {
            engine.step(&features, batch, &sgd).unwrap();
        }
        let classes = own.network().classes();
        let mut logits = vec![0.0; order.len() * classes];
        engine
            .evaluate(&features, &order, Some(&mut logits))
            .unwrap();
        let Some(firmware) = trainer(self.board, "serve_int8", self.memory) else {
            return;
        };
        let device = served(self.board, firmware);
        let stream = from_socket(device.port.try_clone().unwrap()).unwrap();
        let mut session = LinkSession::new(stream, Duration::from_secs(20));
        self.converse(
            &mut session,
            &samples,
            &order,
            (engine.parameters(), &logits),
        );
        session.finish().unwrap();
    }

    fn converse(
        &self,
        session: &mut LinkSession,
        samples: &Samples,
        order: &[u32],
        (trained, logits): (&[f32], &[f32]),
    ) {
        let image = |index: u32| samples.bytes().unwrap().image(index as usize);
        // Before it learns it is the model of integers.
        assert!(session.infer(image(0)).is_err());
        let biases = Training {
            trainable: Trainable::ALL.biases_only(),
            ..self.training(Start::Model)
        };
        for (wanted, refusal) in [
            (self.training(Start::Stored), Refusal::NothingStored),
            (biases, Refusal::Trainable),
        ] {
            let refused = session.configure(wanted).unwrap_err();
            assert!(
                matches!(refused, LinkError::Refused { reason, .. } if reason == refusal),
                "{refused}"
            );
        }
        session.configure(self.training(Start::Model)).unwrap();
        for batch in order.chunks(self.batch.into()) {
            for (place, index) in batch.iter().enumerate() {
                let example = Example {
                    image: image(*index),
                    label: samples.labels[*index as usize],
                    place: place as u16,
                    batch: batch.len() as u16,
                    rate: 0.02,
                };
                session.train(example).unwrap();
            }
        }
        let found = session.parameters(trained.len()).unwrap();
        assert!(bits(&found) == bits(trained), "{} differs", self.board.name);
        assert_eq!(session.store().unwrap(), 1);
        session.configure(self.training(Start::Model)).unwrap();
        session.configure(self.training(Start::Stored)).unwrap();
        let rows = logits.chunks_exact(logits.len() / order.len());
        for (index, logits) in order.iter().zip(rows).take(10) {
            let (_, found) = session.infer(image(*index)).unwrap();
            assert_eq!(bits(&found), bits(logits));
        }
        let usage = session.usage().unwrap();
        assert_eq!(usage.heap, 0);
        assert!((usage.stack as usize) < WORKING_BYTES, "{usage:?}");
    }
}

#[test]
fn the_last_layer_learns_behind_integers_on_every_board() {
    if !thorough() {
        return;
    }
    for board in boards() {
        let memory = TrainingMemory {
            from: 9,
            ..TrainingMemory::default()
        };
        if board.emulated.is_none() {
            // What is not there fails where all boards are asked for.
            trainer(*board, "serve_int8", memory);
            continue;
        }
        let run = HeadRun {
            board: *board,
            memory,
            batch: 1,
            momentum: 0.0,
            layers: 1,
        };
        run.check();
    }
}

#[test]
fn the_last_two_layers_learn_behind_integers_in_batches() {
    if !thorough() {
        return;
    }
    let run = HeadRun {
        board: BOARDS[1],
        memory: TrainingMemory {
            from: 7,
            biases_only: false,
            batch: true,
            momentum: true,
        },
        batch: 8,
        momentum: 0.9,
        layers: 3,
    };
    run.check();
}
