//! Devices that learn, and what the desktop makes of the same run.

use super::line::{Damage, carry, losing, none};
use super::support::{asset, bits, boards, run, samples, serve_training, thorough, trainer};
use host::boards::{BOARDS, Board};
use host::data::Samples;
use host::engine::{Engine, EngineOptions};
use host::firmware::TrainingMemory;
use host::link::{LinkError, LinkSession, from_socket};
use host::seeds::{self, Stream};
use host::weights::ModelBytes;
use kiln_core::link::{Example, Refusal, Start, Training};
use kiln_core::{CompactMode, Program, Purpose, Sgd, Trainable, he_uniform};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The whole network, in place.
const IN_PLACE: TrainingMemory = TrainingMemory {
    from: 1,
    biases_only: false,
    batch: false,
    momentum: false,
};
const SEED: u64 = 5;
const M4F: Board = BOARDS[0];
const M7: Board = BOARDS[1];
const M3: Board = BOARDS[2];

/// A run of training on the committed samples.
struct Run {
    board: Board,
    memory: TrainingMemory,
    start: Start,
    batch: u16,
    momentum: f32,
    /// Samples to train on: as many as there are in turn, again and again.
    samples: usize,
    line: Damage,
}

impl Run {
    fn trainable(&self) -> Trainable {
        Trainable::from_layer(self.memory.from)
    }

    fn sgd(&self) -> Sgd {
        Sgd {
            momentum: self.momentum,
            ..Sgd::new(0.01)
        }
    }

    /// Checks that all parameters that are trained are the desktop's, and gives the number of
    /// requests that had to be repeated; `None` where nothing can be built or run here.
    fn check(&self) -> Option<u64> {
        let model = ModelBytes::read(&asset("digits.kiln")).unwrap();
        let model = model.open().unwrap();
        let mode = CompactMode::in_place(self.trainable());
        let program: Program = Program::of(model.network(), Purpose::Compact(mode));
        let samples = samples();
        let mut parameters = model.parameters().to_vec();
        if let Start::Seed(seed) = self.start {
            // What is not trained stays as it is in flash.
            let mut drawn = parameters.clone();
            let source = seeds::source(seed, Stream::Init);
            he_uniform(model.network(), &mut drawn, source).unwrap();
            let mut trained = vec![0.0; program.trained_values()];
            program.extract(&drawn, &mut trained).unwrap();
            program.insert(&trained, &mut parameters).unwrap();
        }
        let options = EngineOptions {
            threads: 1,
            lanes: None,
            batch: self.batch.into(),
            trainable: self.trainable(),
            ..EngineOptions::default()
        };
        let mut engine =
            Engine::new(model.network(), model.scaling(), parameters, &options).unwrap();
        let order: Vec<u32> = (0..self.samples as u32)
            .map(|index| index % samples.len() as u32)
            .collect();
        for batch in order.chunks(self.batch.into()) {
            engine.step(&samples, batch, &self.sgd()).unwrap();
        }
        let mut expected = vec![0.0; program.trained_values()];
        program.extract(engine.parameters(), &mut expected).unwrap();
        let (trained, repeats) = self.on_device(&samples, &order, expected.len())?;
        let name = self.board.name;
        assert!(bits(&trained) == bits(&expected), "{name} has other bits");
        Some(repeats)
    }

    fn on_device(
        &self,
        samples: &Samples,
        order: &[u32],
        values: usize,
    ) -> Option<(Vec<f32>, u64)> {
        let served = serve_training(self.board, self.memory)?;
        let (near, far) = UnixStream::pair().unwrap();
        let clone = |stream: &UnixStream| stream.try_clone().unwrap();
        carry(clone(&far), clone(&served.port), self.line);
        carry(clone(&served.port), far, self.line);
        let mut session = LinkSession::new(from_socket(near).unwrap(), Duration::from_millis(300));
        let training = Training {
            trainable: self.trainable(),
            start: self.start,
            batch: self.batch,
            sgd: self.sgd(),
        };
        let stored = Training {
            start: Start::Stored,
            ..training
        };
        assert!(matches!(
            session.configure(stored),
            Err(LinkError::Refused {
                reason: Refusal::NothingStored,
                ..
            })
        ));
        session.configure(training).unwrap();
        for indices in order.chunks(self.batch.into()) {
            for (place, index) in indices.iter().enumerate() {
                let example = Example {
                    image: samples.bytes().unwrap().image(*index as usize),
                    label: samples.labels[*index as usize],
                    place: place as u16,
                    batch: indices.len() as u16,
                    rate: self.sgd().rate,
                };
                session.train(example).unwrap();
            }
        }
        let trained = session.parameters(values).unwrap();
        assert_eq!(session.store().unwrap(), 1);
        session.configure(stored).unwrap();
        assert!(bits(&session.parameters(values).unwrap()) == bits(&trained));
        Some((trained, session.repeats()))
    }
}

