//! What the groups of a batch have to tell one another at its batch normalisations.
//!
//! Before each, a group leaves the mean and the sum of squared distances of every channel; behind
//! it, backward, the sums that are the gradients of its weights and biases. [`Program::meet`] brings
//! the groups together, in their order, so that neither threads nor lanes show.

use super::buffers::{self, BufferError};
use crate::lanes::{Kernel, Lanes};
use crate::ops::batch_norm::{self, GroupSquares, GroupSum, Moments, RunningStatistics};
use crate::program::{MOMENTS, Region};
use crate::{Operation, Program, Step};

/// Values of each packet that statistics are made of at a time, of four channels at least.
const BLOCK: usize = 128;

/// A group's statistics of one value, all packets of which are in flight.
pub struct GroupStatistics<'a, L> {
    pub packets: &'a [L],
    /// Packets of one arena.
    pub arena: usize,
    /// Where the value lies in each.
    pub(crate) value: Region,
    /// Values of a channel.
    pub map: usize,
    /// Samples of the group.
    pub samples: usize,
    /// Means, then sums of squared distances from them; zeros before.
    pub statistics: &'a mut [f32],
}

impl<L: Lanes> GroupStatistics<'_, L> {
    /// Each packet's value, with the number of its samples.
    fn each(&self) -> impl Iterator<Item = (usize, &[L])> {
        let arenas = self.packets.chunks_exact(self.arena);
        let firsts = (0..self.samples).step_by(L::LANES);
        firsts.zip(arenas).map(|(first, arena)| {
            let samples = L::LANES.min(self.samples - first);
            (samples, &arena[self.value.range()])
        })
    }
}

impl<L: Lanes> Kernel for GroupStatistics<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let statistics = core::mem::take(&mut self.statistics);
        let (means, squares) = statistics.split_at_mut(statistics.len() / 2);
        // A few channels at a time, so that the second sum finds their values in the first cache; many
        // of small maps, since the sums of a few would wait for one another.
        let channels = (BLOCK / self.map / 4 * 4).max(4);
        let blocks = means.chunks_mut(channels).zip(squares.chunks_mut(channels));
        for (block, (means, squares)) in blocks.enumerate() {
            let first = block * channels * self.map;
            let values = first..first + means.len() * self.map;
            for (samples, input) in self.each() {
                let sum = GroupSum {
                    input: &input[values.clone()],
                    map: self.map,
                    samples,
                    sums: means,
                };
                sum.run();
            }
            batch_norm::group_mean(self.samples * self.map, means);
            for (samples, input) in self.each() {
                let sum = GroupSquares {
                    input: &input[values.clone()],
                    map: self.map,
                    samples,
                    mean: means,
                    squares,
                };
                sum.run();
            }
        }
    }
}

/// A batch normalisation's part of the batch's moments.
pub(crate) struct NormMoments<S> {
    pub mean: S,
    pub inverse: S,
    pub squares: S,
    /// The whole batch's gradient: the weights', then the biases'.
    pub sums: S,
}

impl<'a> NormMoments<&'a [f32]> {
    pub fn of(moments: &'a [f32]) -> Self {
        let channels = moments.len() / MOMENTS;
        let (mean, rest) = moments.split_at(channels);
        let (inverse, rest) = rest.split_at(channels);
        let (squares, sums) = rest.split_at(channels);
        Self {
            mean,
            inverse,
            squares,
            sums,
        }
    }
}

impl<'a> NormMoments<&'a mut [f32]> {
    fn of_mut(moments: &'a mut [f32]) -> Self {
        let channels = moments.len() / MOMENTS;
        let (mean, rest) = moments.split_at_mut(channels);
        let (inverse, rest) = rest.split_at_mut(channels);
        let (squares, sums) = rest.split_at_mut(channels);
        Self {
            mean,
            inverse,
            squares,
            sums,
        }
    }
}

impl Program {
    /// Brings the groups of a batch together behind phase `phase`: each group's
    /// [`GroupMemory::values`](crate::GroupMemory::values) and number of samples, in order. What
    /// the next phase needs of it is left in `moments`. Behind the last phase nothing is to do.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says.
    pub fn meet<'g>(
        &self,
        phase: usize,
        groups: impl Iterator<Item = (&'g [f32], usize)>,
        moments: &mut [f32],
    ) -> Result<(), BufferError> {
        buffers::check("moments", moments.len(), self.moment_values())?;
        let phase = self.phase(phase);
        let Some(index) = phase.meeting else {
            return Ok(());
        };
        let step = &self.steps()[index];
        let moments = NormMoments::of_mut(&mut moments[step.moments.range()]);
        if phase.is_backward() {
            moments.sums.fill(0.0);
        }
        let mut total = Moments {
            count: 0,
            mean: moments.mean,
            squares: moments.squares,
        };
        for (values, samples) in groups {
            buffers::check("group values", values.len(), self.group_values())?;
            let own = &values[step.group.range()];
            let (statistics, sums) = own.split_at(own.len() / 2);
            if phase.is_backward() {
                for (total, sum) in moments.sums.iter_mut().zip(sums) {
                    *total += sum;
                }
                continue;
            }
            let (mean, squares) = statistics.split_at(statistics.len() / 2);
            let count = samples * step.input.map_elements();
            let group = Moments {
                count,
                mean,
                squares,
            };
            batch_norm::combine(&mut total, &group);
        }
        if !phase.is_backward() {
            let batch = Moments {
                count: total.count,
                mean: &*total.mean,
                squares: &*total.squares,
            };
            batch_norm::inverse(&batch, epsilon(step), moments.inverse);
        }
        Ok(())
    }

    /// Takes a batch of `samples` samples into the running means and variances, once a step.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says.
    pub fn update_statistics(
        &self,
        samples: usize,
        moments: &[f32],
        statistics: &mut [f32],
    ) -> Result<(), BufferError> {
        buffers::check("moments", moments.len(), self.moment_values())?;
        buffers::check("statistics", statistics.len(), self.statistics())?;
        let mut rest = statistics;
        for step in self.steps() {
            let Operation::BatchNorm { norm, .. } = step.operation else {
                continue;
            };
            let channels = step.input.channels as usize;
            let (mean, behind) = rest.split_at_mut(channels);
            let (variance, behind) = behind.split_at_mut(channels);
            rest = behind;
            let own = NormMoments::of(&moments[step.moments.range()]);
            let batch = Moments {
                count: samples * step.input.map_elements(),
                mean: own.mean,
                squares: own.squares,
            };
            RunningStatistics { mean, variance }.update(&batch, norm.momentum);
        }
        Ok(())
    }

    /// Whether a batch of `samples` samples can be trained on: a batch normalisation needs more
    /// than one value of each channel.
    ///
    /// # Errors
    ///
    /// No samples, or too few for a batch normalisation.
    pub fn check_batch(&self, samples: usize) -> Result<(), BufferError> {
        if samples == 0 {
            let most = usize::MAX;
            return Err(BufferError::Samples { most, given: 0 });
        }
        for step in self.steps() {
            let is_norm = matches!(step.operation, Operation::BatchNorm { .. });
            let values = samples * step.input.map_elements();
            if is_norm && values < batch_norm::fewest_values() {
                return Err(BufferError::SingleValue {
                    node: step.node + 1,
                });
            }
        }
        Ok(())
    }
}

fn epsilon(step: &Step) -> f32 {
    match step.operation {
        Operation::BatchNorm { norm, .. } => norm.epsilon,
        _ => 0.0,
    }
}
