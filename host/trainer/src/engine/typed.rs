//! The passes at one lane width.

use super::backward::Backward;
use super::evaluation::Evaluation;
use super::evaluator::Evaluator;
use super::fake_weights::FakeWeights;
use super::folded::Folded;
use super::groups::{Group, Worker};
use super::single::SingleProgram;
use super::update::{Run, Task, Update, longest_span};
use super::{EngineError, EngineOptions, Passes};
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{
    BufferError, FoldError, Folding, GROUP, Lanes, Loss, Network, Outcome, Program, Purpose,
    Quantization, Scaling, Sgd, first_statistics,
};
use std::mem;

/// A network's parameters and memory, in packets of `T` for training and of `E` for evaluation.
pub(super) struct Typed<T, E> {
    network: Network,
    training: Program,
    inference: Program,
    /// What evaluates the few samples of a packet that is not full.
    single: Option<SingleProgram<E>>,
    /// Values that an evaluation leaves of a sample.
    row: usize,
    scaling: Scaling,
    /// What a sample of each class counts; empty where each counts 1.
    class_weights: Vec<f32>,
    zero: T,
    tasks: Vec<Task>,
    parameters: Vec<f32>,
    /// What a step is taken with, where that is not the parameters themselves.
    fake_weights: Option<FakeWeights>,
    /// What each value of a step is rounded to.
    fake_quantization: Option<Vec<Quantization>>,
    /// What is evaluated, where that is not the network as it is trained.
    folded: Option<Folded>,
    statistics: Vec<f32>,
    moments: Vec<f32>,
    /// Seed of what is drawn in a step, and the steps taken.
    draw: [u64; 2],
    /// Each thread's gradient of the span that it updates.
    gradients: Vec<Vec<f32>>,
    velocity: Vec<f32>,
    workers: Vec<Worker<T>>,
    groups: Vec<Group>,
    evaluators: Vec<Evaluator<E>>,
    /// Results of the groups of one round of an evaluation, in order.
    pieces: Box<[Result<Outcome, BufferError>]>,
}

/// Groups that an evaluation shares among the threads before it adds them up: enough that waiting
/// for the last thread costs nothing, and a bound on the memory for their results.
pub(super) const ROUND: usize = 1024;

impl<T: Lanes, E: Lanes> Typed<T, E> {
    pub fn new(
        network: &Network,
        scaling: &Scaling,
        parameters: Vec<f32>,
        options: &EngineOptions,
    ) -> Result<Self, EngineError> {
        let training = Program::try_of(network, Purpose::Group(options.loss))?;
        let folding = Folding::of(network);
        let evaluated = folding.clone().network();
        let inference = Program::try_of(&evaluated, Purpose::Inference)?;
        let zero = first::<T>()?;
        let evaluating = first::<E>()?;
        check("parameters", parameters.len(), training.parameters())?;
        if !options.class_weights.is_empty() {
            let classes = training.classes();
            check("class weights", options.class_weights.len(), classes)?;
        }
        if options.loss == Loss::MeanSquaredError {
            let inputs = inference.input_shape().elements();
            check("an autoencoder's output", inference.classes(), inputs)?;
        }
        let channels = training.input_shape().channels as usize;
        check("input scaling", scaling.channels(), channels)?;
        let groups = options.batch.div_ceil(GROUP);
        let threads = options.threads.max(1);
        let workers = match training.phases() {
            1 => threads.min(groups),
            _ => groups,
        };
        let fake_quantization = options.fake_quantization.clone();
        let passes = match &fake_quantization {
            Some(_) => training.fake_quantization_bytes(),
            None => 0,
        };
        let single = SingleProgram::new(&evaluated, evaluating)?;
        let mut statistics = vec![0.0; training.statistics()];
        first_statistics(network, &mut statistics)?;
        Ok(Self {
            tasks: Task::all(network, &training, options.trainable)?,
            folded: (evaluated != *network).then(|| Folded::new(folding, &inference)),
            fake_weights: fake_quantization
                .is_some()
                .then(|| FakeWeights::new(network)),
            fake_quantization,
            moments: vec![0.0; training.moment_values()],
            statistics,
            draw: [options.seed, 0],
            network: network.clone(),
            gradients: vec![vec![0.0; longest_span(&training)]; threads],
            velocity: vec![0.0; parameters.len()],
            groups: (0..groups).map(|_| Group::new(&training)).collect(),
            workers: (0..workers)
                .map(|_| Worker::new(&training, passes, zero))
                .collect(),
            evaluators: (0..threads)
                .map(|_| Evaluator::new(&inference, single.as_ref(), options.loss, evaluating))
                .collect(),
            pieces: vec![Ok(Outcome::default()); ROUND].into(),
            row: match options.loss {
                Loss::CrossEntropy { .. } => inference.classes(),
                Loss::MeanSquaredError => 1,
            },
            scaling: scaling.clone(),
            class_weights: options.class_weights.clone(),
            zero,
            parameters,
            training,
            inference,
            single,
        })
    }

