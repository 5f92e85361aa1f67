//! The passes at one lane width.

use super::backward::Backward;
use super::evaluation::Evaluation;
use super::groups::{Evaluator, Group, Worker};
use super::update::{Run, Task, Update};
use super::{EngineError, EngineOptions, Passes};
use crate::augmentation::EpochAugmenter;
use crate::data::Samples;
use kiln_core::{BufferError, GROUP, Lanes, Network, Outcome, Plan, Scaling, Sgd};

/// A network's parameters and memory, in packets of `L`.
pub(super) struct Typed<L> {
    plan: Plan,
    scaling: Scaling,
    zero: L,
    tasks: Vec<Task>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    velocity: Vec<f32>,
    workers: Vec<Worker<L>>,
    groups: Vec<Group>,
    evaluators: Vec<Evaluator<L>>,
    /// Results of the groups of one round of an evaluation, in order.
    pieces: Box<[Result<Outcome, BufferError>]>,
}

/// Groups that an evaluation shares among the threads before it adds them up: enough that waiting
/// for the last thread costs nothing, and a bound on the memory for their results.
pub(super) const ROUND: usize = 1024;

impl<L: Lanes> Typed<L> {
    pub fn new(
        network: &Network,
        scaling: &Scaling,
        parameters: Vec<f32>,
        options: &EngineOptions,
    ) -> Result<Self, EngineError> {
        let plan = Plan::try_of(network)?;
        let zero = L::zero().ok_or(EngineError::Lanes(L::WIDTH.name()))?;
        check("parameters", parameters.len(), plan.parameters())?;
        let channels = plan.input_shape().channels as usize;
        check("input scaling", scaling.channels(), channels)?;
        let groups = options.batch.div_ceil(GROUP);
        let threads = options.threads.max(1);
        Ok(Self {
            tasks: Task::all(&plan, options.trainable)?,
            gradient: vec![0.0; parameters.len()],
            velocity: vec![0.0; parameters.len()],
            groups: (0..groups).map(|_| Group::new(&plan)).collect(),
            workers: (0..threads.min(groups))
                .map(|_| Worker::new(&plan, zero))
                .collect(),
            evaluators: (0..threads).map(|_| Evaluator::new(&plan, zero)).collect(),
            pieces: vec![Ok(Outcome::default()); ROUND].into(),
            scaling: scaling.clone(),
            zero,
            parameters,
            plan,
        })
    }

    /// Bytes of the buffers, as they are.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        let values = [&self.parameters, &self.gradient, &self.velocity];
        let groups = self.groups.iter().map(|group| &group.values);
        let values = values.into_iter().chain(groups);
        let workers = self.workers.iter().map(Worker::bytes);
        let evaluators = self.evaluators.iter().map(Evaluator::bytes);
        values.map(|values| size_of_val(&values[..])).sum::<usize>()
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
        let pass = Backward {
            plan: &self.plan,
            scaling: &self.scaling,
            parameters: &self.parameters,
            samples,
            augmenter,
            mean: 1.0 / indices.len() as f32,
        };
        let groups = indices.len().div_ceil(GROUP);
        pass.run(&mut self.workers, &mut self.groups[..groups], indices)?;
        let mut outcome = Outcome::default();
        for group in &self.groups[..indices.len().div_ceil(GROUP)] {
            outcome += group.outcome;
        }
        Ok(outcome)
    }

    /// Sums the gradient over the groups and updates the parameters, run by run, in parallel.
    fn update(&mut self, groups: usize, sgd: &Sgd) -> Result<(), BufferError> {
        let update = Update {
            plan: &self.plan,
            groups: &self.groups[..groups],
            sgd,
            proof: self.zero,
        };
        let run = Run {
            parameters: &mut self.parameters,
            gradient: &mut self.gradient,
            velocity: &mut self.velocity,
        };
        update.all(&self.tasks, run)
    }
}

impl<L: Lanes> Passes for Typed<L> {
    fn step(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        augmenter: Option<&EpochAugmenter>,
        sgd: &Sgd,
    ) -> Result<Outcome, BufferError> {
        check_images(&self.plan, samples)?;
        let most = self.groups.len() * GROUP;
        if indices.is_empty() || indices.len() > most {
            let given = indices.len();
            return Err(BufferError::Samples { most, given });
        }
        let outcome = self.backward(samples, indices, augmenter)?;
        self.update(indices.len().div_ceil(GROUP), sgd)?;
        Ok(outcome)
    }

    fn evaluate(
        &mut self,
        samples: &Samples,
        indices: &[u32],
        logits: Option<&mut [f32]>,
    ) -> Result<Outcome, BufferError> {
        check_images(&self.plan, samples)?;
        if let Some(logits) = &logits {
            check("logits", logits.len(), indices.len() * self.plan.classes())?;
        }
        let pass = Evaluation {
            plan: &self.plan,
            scaling: &self.scaling,
            parameters: &self.parameters,
            samples,
        };
        let mut rest = logits;
        let mut outcome = Outcome::default();
        for indices in indices.chunks(ROUND * GROUP) {
            let logits = rest.take().map(|logits| {
                let (own, behind) = logits.split_at_mut(indices.len() * self.plan.classes());
                rest = Some(behind);
                own
            });
            let pieces = &mut self.pieces[..indices.len().div_ceil(GROUP)];
            pass.run(&mut self.evaluators, pieces, indices, logits);
            for piece in pieces {
                outcome += (*piece)?;
            }
        }
        Ok(outcome)
    }

    fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    fn velocity(&self) -> &[f32] {
        &self.velocity
    }

    fn set_velocity(&mut self, velocity: &[f32]) -> Result<(), BufferError> {
        check("velocity", velocity.len(), self.velocity.len())?;
        self.velocity.copy_from_slice(velocity);
        Ok(())
    }
}

fn check_images(plan: &Plan, samples: &Samples) -> Result<(), BufferError> {
    check(
        "an image",
        samples.shape.size(),
        plan.input_shape().elements(),
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
