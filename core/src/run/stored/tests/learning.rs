//! A stored model that learns comes to the bits that the trainer by its program comes to.

use super::*;
use crate::run::compact::{ChosenKernels, SingleGradientKernel};
use crate::run::stored::{StoredLearner, StoredMemory, StoredTraining};
use crate::{CompactError, CompactMemory, CompactMode, CompactTrainer, Sgd, Trainable};

const SGD: Sgd = Sgd {
    weight_decay: 0.01,
    ..Sgd::new(0.02)
};
const FILE_CRC: u32 = 0x1234_5678;

/// A model that learns, and memory for it.
pub(super) struct StoredLearnerParts {
    pub words: Vec<u32>,
    kernels: Vec<ChosenKernels>,
    trained: Vec<f32>,
    arena: Vec<f32>,
    winners: Vec<u8>,
}

impl StoredLearnerParts {
    pub fn new(network: &Network, trainable: Trainable, seed: u32) -> Self {
        let own = learning_program(network, trainable);
        let model = StoredLearner {
            program: &own,
            scaling: &scaling(network, seed),
            parameters: &OneSample { network, seed }.parameters(),
            file_crc: FILE_CRC,
            trunk: &[],
        };
        let mut words = vec![7; model.words().unwrap()];
        model.write(&mut words).unwrap();
        let backward = own.gradient_kernel_names();
        let kernels = own.kernel_names().zip(backward);
        let kernels = kernels.map(|(forward, backward)| ChosenKernels {
            forward: SingleKernel::named(forward),
            backward: backward.map(SingleGradientKernel::named),
        });
        Self {
            words,
            kernels: kernels.collect(),
            trained: vec![f32::NAN; own.trained_values()],
            arena: vec![f32::NAN; own.arena_packets()],
            winners: vec![99; own.winner_bytes()],
        }
    }

    /// Whether it is sound, and then what comes of images: after each a step, then logits.
    pub fn run(&mut self, images: &[(Vec<u8>, u16)]) -> Result<Learned, StoredError> {
        let model = StoredModel::open(&self.words)?;
        model.check()?;
        let training = model.training().unwrap();
        self.trained.resize(training.trained_len(), f32::NAN);
        self.arena.resize(training.arena_len(), f32::NAN);
        self.winners.resize(training.winner_bytes(), 99);
        training.start(&mut self.trained).unwrap();
        let kernels = |step: usize| self.kernels.get(step).copied();
        let mut outcomes = Vec::new();
        for (image, label) in images {
            let memory = StoredMemory {
                trained: &mut self.trained,
                arena: &mut self.arena,
                winners: &mut self.winners,
            };
            let fill = |input: &mut [f32]| scaled(&training, image, input);
            let outcome = training.step_by(kernels, memory, *label, &SGD, fill);
            outcomes.push(outcome.ok().map(f64::from));
        }
        let memory = StoredMemory {
            trained: &mut self.trained,
            arena: &mut self.arena,
            winners: &mut self.winners,
        };
        let image = &images[0].0;
        let fill = |input: &mut [f32]| scaled(&training, image, input);
        let place = training.infer(kernels, memory, fill).unwrap();
        let numbers = self.arena[place]
            .iter()
            .map(|value| value.to_bits())
            .collect();
        let trained = self.trained.iter().map(|value| value.to_bits()).collect();
        Ok((outcomes, trained, numbers))
    }
}

fn scaled(
    training: &StoredTraining<'_>,
    image: &[u8],
    input: &mut [f32],
) -> Result<(), CompactError> {
    training.scale(image, input);
    Ok(())
}

type Learned = (Vec<Option<f64>>, Vec<u32>, Vec<u32>);

fn learning_program(network: &Network, trainable: Trainable) -> Program {
    program(network, Purpose::Compact(CompactMode::in_place(trainable)))
}

pub(super) fn images(network: &Network, seed: u32) -> Vec<(Vec<u8>, u16)> {
    let classes = network.classes() as u32;
    (0..3)
        .map(|index| {
            (
                image(network, seed + index),
                ((seed + index) % classes) as u16,
            )
        })
        .collect()
}

/// What the trainer by the program comes to.
fn expected(network: &Network, trainable: Trainable, seed: u32) -> Learned {
    let own = learning_program(network, trainable);
    let parameters = OneSample { network, seed }.parameters();
    let mut trained = vec![0.0; own.trained_values()];
    own.extract(&parameters, &mut trained).unwrap();
    let memory = CompactMemory {
        frozen: &parameters[..own.frozen_values()],
        trained: &mut trained,
        gradient: &mut [],
        velocity: &mut [],
        arena: &mut vec![f32::NAN; own.arena_packets()],
        winners: &mut vec![99; own.winner_bytes()],
    };
    let mut trainer = CompactTrainer::new(&own, memory).unwrap();
    let scaling = scaling(network, seed);
    let images = images(network, seed);
    let fill = |image: &[u8], input: &mut [f32]| pack_pixels(&scaling, &[image], input);
    let outcomes = images.iter().map(|(image, label)| {
        let outcome = trainer.step(*label, &SGD, |input| fill(image, input));
        outcome.ok().map(|outcome| outcome.loss_sum)
    });
    let outcomes = outcomes.collect();
    let logits = trainer.infer(|input| fill(&images[0].0, input));
    let logits = logits.iter().map(|value| value.to_bits()).collect();
    let trained = trainer
        .trained()
        .iter()
        .map(|value| value.to_bits())
        .collect();
    (outcomes, trained, logits)
}

