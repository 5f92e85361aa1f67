//! Between any two moments of a group's way, what is dead may be written over.

extern crate std;

use super::*;
use crate::program::tests::{GROUPS, graphs, networks, normalised, program};
use crate::testing::graphs::random_network;
use crate::testing::properties;
use crate::testing::{first_parameters, samples};
use crate::{Network, pack_values};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

const SAMPLES: usize = 3;

/// Writes NaN over all that no buffer holds beyond `moment`.
fn poison(program: &Program, moment: usize, arena: &mut [f32]) {
    let mut alive = vec![false; arena.len()];
    for buffer in program.buffers() {
        let [born, dies] = buffer.alive.map(usize::from);
        if born <= moment && dies > moment {
            alive[buffer.region.range()].fill(true);
        }
    }
    for (value, alive) in arena.iter_mut().zip(alive) {
        if !alive {
            *value = f32::NAN;
        }
    }
}

/// A group that is a batch of its own, on its way step by step.
struct Way<'a> {
    program: &'a Program,
    parameters: &'a [f32],
    labels: &'a [u16],
    images: &'a [f32],
    packets: Vec<f32>,
    winners: Vec<u8>,
    values: Vec<f32>,
    moments: Vec<f32>,
}

impl Way<'_> {
    fn run(mut self, poisoned: bool) -> (Outcome, Vec<f32>, Vec<f32>) {
        let mut outcome = Outcome::default();
        clear_sums(self.program.steps(), &mut self.values);
        for phase in 0..self.program.phases() {
            outcome += self.phase(phase, poisoned);
            let groups = [(&*self.values, SAMPLES)].into_iter();
            self.program.meet(phase, groups, &mut self.moments).unwrap();
        }
        (outcome, self.values, self.moments)
    }

    fn phase(&mut self, number: usize, poisoned: bool) -> Outcome {
        let program = self.program;
        let work = GroupWork {
            weights: &[],
            parameters: self.parameters,
            moments: &self.moments,
            labels: self.labels,
            keys: &[],
            batch: SAMPLES,
        };
        let mut pass = GroupPass {
            program,
            phase: program.phase(number),
            work: &work,
            memory: &mut GroupMemory {
                packets: &mut self.packets,
                winners: &mut self.winners,
                values: &mut self.values,
            },
            outcome: Outcome::default(),
            observer: &mut (),
            quantization: None,
        };
        let elements = program.input_shape().elements();
        for sample in 0..SAMPLES {
            let samples = sample..sample + 1;
            let arena = pass.arena(&samples);
            if number == 0 {
                let input = &mut pass.memory.packets[arena.clone()][program.value(0).range()];
                pack_values(&self.images[sample * elements..], input);
            }
            pass.run_poisoned(samples, arena, poisoned);
        }
        pass.leave_statistics();
        pass.outcome
    }
}

impl GroupPass<'_, '_, f32, ()> {
    /// As [`GroupPass::run`], and what is dead behind each moment is poisoned.
    fn run_poisoned(&mut self, samples: Range<usize>, arena: Range<usize>, poisoned: bool) {
        let (program, phase) = (self.program, self.phase.clone());
        let len = program.steps().len();
        let pass_moment = |pass: &mut Self, moment| {
            if poisoned {
                poison(program, moment, &mut pass.memory.packets[arena.clone()]);
            }
        };
        for index in phase.forward {
            self.forward(index, &samples, self.arena(&samples));
            pass_moment(self, index);
        }
        if phase.loss {
            self.loss(&samples, self.arena(&samples));
            pass_moment(self, len);
        }
        for index in phase.backward.rev() {
            if !program.steps()[index].is_backward {
                continue;
            }
            self.backward(index, &samples, self.arena(&samples));
            // A batch normalisation goes on behind the meeting, within the same moment.
            if phase.meeting != Some(index) {
                pass_moment(self, 2 * len - index);
            }
        }
    }
}

/// Asserts that a group leaves the same whether what is dead is poisoned or not.
fn assert_unharmed(name: &str, network: &Network, seed: u32) {
    let program = program(network, GROUPS);
    let (images, labels) = samples(network, SAMPLES, seed);
    let parameters = first_parameters(network, seed);
    let packets = program.packets_in_flight::<f32>();
    let way = || Way {
        program: &program,
        parameters: &parameters,
        labels: &labels,
        images: &images,
        packets: vec![f32::NAN; packets * program.arena_packets()],
        winners: vec![99; packets * program.winner_bytes()],
        values: vec![0.0; program.group_values()],
        moments: vec![0.0; program.moment_values()],
    };
    let (expected, found) = (way().run(false), way().run(true));
    assert!(
        expected.0.loss_sum.is_finite(),
        "{name}: a run that proves nothing"
    );
    assert_eq!(found.0, expected.0, "{name}");
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&found.1), bits(&expected.1), "{name}: group values");
    assert_eq!(bits(&found.2), bits(&expected.2), "{name}: moments");
}

#[test]
fn what_is_dead_is_not_read_and_what_lives_is_not_written_over() {
    let all = networks().into_iter().chain(graphs()).chain(normalised());
    for (name, network) in all {
        assert_unharmed(name, &network, 7);
    }
}

properties! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_networks_keep_what_lives(seed in any::<u32>()) {
        assert_unharmed("random", &random_network(seed, true), seed);
    }
}
