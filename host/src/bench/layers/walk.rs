//! A training step and an inference on one thread, as the engine takes them, with somebody looking.

use crate::bench::networks::BenchNetwork;
use crate::data::Samples;
use crate::memory_limit;
use anyhow::{Context, Result};
use kiln_core::{
    BufferError, GROUP, GroupMemory, GroupWork, Lanes, Loss, Observer, Operation, Outcome, Program,
    Purpose, Scaling, Sgd, Work, dropout_key, first_statistics, pack_pixels, score,
};
use std::ops::Range;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// A whole step: forward, loss, backward, update.
    Training,
    /// Forward, and the score.
    Inference,
}

/// Is also told of updates, which are the host's to share among threads.
pub(super) trait WalkObserver: Observer {
    /// A run of a step's parameters has just been updated.
    fn updated(&mut self, step: usize);
}

impl WalkObserver for () {
    fn updated(&mut self, _: usize) {}
}

/// A network with all the memory for a batch.
pub(super) struct BatchWalk<L> {
    training: Program,
    inference: Program,
    scaling: Scaling,
    samples: Samples,
    parameters: Vec<f32>,
    folded_parameters: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    moments: Vec<f32>,
    statistics: Vec<f32>,
    /// One group's working memory, or where the groups meet every group's.
    workers: Vec<WalkWorker<L>>,
    /// What each group leaves.
    values: Vec<Vec<f32>>,
    arena: Vec<L>,
    zero: L,
    steps: u64,
}

struct WalkWorker<L> {
    packets: Vec<L>,
    winners: Vec<u8>,
}

/// So low a rate that the weights stay what they are.
const SGD: Sgd = Sgd {
    rate: 1e-6,
    momentum: 0.9,
    weight_decay: 5e-4,
    nesterov: false,
};

/// How many groups of a batch have working memory of their own.
fn workers(training: &Program, batch: usize) -> usize {
    match training.phases() {
        1 => 1,
        _ => batch.div_ceil(GROUP),
    }
}

/// Bytes that a walk takes, but for its samples.
fn memory<L: Lanes>(
    network: &BenchNetwork,
    training: &Program,
    inference: &Program,
    batch: usize,
) -> usize {
    let in_flight = training.packets_in_flight::<L>();
    let packet = training.arena_packets() * size_of::<L>() + training.winner_bytes() * L::LANES;
    let values = batch.div_ceil(GROUP) * training.group_values()
        + training.moment_values()
        + training.statistics()
        + 3 * network.parameters().len()
        + network.folded_parameters().len();
    let packets = workers(training, batch).saturating_mul(in_flight * packet);
    packets
        .saturating_add(inference.arena_packets() * size_of::<L>())
        .saturating_add(values * size_of::<f32>())
}

impl<L: Lanes> BatchWalk<L> {
    /// Takes the memory for `batch` samples.
    pub fn new(network: &BenchNetwork, batch: usize) -> Result<Self> {
        let training: Program = Program::try_of(network.network(), Purpose::Group(network.loss()))?;
        let inference: Program = Program::try_of(network.folded(), Purpose::Inference)?;
        let zero = L::zero().context("this processor lacks the lanes")?;
        training.check_batch(batch)?;
        let bytes = memory::<L>(network, &training, &inference, batch);
        memory_limit::check(bytes, "measuring its layers")?;
        let mut statistics = vec![0.0; training.statistics()];
        first_statistics(network.network(), &mut statistics)?;
        let groups = batch.div_ceil(GROUP);
        let in_flight = training.packets_in_flight::<L>();
        let worker = || WalkWorker {
            packets: vec![zero; in_flight * training.arena_packets()],
            winners: vec![0; in_flight * training.winner_bytes() * L::LANES],
        };
        let parameters = network.parameters().to_vec();
        Ok(Self {
            workers: (0..workers(&training, batch)).map(|_| worker()).collect(),
            values: vec![vec![0.0; training.group_values()]; groups],
            arena: vec![zero; inference.arena_packets()],
            moments: vec![0.0; training.moment_values()],
            gradient: vec![0.0; parameters.len()],
            velocity: vec![0.0; parameters.len()],
            folded_parameters: network.folded_parameters().to_vec(),
            scaling: network.scaling().clone(),
            samples: network.samples(batch, 1)?,
            statistics,
            parameters,
            training,
            inference,
            zero,
            steps: 0,
        })
    }