#[test]
fn a_line_that_loses_one_frame_in_fifty_changes_no_bit_of_a_training() {
    if !thorough() {
        return;
    }
    let run = Run {
        board: M4F,
        memory: IN_PLACE,
        start: Start::Seed(SEED),
        batch: 1,
        momentum: 0.0,
        samples: 1000,
        line: losing,
    };
    let least = run.samples as u64 / 50;
    if let Some(repeats) = run.check() {
        assert!(repeats >= least, "{repeats} repeats");
    }
}

#[test]
fn processors_without_an_fpu_and_batches_with_momentum_learn_the_desktops_bits() {
    if !thorough() {
        return;
    }
    let software_floats = Run {
        board: M3,
        memory: IN_PLACE,
        start: Start::Seed(SEED),
        batch: 1,
        momentum: 0.0,
        samples: 50,
        line: none,
    };
    software_floats.check();
    let momentum = Run {
        board: M7,
        memory: TrainingMemory {
            batch: true,
            momentum: true,
            ..IN_PLACE
        },
        start: Start::Model,
        batch: 16,
        momentum: 0.9,
        // The last batch is short.
        samples: 104,
        line: none,
    };
    momentum.check();
    let last_layer = Run {
        board: M4F,
        memory: TrainingMemory {
            from: 9,
            biases_only: false,
            batch: true,
            momentum: true,
        },
        start: Start::Seed(SEED),
        batch: 8,
        momentum: 0.9,
        samples: 60,
        line: none,
    };
    last_layer.check();
}

#[test]
fn the_samples_in_flash_are_learned_within_the_board() {
    /// All of the board's RAM but what statics beside the heap take.
    const RAM: usize = (256 << 10) - (4 << 10);
    if !thorough() {
        return;
    }
    let Some(firmware) = trainer(M4F, "train", IN_PLACE) else {
        return;
    };
    let (report, status) = run(firmware.path(), M4F);
    let text = report.join("\n");
    assert!(status.success(), "{text}");
    assert!(text.contains("equal to the desktop's to the bit"), "{text}");
    assert!(text.contains("after      100 of 100"), "{text}");
    assert!(text.contains("stored     number 1"), "{text}");
    let number = |label: &str, place: usize| -> usize {
        let line = report.iter().find(|line| line.starts_with(label)).unwrap();
        let numbers = line.split(|c: char| !c.is_ascii_digit());
        let mut numbers = numbers.filter_map(|text| text.parse().ok());
        numbers.nth(place).unwrap()
    };
    assert!(number("step", 0) <= 2_500_000, "{text}");
    assert!(number("heap", 0) + number("stack", 0) <= RAM, "{text}");
}

#[test]
fn every_board_has_the_program_that_learns() {
    if !thorough() {
        return;
    }
    for board in boards() {
        for program in ["train", "serve"] {
            // What is not there fails where all boards are asked for.
            trainer(*board, program, IN_PLACE);
        }
    }
}

#[test]
fn a_save_whose_power_is_cut_leaves_the_old_or_the_new() {
    if !thorough() {
        return;
    }
    let Some(firmware) = trainer(M4F, "power_loss", IN_PLACE) else {
        return;
    };
    let (report, status) = run(firmware.path(), M4F);
    let text = report.join("\n");
    assert!(status.success(), "{text}");
    let last = report.last().unwrap();
    assert!(last.starts_with("power      cut in 24 saves"), "{text}");
    assert!(last.ends_with("always whole"), "{text}");
}