    /// Bytes of the buffers, as they are.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let folded = self.folded.iter().map(Folded::buffer);
        let values = [
            &self.parameters,
            &self.velocity,
            &self.moments,
            &self.statistics,
            &self.class_weights,
        ];
        let groups = self.groups.iter().map(|group| &group.values);
        let values = values.into_iter().chain(&self.gradients);
        let values = values.chain(groups).chain(folded);
        let fake_weights = self.fake_weights.as_ref().map(FakeWeights::parameters);
        let workers = self.workers.iter().map(Worker::bytes);
        let evaluators = self.evaluators.iter().map(Evaluator::bytes);
        values.map(|values| size_of_val(&values[..])).sum::<usize>()
            + fake_weights.map_or(0, size_of_val)
            + self.single.as_ref().map_or(0, SingleProgram::bytes)
            + workers.chain(evaluators).sum::<usize>()
            + size_of_val(&*self.pieces)
    }

    /// Forward and backward, group by group; every thread takes a run of groups.
    fn backward(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        augmenter: Option<&EpochAugmenter>,
    ) -> Result<Outcome, BufferError> {
        let groups = indices.len().div_ceil(GROUP);
        if let Some(fake) = &mut self.fake_weights {
            fake.round(&self.parameters);
        }
        let fake = self.fake_weights.as_ref();
        let parameters = fake.map_or(&*self.parameters, FakeWeights::parameters);
        for phase in 0..self.training.phases() {
            let pass = Backward {
                program: &self.training,
                threads: self.evaluators.len(),
                phase,
                scaling: &self.scaling,
                class_weights: &self.class_weights,
                parameters,
                fake_quantization: self.fake_quantization.as_deref(),
                samples,
                augmenter,
                moments: &self.moments,
                batch: indices.len(),
                draw: self.draw,
            };
            pass.run(&mut self.workers, &mut self.groups[..groups], indices)?;
            let left = self.groups.iter().zip(indices.chunks(GROUP));
            let left = left.map(|(group, indices)| (&*group.values, indices.len()));
            self.training.meet(phase, left, &mut self.moments)?;
        }
        let mut outcome = Outcome::default();
        for group in &self.groups[..groups] {
            outcome += group.outcome;
        }
        Ok(outcome)
    }

    /// Forgets what was made of the parameters as they were.
    fn forget(&mut self) {
        if let Some(folded) = &mut self.folded {
            folded.forget();
        }
        if let Some(single) = &mut self.single {
            single.forget();
        }
    }

    /// Sums the gradient over the groups and updates the parameters, run by run, in parallel.
    fn update(&mut self, groups: usize, sgd: &Sgd) -> Result<(), BufferError> {
        let update = Update {
            program: &self.training,
            groups: &self.groups[..groups],
            sgd,
            proof: self.zero,
        };
        let run = Run {
            parameters: &mut self.parameters,
            velocity: &mut self.velocity,
        };
        update.all(&self.tasks, run, &mut self.gradients)
    }
}

