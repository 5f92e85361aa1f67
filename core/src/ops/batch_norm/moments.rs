//! Mean and spread of each channel: of a group, of a batch, and of what ran before.

use crate::lanes::{Kernel, Lanes};
use crate::ops::channel_sums::add_channel_sums;
use libm::sqrtf;

/// Adds the sums of a packet of samples to its group's, which began at zero.
pub(crate) struct GroupSum<'a, L> {
    /// channels x map
    pub input: &'a [L],
    /// Values of a channel.
    pub map: usize,
    /// Lanes in use.
    pub samples: usize,
    /// channels
    pub sums: &'a mut [f32],
}

impl<L: Lanes> Kernel for GroupSum<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        add_channel_sums(
            [self.input],
            self.map,
            self.samples,
            #[inline(always)]
            |_| (),
            #[inline(always)]
            |(), [x]| [x],
            [self.sums],
        );
    }
}

/// Turns a group's sums into its means; `count` is the number of values of a channel, samples times
/// positions.
pub fn group_mean(count: usize, sums: &mut [f32]) {
    for sum in sums {
        *sum /= count as f32;
    }
}

/// Adds the squared distances of a packet of samples from its group's means to the group's sums,
/// which began at zero.
pub(crate) struct GroupSquares<'a, L> {
    /// channels x map
    pub input: &'a [L],
    /// Values of a channel.
    pub map: usize,
    /// Lanes in use.
    pub samples: usize,
    /// channels
    pub mean: &'a [f32],
    /// channels
    pub squares: &'a mut [f32],
}

impl<L: Lanes> Kernel for GroupSquares<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let proof = self.input[0];
        add_channel_sums(
            [self.input],
            self.map,
            self.samples,
            #[inline(always)]
            |channel| proof.splat(self.mean[channel]),
            #[inline(always)]
            |mean, [x]| {
                let distance = x.sub(mean);
                [distance.mul(distance)]
            },
            [self.squares],
        );
    }
}

/// What a number of values have in common, channel by channel. `S` is `&[f32]`, or `&mut [f32]`
/// where they are collected.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments<S> {
    /// Values of each channel: samples times positions.
    pub count: usize,
    /// channels: the means
    pub mean: S,
    /// channels: the sums of squared distances from the means
    pub squares: S,
}

/// Adds a group to the groups before it (Chan, Golub and LeVeque 1979). The first one is taken as
/// it is. Every operation is rounded, in this order, the counts to f32 too:
///
/// ```text
/// share = group.count / count,  count = total.count + group.count
/// delta = group.mean - mean
/// squares = (squares + group.squares) + (delta * delta) * (total.count * share)
/// mean = mean + delta * share
/// ```
pub fn combine(total: &mut Moments<&mut [f32]>, group: &Moments<&[f32]>) {
    if total.count == 0 {
        total.count = group.count;
        total.mean.copy_from_slice(group.mean);
        total.squares.copy_from_slice(group.squares);
        return;
    }
    let count = total.count + group.count;
    let share = group.count as f32 / count as f32;
    let between = total.count as f32 * share;
    let totals = total.mean.iter_mut().zip(&mut *total.squares);
    let groups = group.mean.iter().zip(group.squares);
    for ((mean, squares), (group_mean, group_squares)) in totals.zip(groups) {
        let delta = group_mean - *mean;
        *squares = (*squares + group_squares) + (delta * delta) * between;
        *mean += delta * share;
    }
    total.count = count;
}

/// `1 / sqrt(squares / count + epsilon)` for each channel: the reciprocal of the standard deviation,
/// with the biased variance.
pub fn inverse(batch: &Moments<&[f32]>, epsilon: f32, inverse: &mut [f32]) {
    for (inverse, squares) in inverse.iter_mut().zip(batch.squares) {
        let variance = squares / batch.count as f32;
        *inverse = 1.0 / sqrtf(variance + epsilon);
    }
}

/// What evaluation normalises by.
#[derive(Debug)]
pub struct RunningStatistics<'a> {
    /// channels
    pub mean: &'a mut [f32],
    /// channels: the unbiased variances
    pub variance: &'a mut [f32],
}

impl RunningStatistics<'_> {
    /// Takes a batch in, once a step: `(1 - momentum) * running + momentum * of the batch`, with
    /// the batch's unbiased variance, `squares / (count - 1)`. A batch has at least two values
    /// a channel.
    pub fn update(&mut self, batch: &Moments<&[f32]>, momentum: f32) {
        let kept = 1.0 - momentum;
        for (running, mean) in self.mean.iter_mut().zip(batch.mean) {
            *running = kept * *running + momentum * mean;
        }
        let degrees = (batch.count - 1) as f32;
        for (running, squares) in self.variance.iter_mut().zip(batch.squares) {
            *running = kept * *running + momentum * (squares / degrees);
        }
    }
}
