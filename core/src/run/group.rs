//! The way of a group of samples through the phases of a training step: everything but the sums
//! over groups.

mod memory;
mod quantized;
mod step;

pub use memory::{GroupMemory, GroupWork};
pub use quantized::FakeQuantization;
pub use step::GroupBackward;

use super::backward::{mask, propagate};
use super::buffers::BufferError;
use super::forward::{Extras, forward_within};
use super::meeting::{GroupStatistics, NormMoments};
use super::observer::{Observer, Work};
use crate::lanes::Lanes;
use crate::ops::activation::Activation;
use crate::ops::{batch_norm, loss};
use crate::program::{Phase, Region};
use crate::{Loss, Operation, Outcome, Program, Step};
use core::ops::Range;

impl Program {
    /// Runs a phase of a training step on a group of samples, packet by packet; gives what the loss
    /// counted, if it comes in this phase.
    ///
    /// Phases run in order, each on all groups of the batch before the next; between two of them
    /// the groups [meet](Program::meet). `fill` is called in the first phase, for each packet with
    /// the samples it is to hold, counted within the group, and the input to write, channels x
    /// height x width packets: see [`pack_pixels`](crate::pack_pixels).
    ///
    /// # Errors
    ///
    /// A buffer of another length than the program says, no or too many samples, or a label that is
    /// not among the classes.
    pub fn run_phase<L: Lanes>(
        &self,
        phase: usize,
        work: &GroupWork<'_>,
        memory: &mut GroupMemory<'_, L>,
        fill: impl FnMut(Range<usize>, &mut [L]),
    ) -> Result<Outcome, BufferError> {
        self.run_phase_observed(phase, work, memory, fill, &mut ())
    }

    /// Like [`Program::run_phase`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`Program::run_phase`].
    pub fn run_phase_observed<L: Lanes>(
        &self,
        phase: usize,
        work: &GroupWork<'_>,
        memory: &mut GroupMemory<'_, L>,
        fill: impl FnMut(Range<usize>, &mut [L]),
        observer: &mut impl Observer,
    ) -> Result<Outcome, BufferError> {
        self.run_phase_with(phase, work, memory, fill, observer, None)
    }

    fn run_phase_with<L: Lanes>(
        &self,
        phase: usize,
        work: &GroupWork<'_>,
        memory: &mut GroupMemory<'_, L>,
        mut fill: impl FnMut(Range<usize>, &mut [L]),
        observer: &mut impl Observer,
        quantization: Option<FakeQuantization<'_>>,
    ) -> Result<Outcome, BufferError> {
        self.check_group(work, memory)?;
        if phase == 0 {
            clear_sums(self.steps(), memory.values);
        }
        let mut pass = GroupPass {
            program: self,
            phase: self.phase(phase),
            work,
            memory,
            outcome: Outcome::default(),
            observer,
            quantization,
        };
        for first in (0..work.labels.len()).step_by(L::LANES) {
            let samples = first..work.labels.len().min(first + L::LANES);
            let arena = pass.arena(&samples);
            if phase == 0 {
                let input = &mut pass.memory.packets[arena.clone()][self.value(0).range()];
                fill(samples.clone(), input);
                pass.quantize(0, arena.clone());
                pass.observer.done(Work::Input);
            }
            pass.run(samples, arena);
        }
        pass.leave_statistics();
        Ok(pass.outcome)
    }
}

/// Only sums begin at zero; what linear layers keep of their samples is written whole.
fn clear_sums(steps: &[Step], values: &mut [f32]) {
    for step in steps {
        if !matches!(step.operation, Operation::Linear { .. }) {
            values[step.group.range()].fill(0.0);
        }
    }
}

/// Multiplies each lane by its sample's weight; all lanes of one that has none stay.
fn weigh<L: Lanes>(packets: &mut [L], weights: &[f32]) {
    if weights.is_empty() {
        return;
    }
    for lanes in L::values_mut(packets).chunks_exact_mut(L::LANES) {
        for (value, weight) in lanes.iter_mut().zip(weights) {
            *value *= weight;
        }
    }
}

/// A group on its way through a phase.
struct GroupPass<'a, 'm, L, O> {
    program: &'a Program,
    phase: Phase,
    work: &'a GroupWork<'a>,
    memory: &'a mut GroupMemory<'m, L>,
    outcome: Outcome,
    observer: &'a mut O,
    quantization: Option<FakeQuantization<'a>>,
}