impl<T: Lanes, E: Lanes> Passes for Typed<T, E> {
    fn step(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        augmenter: Option<&EpochAugmenter>,
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError> {
        check_images(&self.training, samples)?;
        let most = self.groups.len() * GROUP;
        if indices.is_empty() || indices.len() > most {
            let given = indices.len();
            return Err(BufferError::Samples { most, given });
        }
        self.training.check_batch(indices.len())?;
        let outcome = self.backward(samples, indices, augmenter)?;
        self.update(indices.len().div_ceil(GROUP), sgd)?;
        let (moments, statistics) = (&self.moments, &mut self.statistics);
        self.training
            .update_statistics(indices.len(), moments, statistics)?;
        self.draw[1] += 1;
        self.forget();
        Ok(outcome)
    }

    fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        scores: Option<&mut [f32]>,
    ) -> Result<Outcome, EngineError> {
        check_images(&self.inference, samples)?;
        if let Some(scores) = &scores {
            check("scores", scores.len(), indices.len() * self.row)?;
        }
        let parameters = match &mut self.folded {
            Some(folded) => folded.parameters(&self.network, &self.parameters, &self.statistics)?,
            None => &self.parameters,
        };
        if let Some(single) = &mut self.single {
            single.prepare(parameters, indices.len())?;
        }
        let pass = Evaluation {
            program: &self.inference,
            single: self.single.as_ref(),
            scaling: &self.scaling,
            parameters,
            samples,
        };
        let row = scores.as_ref().map_or(0, |_| self.row);
        let mut rest = scores.unwrap_or_default();
        let mut outcome = Outcome::default();
        for indices in indices.chunks(ROUND * GROUP) {
            let (scores, behind) = mem::take(&mut rest).split_at_mut(indices.len() * row);
            rest = behind;
            let pieces = &mut self.pieces[..indices.len().div_ceil(GROUP)];
            pass.run(&mut self.evaluators, pieces, indices, scores);
            for piece in pieces {
                outcome += (*piece)?;
            }
        }
        Ok(outcome)
    }

    fn scores_per_sample(&self) -> usize {
        self.row
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn folded_parameters(&self) -> Result<Vec<f32>, FoldError> {
        match &self.folded {
            Some(folded) => folded.folded(&self.network, &self.parameters, &self.statistics),
            None => Ok(self.parameters.clone()),
        }
    }

    fn statistics(&self) -> &[f32] {
        &self.statistics
    }

    fn resume(
        &mut self,
        velocity: &[f32],
        statistics: &[f32],
        steps: u64,
    ) -> Result<(), BufferError> {
        check("velocity", velocity.len(), self.velocity.len())?;
        check("statistics", statistics.len(), self.statistics.len())?;
        self.velocity.copy_from_slice(velocity);
        self.statistics.copy_from_slice(statistics);
        self.draw[1] = steps;
        Ok(())
    }

    fn restore(&mut self, parameters: &[f32], statistics: &[f32]) -> Result<(), BufferError> {
        check("parameters", parameters.len(), self.parameters.len())?;
        check("statistics", statistics.len(), self.statistics.len())?;
        self.parameters.copy_from_slice(parameters);
        self.statistics.copy_from_slice(statistics);
        self.forget();
        Ok(())
    }

    fn velocity(&self) -> &[f32] {
        &self.velocity
    }
}

/// The first packet, which proves that this processor has more of them.
fn first<L: Lanes>() -> Result<L, EngineError> {
    L::zero().ok_or(EngineError::Lanes(L::WIDTH.name()))
}

fn check_images(program: &Program, samples: &Samples) -> Result<(), BufferError> {
    check(
        "an image",
        samples.shape.size(),
        program.input_shape().elements(),
    )
}

fn check(buffer: &'static str, given: usize, needed: usize) -> Result<(), BufferError> {
    if given == needed {
        return Ok(());
    }
    Err(BufferError::Length {
        buffer,
        needed,
        given,
    })
}