fn check_learning(network: &Network, trainable: Trainable, seed: u32) {
    let mut learner = StoredLearnerParts::new(network, trainable, seed);
    let model = StoredModel::open(&learner.words).unwrap();
    let training = model.training().unwrap();
    assert_eq!(training.file_crc(), FILE_CRC);
    let crc = learning_program(network, trainable).trained_crc();
    assert_eq!(training.places_crc(), crc);
    let found = learner.run(&images(network, seed));
    let found = found.unwrap_or_else(|error| panic!("{network}, {trainable:?}: {error}"));
    assert_eq!(
        found,
        expected(network, trainable, seed),
        "{network}, {trainable:?}"
    );
}

/// All, biases alone, from each layer on, and each alone.
fn choices(network: &Network) -> Vec<Trainable> {
    let layers = 1..=network.layers().len();
    let layers = layers.filter(|layer| network.layer_cost(layer - 1).parameters > 0);
    let own = layers.flat_map(|layer| [Trainable::from_layer(layer), Trainable::NONE.layer(layer)]);
    own.chain([Trainable::ALL, Trainable::ALL.biases_only()])
        .filter(|choice| {
            let purpose = Purpose::Compact(CompactMode::in_place(*choice));
            Program::<192>::try_of(network, purpose).is_ok()
        })
        .collect()
}

#[test]
fn a_stored_model_learns_what_its_trainer_learns() {
    let networks = networks()
        .into_iter()
        .chain(graphs())
        .map(|(_, network)| network);
    for network in networks.filter(|network| network.parameters() > 0) {
        for trainable in choices(&network) {
            check_learning(&network, trainable, 3);
        }
    }
    for seed in 0..60 {
        let network = random_network(seed, false);
        if network.parameters() > 0 {
            check_learning(&network, Trainable::ALL, seed);
        }
    }
}

#[test]
fn what_cannot_be_trained_with_is_refused_and_nothing_learned() {
    let (network, trainable) = (crate::program::tests::MNIST, Trainable::ALL);
    let mut learner = StoredLearnerParts::new(&network, trainable, 1);
    let model = StoredModel::open(&learner.words).unwrap();
    let training = model.training().unwrap();
    training.start(&mut learner.trained).unwrap();
    let before = learner.trained.clone();
    let mut refused = |label, sgd: Sgd, len: usize| {
        let memory = StoredMemory {
            trained: &mut learner.trained,
            arena: &mut learner.arena[..len],
            winners: &mut learner.winners,
        };
        let kernels = |step: usize| learner.kernels.get(step).copied();
        let fill = |input: &mut [f32]| -> Result<(), CompactError> {
            input.fill(1.0);
            Ok(())
        };
        training
            .step_by(kernels, memory, label, &sgd, fill)
            .is_err()
    };
    let len = training.arena_len();
    let momentum = Sgd {
        momentum: 0.5,
        ..SGD
    };
    assert!(refused(10, SGD, len) && refused(1, momentum, len) && refused(1, SGD, len - 1));
    for rate in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert!(refused(1, Sgd { rate, ..SGD }, len));
    }
    assert!(!refused(1, SGD, len));
    assert_ne!(learner.trained, before);
}

/// Changes of words behind which the checksum is right: refused, or run without a panic.
#[test]
fn a_model_that_learns_by_other_hands_is_refused_or_runs() {
    let mut accepted = 0;
    for seed in 0..40 {
        let network = random_network(seed, false);
        if network.parameters() == 0 {
            continue;
        }
        let images = images(&network, seed);
        let training = {
            let own = StoredLearnerParts::new(&network, Trainable::ALL, seed);
            let words = own.words.clone();
            let header = super::super::header::StoredHeader::read(&words).unwrap();
            header.training
        };
        let mut random = seed.wrapping_mul(747_796_405).wrapping_add(1);
        for _ in 0..60 {
            let mut next = |below: usize| {
                random = random.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
                (random >> 8) as usize % below
            };
            let mut own = StoredLearnerParts::new(&network, Trainable::ALL, seed);
            let words = own.words.len();
            let place = match next(3) {
                0 => HEADER_WORDS + next(training - HEADER_WORDS),
                _ => training + next(words - training),
            };
            own.words[place] = match next(4) {
                0 => own.words[place].wrapping_add(1),
                1 => own.words[place].wrapping_sub(1),
                2 => next(64) as u32,
                _ => own.words[place] ^ 1 << next(32),
            };
            seal(&mut own.words);
            accepted += usize::from(own.run(&images).is_ok());
        }
    }
    assert!(accepted > 100, "{accepted}");
}
