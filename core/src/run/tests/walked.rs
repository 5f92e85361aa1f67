//! Trained and evaluated by a program, at any width, a network gives the bits of a naive walk.

extern crate std;

use super::Memory;
use crate::lanes::Lanes;
use crate::program::tests::{GROUPS, graphs, normalised, program};
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::testing::walk::{Walk, descend};
use crate::testing::{AtWidth, assert_bits, at_every_width, first_parameters, lane, samples};
use crate::{Network, Outcome, Purpose, Sgd, Trainer, first_statistics, pack_values};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const STEPS: usize = 2;
const SGD: Sgd = Sgd {
    momentum: 0.5,
    weight_decay: 0.01,
    ..Sgd::new(0.02)
};

/// What training leaves.
struct Trained {
    outcomes: Vec<Outcome>,
    gradient: Vec<f32>,
    parameters: Vec<f32>,
    statistics: Vec<f32>,
}

/// A network, what it is trained on, and what the naive walk makes of it.
struct Case {
    network: Network,
    images: Vec<f32>,
    labels: Vec<u16>,
    parameters: Vec<f32>,
    walked: Trained,
}

impl Case {
    fn new(network: &Network, batch: usize, seed: u32) -> Self {
        let (images, labels) = samples(network, batch, seed);
        let mut parameters = first_parameters(network, seed);
        let first = parameters.clone();
        let mut statistics = vec![0.0; network.statistics()];
        first_statistics(network, &mut statistics).unwrap();
        let mut velocity = vec![0.0; parameters.len()];
        let (mut outcomes, mut gradient) = (vec![], vec![]);
        for _ in 0..STEPS {
            let mut walk = Walk::forward(network, &parameters, rows(network, &images));
            outcomes.push(walk.differentiate(&labels));
            walk.update_statistics(&mut statistics);
            gradient = walk.gradient;
            descend(&SGD, &mut parameters, &gradient, &mut velocity);
        }
        Self {
            network: network.clone(),
            images,
            labels,
            parameters: first,
            walked: Trained {
                outcomes,
                gradient,
                parameters,
                statistics,
            },
        }
    }

    fn train<L: Lanes>(&self, zero: L) -> Trained {
        let program = program(&self.network, GROUPS);
        let groups = self.labels.len().div_ceil(crate::GROUP);
        let mut memory = Memory::new(&program, groups, zero, f32::NAN);
        let mut trained = Trained {
            outcomes: vec![],
            gradient: vec![f32::NAN; program.parameters()],
            parameters: self.parameters.clone(),
            statistics: vec![0.0; program.statistics()],
        };
        first_statistics(&self.network, &mut trained.statistics).unwrap();
        let mut trainer = Trainer {
            program: &program,
            parameters: &mut trained.parameters,
            gradient: &mut trained.gradient,
            velocity: &mut vec![0.0; program.parameters()],
            moments: &mut vec![f32::NAN; program.moment_values()],
            statistics: &mut trained.statistics,
            groups: &mut memory.groups(),
            seed: 1,
            steps: 0,
        };
        for _ in 0..STEPS {
            let outcome = trainer.step(&self.images, &self.labels, &SGD);
            trained.outcomes.push(outcome.unwrap());
        }
        trained
    }

    /// The logits of the first samples, as many as lanes.
    fn infer<L: Lanes>(&self, zero: L) {
        let program = program(&self.network, Purpose::Inference);
        let images = rows(&self.network, &self.images);
        let walk = Walk::forward(&self.network, &self.parameters, images);
        let mut arena = vec![zero; program.arena_packets()];
        L::values_mut(&mut arena).fill(f32::NAN);
        let fill = |input: &mut [L]| {
            L::values_mut(input).fill(0.0);
            pack_values(&self.images, input);
        };
        let logits = program.infer(&self.parameters, &mut arena, fill).unwrap();
        for (index, expected) in walk.outputs().iter().take(L::LANES).enumerate() {
            let what = std::format!("{}, logits", self.network);
            assert_bits::<L>(&what, &lane(logits, index), expected);
        }
    }
}

impl AtWidth for Case {
    fn run<L: Lanes>(&self, zero: L) {
        let (network, walked) = (&self.network, &self.walked);
        let found = self.train(zero);
        assert_eq!(found.outcomes, walked.outcomes, "{network}, {:?}", L::WIDTH);
        for (what, found, expected) in [
            ("gradient", &found.gradient, &walked.gradient),
            ("parameters", &found.parameters, &walked.parameters),
            ("statistics", &found.statistics, &walked.statistics),
        ] {
            let what = std::format!("{network}, {what}");
            assert_bits::<L>(&what, found, expected);
        }
        if !network.has_batch_norm() {
            self.infer(zero);
        }
    }
}

fn rows(network: &Network, images: &[f32]) -> Vec<Vec<f32>> {
    let elements = network.input_shape().elements();
    images.chunks(elements).map(<[f32]>::to_vec).collect()
}

fn is_finite(case: &Case) -> bool {
    let Trained {
        outcomes,
        gradient,
        parameters,
        statistics,
    } = &case.walked;
    let mut values = gradient.iter().chain(parameters).chain(statistics);
    outcomes.iter().all(|outcome| outcome.loss_sum.is_finite()) && values.all(|v| v.is_finite())
}

/// Groups that are full, that are not, and more than two; with batch normalisations and without.
#[test]
fn graphs_train_as_they_are_walked() {
    for (name, network) in graphs().into_iter().chain(normalised()) {
        for batch in [2, 16, 37] {
            let case = Case::new(&network, batch, 5);
            assert!(is_finite(&case), "{name}: a run that proves nothing");
            at_every_width(&case);
        }
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_networks_train_as_they_are_walked(seed in any::<u32>(), batch in 2..41_usize) {
        let case = Case::new(&random_network(seed, true), batch, seed);
        prop_assume!(is_finite(&case));
        at_every_width(&case);
    }
}