    /// What runs in training.
    pub fn training(&self) -> &Program {
        &self.training
    }

    /// What runs in inference.
    pub fn inference(&self) -> &Program {
        &self.inference
    }

    /// Runs a pass over the batch.
    pub fn run(&mut self, pass: Pass, observer: &mut impl WalkObserver) -> Result<(), BufferError> {
        match pass {
            Pass::Training => self.train(observer),
            Pass::Inference => self.infer(observer),
        }
    }

    fn train(&mut self, observer: &mut impl WalkObserver) -> Result<(), BufferError> {
        let norms = norms(&self.training);
        for phase in 0..self.training.phases() {
            for group in 0..self.values.len() {
                self.run_group(phase, group, observer)?;
            }
            let labels = self.samples.labels.chunks(GROUP);
            let groups = self.values.iter().zip(labels);
            let groups = groups.map(|(values, labels)| (&**values, labels.len()));
            self.training.meet(phase, groups, &mut self.moments)?;
            if let Some(work) = meeting(phase, &norms) {
                observer.done(work);
            }
        }
        self.update(observer)?;
        let batch = self.samples.len();
        self.training
            .update_statistics(batch, &self.moments, &mut self.statistics)?;
        self.steps += 1;
        Ok(())
    }

    fn run_group(
        &mut self,
        phase: usize,
        group: usize,
        observer: &mut impl Observer,
    ) -> Result<(), BufferError> {
        let batch = self.samples.len();
        let first = group * GROUP;
        let own = first..batch.min(first + GROUP);
        let mut keys = [0; GROUP];
        for (key, sample) in keys.iter_mut().zip(own.clone()) {
            *key = dropout_key(1, self.steps, sample as u64);
        }
        let worker = group % self.workers.len();
        let worker = &mut self.workers[worker];
        let mut memory = GroupMemory {
            packets: &mut worker.packets,
            winners: &mut worker.winners,
            values: &mut self.values[group],
        };
        let work = GroupWork {
            weights: &[],
            parameters: &self.parameters,
            moments: &self.moments,
            labels: &self.samples.labels[own.clone()],
            keys: &keys[..own.len()],
            batch,
        };
        let (samples, scaling) = (&self.samples, &self.scaling);
        let fill = |packet: Range<usize>, input: &mut [L]| {
            pack(
                samples,
                scaling,
                first + packet.start..first + packet.end,
                input,
            );
        };
        let program = &self.training;
        program.run_phase_observed(phase, &work, &mut memory, fill, observer)?;
        Ok(())
    }

    /// Sums the gradient over the groups and updates, run by run.
    fn update(&mut self, observer: &mut impl WalkObserver) -> Result<(), BufferError> {
        let mut at = 0;
        for span in self.training.spans() {
            let own = at..at + span.len;
            at = own.end;
            let gradient = &mut self.gradient[own.clone()];
            gradient.fill(0.0);
            for (values, labels) in self.values.iter().zip(self.samples.labels.chunks(GROUP)) {
                let samples = labels.len();
                self.training
                    .add_gradient(&span, values, samples, self.zero, gradient)?;
            }
            observer.done(Work::ParameterGradient { step: span.step });
            let velocity = &mut self.velocity[own.clone()];
            SGD.update(&mut self.parameters[own], gradient, velocity, self.zero)?;
            observer.updated(span.step);
        }
        Ok(())
    }