impl<'a, L: Lanes, O: Observer> GroupPass<'a, '_, L, O> {
    /// The place, among the packets in flight, of the packet with these samples.
    fn packet(&self, samples: &Range<usize>) -> usize {
        match self.program.packets_in_flight::<L>() {
            1 => 0,
            _ => samples.start / L::LANES,
        }
    }

    fn arena(&self, samples: &Range<usize>) -> Range<usize> {
        let len = self.program.arena_packets();
        let start = self.packet(samples) * len;
        start..start + len
    }

    /// One packet, through the whole phase.
    fn run(&mut self, samples: Range<usize>, arena: Range<usize>) {
        for index in self.phase.forward.clone() {
            self.forward(index, &samples, arena.clone());
            self.quantize(index + 1, arena.clone());
            self.observer.done(Work::Forward { step: index });
        }
        if self.phase.loss {
            self.loss(&samples, arena.clone());
            self.observer.done(Work::Loss);
        }
        for index in self.phase.backward.clone().rev() {
            if self.program.steps()[index].is_backward {
                self.backward(index, &samples, arena.clone());
            }
        }
    }

    fn forward(&mut self, index: usize, samples: &Range<usize>, arena: Range<usize>) {
        let step = &self.program.steps()[index];
        let winners = self.winners(step, samples);
        let keys = self.keys(samples);
        forward_within(
            self.program,
            index,
            step.tensors(self.work.parameters),
            &mut self.memory.packets[arena],
            Extras {
                winners: &mut self.memory.winners[winners],
                moments: &self.work.moments[step.moments.range()],
                keys,
            },
            L::forward_in_training,
        );
    }

    /// Scores what the network gives and leaves its gradient.
    fn loss(&mut self, samples: &Range<usize>, arena: Range<usize>) {
        let program = self.program;
        let last = program.steps().len();
        let is_reconstruction = matches!(program.loss(), Loss::MeanSquaredError);
        let target = match is_reconstruction {
            true => program.value(0),
            false => Region::EMPTY,
        };
        let arena = &mut self.memory.packets[arena];
        let regions = [program.value(last), target, program.gradient(last)];
        let Ok([output, target, gradient]) = arena.get_disjoint_mut(regions.map(Region::range))
        else {
            unreachable!("buffers alive at the same time overlap");
        };
        let mean = 1.0 / self.work.batch as f32;
        let weights = self.work.weights.get(samples.clone()).unwrap_or(&[]);
        let outcome = &mut self.outcome;
        match program.loss() {
            Loss::CrossEntropy { smoothing } => {
                L::differentiate_loss(loss::SoftmaxCrossEntropy {
                    logits: output,
                    labels: &self.work.labels[samples.clone()],
                    smoothing,
                    mean,
                    gradient: &mut *gradient,
                    outcome,
                });
            }
            Loss::MeanSquaredError => L::differentiate_reconstruction(loss::MeanSquaredError {
                output,
                target,
                samples: samples.len(),
                mean,
                gradient: &mut *gradient,
                outcome,
            }),
        }
        weigh(gradient, weights);
    }

    /// From the gradient of a step's output to those of what it reads and of its parameters; of a
    /// batch normalisation only as far as the groups' next meeting, or on from the last one.
    fn backward(&mut self, index: usize, samples: &Range<usize>, arena: Range<usize>) {
        let program = self.program;
        let step = &program.steps()[index];
        let is_norm = matches!(step.operation, Operation::BatchNorm { .. });
        let meets = self.phase.meeting == Some(index);
        let winners = self.winners(step, samples);
        let keys = self.keys(samples);
        self.pass_gradient(index + 1, arena.clone());
        let arena = &mut self.memory.packets[arena];
        if !is_norm {
            mask(program, index, arena);
            self.observer.done(Work::InputGradient { step: index });
        }
        let tensors = step.tensors(self.work.parameters);
        let values = &mut self.memory.values[step.group.range()];
        let moments = &self.work.moments[step.moments.range()];
        if is_norm && meets {
            let regions = [
                program.value(step.reads[0].value),
                program.gradient(index + 1),
            ];
            let Ok([input, d_output]) = arena.get_disjoint_mut(regions.map(Region::range)) else {
                unreachable!("buffers alive at the same time overlap");
            };
            let batch = NormMoments::of(moments);
            let statistics = values.len() / 2;
            L::sum_batch_norm_gradients(batch_norm::BatchNormParameterGradient {
                input,
                d_output,
                map: step.input.map_elements(),
                samples: samples.len(),
                mean: batch.mean,
                inverse: batch.inverse,
                tensors,
                activation: step.operation.activation(),
                sums: &mut values[statistics..],
            });
            self.observer.done(Work::ParameterGradient { step: index });
            return;
        }
        propagate(program, index, arena, |regions, arena| {
            let [input, d_output, d_input, scratch] = regions.split(arena);
            let value = step.reads[0].value;
            let mut work = GroupBackward {
                step,
                masked: match value > 0 && program.is_masked_as_made(value - 1) {
                    true => program.steps()[value - 1].operation.activation(),
                    false => Activation::Identity,
                },
                tensors,
                input,
                d_output,
                d_input,
                winners: &self.memory.winners[winners],
                scratch,
                values,
                samples: samples.clone(),
                batch: self.work.batch,
                moments,
                keys,
            };
            L::differentiate_parameters(&mut work);
            self.observer.done(Work::ParameterGradient { step: index });
            L::differentiate_input(work);
        });
        self.observer.done(Work::InputGradient { step: index });
    }

    /// Leaves the group's statistics of the value that the batch normalisation reads at which the
    /// groups meet, if they do forward.
    fn leave_statistics(&mut self) {
        let (Some(index), false) = (self.phase.meeting, self.phase.is_backward()) else {
            return;
        };
        let program = self.program;
        let step = &program.steps()[index];
        let region = program.value(step.reads[0].value);
        let arena = program.arena_packets();
        let channels = step.input.channels as usize;
        L::leave_statistics(GroupStatistics {
            packets: self.memory.packets,
            arena,
            value: region,
            map: step.input.map_elements(),
            samples: self.work.labels.len(),
            statistics: &mut self.memory.values[step.group.range()][..2 * channels],
        });
        self.observer.done(Work::Forward { step: index });
    }

    fn winners(&self, step: &Step, samples: &Range<usize>) -> Range<usize> {
        let start = self.packet(samples) * self.program.winner_bytes() + step.winners.at;
        start * L::LANES..(start + step.winners.len) * L::LANES
    }

    /// The keys of a packet's samples, if there are any.
    fn keys(&self, samples: &Range<usize>) -> &'a [u64] {
        self.work.keys.get(samples.clone()).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests;
