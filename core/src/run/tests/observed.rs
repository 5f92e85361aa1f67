//! An observer is told of all there is to do, once, in the order in which it is done.

extern crate std;

use super::Memory;
use crate::program::tests::{GROUPS, graphs, normalised, program};
use crate::run::observer::{Observer, Work};
use crate::testing::{first_parameters, samples};
use crate::{
    CompactMemory, CompactMode, CompactTrainer, GroupWork, Network, Operation, Program, Purpose,
    Sgd, Trainable, pack_values,
};
use std::vec;
use std::vec::Vec;

/// Keeps what it is told.
#[derive(Default)]
struct Diary(Vec<Work>);

impl Observer for Diary {
    fn done(&mut self, work: Work) {
        self.0.push(work);
    }
}

fn forward(steps: usize) -> impl Iterator<Item = Work> {
    (0..steps).map(|step| Work::Forward { step })
}

/// The steps that run backward, the last first.
fn backward(program: &Program) -> impl Iterator<Item = usize> {
    let steps = program.steps().iter().enumerate().rev();
    steps
        .filter(|(_, step)| step.is_backward)
        .map(|(index, _)| index)
}

#[test]
fn an_inference_is_the_input_and_every_step() {
    for (name, network) in graphs() {
        let program = program(&network, Purpose::Inference);
        let parameters = first_parameters(&network, 1);
        let (image, _) = samples(&network, 1, 2);
        let fill = |input: &mut [f32]| pack_values(&image, input);
        let mut diary = Diary::default();
        let mut arena = vec![f32::NAN; program.arena_packets()];
        let mut other = arena.clone();
        let seen = program.infer_observed(&parameters, &mut arena, fill, &mut diary);
        let unseen = program.infer(&parameters, &mut other, fill);
        assert_eq!(seen, unseen, "{name}");
        let told = forward(program.steps().len());
        let told: Vec<Work> = [Work::Input].into_iter().chain(told).collect();
        assert_eq!(diary.0, told, "{name}");
    }
}

#[test]
fn a_compact_step_is_the_way_there_the_loss_and_the_way_back() {
    for (name, network) in graphs() {
        let mode = CompactMode::in_place(Trainable::ALL);
        let program = program(&network, Purpose::Compact(mode));
        let mut trained = vec![0.0; program.trained_values()];
        let parameters = first_parameters(&network, 1);
        program.extract(&parameters, &mut trained).unwrap();
        let memory = CompactMemory {
            frozen: &[],
            trained: &mut trained,
            gradient: &mut [],
            velocity: &mut [],
            arena: &mut vec![f32::NAN; program.arena_packets()],
            winners: &mut vec![0; program.winner_bytes()],
        };
        let mut trainer = CompactTrainer::new(&program, memory).unwrap();
        let (image, labels) = samples(&network, 1, 2);
        let mut diary = Diary::default();
        let fill = |input: &mut [f32]| pack_values(&image, input);
        let sgd = Sgd::new(0.01);
        let outcome = trainer.step_observed(labels[0], &sgd, fill, &mut diary);
        assert_eq!(outcome.unwrap().samples, 1, "{name}");
        let mut told = vec![Work::Input];
        told.extend(forward(program.steps().len()));
        told.push(Work::Loss);
        told.extend(backward(&program).map(|step| Work::Backward { step }));
        assert_eq!(diary.0, told, "{name}");
    }
}

/// What an observer is told of the phases of a batch that is one group, a sample at a time.
fn training(network: &Network, count: usize) -> (Program, Vec<Work>) {
    let program = program(network, GROUPS);
    let parameters = first_parameters(network, 1);
    let (images, labels) = samples(network, count, 2);
    let elements = network.input_shape().elements();
    let mut memory = Memory::new(&program, 1, 0.0_f32, f32::NAN);
    let mut moments = vec![f32::NAN; program.moment_values()];
    let mut diary = Diary::default();
    for phase in 0..program.phases() {
        let work = GroupWork {
            weights: &[],
            parameters: &parameters,
            moments: &moments,
            labels: &labels,
            keys: &[],
            batch: count,
        };
        let mut groups = memory.groups();
        let fill = |samples: core::ops::Range<usize>, input: &mut [f32]| {
            pack_values(&images[samples.start * elements..], input);
        };
        let outcome = program.run_phase_observed(phase, &work, &mut groups[0], fill, &mut diary);
        outcome.unwrap();
        let values = [(&*groups[0].values, count)].into_iter();
        program.meet(phase, values, &mut moments).unwrap();
    }
    (program, diary.0)
}

#[test]
fn a_group_runs_every_step_there_and_back_for_every_packet() {
    const SAMPLES: usize = 3;
    for (name, network) in graphs().into_iter().chain(normalised()) {
        let (program, told) = training(&network, SAMPLES);
        let count = |work| told.iter().filter(|other| **other == work).count();
        assert_eq!(count(Work::Input), SAMPLES, "{name}");
        assert_eq!(count(Work::Loss), SAMPLES, "{name}");
        for (step, each) in program.steps().iter().enumerate() {
            let forward = count(Work::Forward { step });
            let statistics = usize::from(matches!(each.operation, Operation::BatchNorm { .. }));
            assert_eq!(forward, SAMPLES + statistics, "{name}, step {step}");
            let back = SAMPLES * usize::from(each.is_backward);
            // A batch normalisation finds its mask as it goes.
            let (halves, inputs) = match each.operation {
                Operation::BatchNorm { .. } => (2, 1),
                Operation::Add { .. } => (0, 2),
                _ => (1, 2),
            };
            let parameters = count(Work::ParameterGradient { step });
            assert_eq!(parameters, halves * back, "{name}, step {step}");
            let input = count(Work::InputGradient { step });
            assert_eq!(input, inputs * back, "{name}, step {step}");
        }
    }
}

#[test]
fn a_group_without_batch_normalisations_takes_each_packet_through_in_order() {
    for (name, network) in graphs() {
        let (program, told) = training(&network, 2);
        let mut once = vec![Work::Input];
        once.extend(forward(program.steps().len()));
        once.push(Work::Loss);
        for step in backward(&program) {
            let input = Work::InputGradient { step };
            once.push(input);
            // The gradient of a sum is handed on as it is.
            if !matches!(program.steps()[step].operation, Operation::Add { .. }) {
                once.push(Work::ParameterGradient { step });
            }
            once.push(input);
        }
        assert_eq!(told, [once.clone(), once].concat(), "{name}");
    }
}