    fn infer(&mut self, observer: &mut impl WalkObserver) -> Result<(), BufferError> {
        let mut outcome = Outcome::default();
        let batch = self.samples.len();
        for first in (0..batch).step_by(L::LANES) {
            let own = first..batch.min(first + L::LANES);
            let (samples, scaling) = (&self.samples, &self.scaling);
            let fill = |input: &mut [L]| pack(samples, scaling, own.clone(), input);
            let (parameters, arena) = (&self.folded_parameters, &mut self.arena);
            let output = self
                .inference
                .infer_observed(parameters, arena, fill, observer)?;
            if let Loss::CrossEntropy { .. } = self.training.loss() {
                score(output, &self.samples.labels[own], &mut outcome)?;
                observer.done(Work::Loss);
            }
        }
        std::hint::black_box(outcome);
        Ok(())
    }
}

/// The batch normalisations' steps.
fn norms(program: &Program) -> Vec<usize> {
    let steps = program.steps().iter().enumerate();
    let norms = steps.filter(|(_, step)| matches!(step.operation, Operation::BatchNorm { .. }));
    norms.map(|(index, _)| index).collect()
}

/// What the groups meet for behind a phase: forward at each batch normalisation in turn, then
/// backward at each from the last.
fn meeting(phase: usize, norms: &[usize]) -> Option<Work> {
    match norms.get(phase) {
        Some(step) => Some(Work::Forward { step: *step }),
        None => norms
            .iter()
            .rev()
            .nth(phase - norms.len())
            .map(|step| Work::ParameterGradient { step: *step }),
    }
}

/// Packs some samples, at most as many as a group has.
fn pack<L: Lanes>(samples: &Samples, scaling: &Scaling, own: Range<usize>, input: &mut [L]) {
    let Ok(bytes) = samples.bytes() else {
        unreachable!("random samples are bytes");
    };
    let mut images: [&[u8]; GROUP] = [&[]; GROUP];
    let count = own.len();
    for (image, index) in images.iter_mut().zip(own) {
        *image = bytes.image(index);
    }
    pack_pixels(scaling, &images[..count], input);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_meet_there_and_back() {
        let met: Vec<Option<Work>> = (0..5).map(|phase| meeting(phase, &[2, 7])).collect();
        let forward = |step| Some(Work::Forward { step });
        let backward = |step| Some(Work::ParameterGradient { step });
        assert_eq!(
            met,
            [forward(2), forward(7), backward(7), backward(2), None]
        );
        assert_eq!(meeting(0, &[]), None);
    }

    /// The engine's own step, to the bit: what is timed is what a training does.
    #[test]
    fn a_walk_trains_as_the_engine_does() {
        use crate::engine::{Engine, EngineOptions};
        use kiln_core::{LaneWidth, Network};
        let network = Network::input(2, 8, 8).conv2d(4, 3).batch_norm().relu();
        let network = network.max_pool2d(2).linear(6).batch_norm().linear(5);
        let network = BenchNetwork::of("graph", network).unwrap();
        let batch = 20;
        let mut walk = BatchWalk::<f32>::new(&network, batch).unwrap();
        let options = EngineOptions {
            batch,
            lanes: Some(LaneWidth::X1),
            ..EngineOptions::default()
        };
        let parameters = network.parameters().to_vec();
        let mut engine =
            Engine::new(network.network(), network.scaling(), parameters, &options).unwrap();
        let indices: Vec<u32> = (0..batch as u32).collect();
        for _ in 0..2 {
            walk.run(Pass::Training, &mut ()).unwrap();
            engine.step(&walk.samples, &indices, &SGD).unwrap();
        }
        assert!(crate::weights::same_bits(
            &walk.parameters,
            engine.parameters()
        ));
        assert!(crate::weights::same_bits(
            &walk.statistics,
            engine.statistics()
        ));
        assert!(!crate::weights::same_bits(
            &walk.parameters,
            network.parameters()
        ));
    }
}
