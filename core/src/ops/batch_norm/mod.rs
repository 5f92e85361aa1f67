//! Batch normalisation in training: by the statistics of the whole batch.
//!
//! Samples run in groups, so a batch meets twice. BatchNormForward, every group leaves the [`Moments`] of
//! its channels ([`GroupSum`], then [`group_mean`], then [`GroupSquares`]); they are combined group
//! by group, in order ([`combine`]), and give what all samples are normalised by ([`inverse`],
//! [`Normalize`]). Backward, every group leaves sums of gradients ([`BatchNormParameterGradient`]), which
//! are the gradients of weights and biases too; added group by group, in order, from zero, they
//! give the input's ([`BatchNormInputGradient`]).
//!
//! Samples of a group may lie in several packets: sums over a group begin at zero and are given
//! one packet after the other.

mod gradient;
mod moments;
mod normalize;
pub mod reference;

pub(crate) use gradient::{BatchNormInputGradient, BatchNormParameterGradient};
pub(crate) use moments::{
    GroupSquares, GroupSum, Moments, RunningStatistics, combine, group_mean, inverse,
};
pub(crate) use normalize::Normalize;

/// Fewest values of a channel, samples times positions, that a batch can be normalised by: the
/// unbiased variance of fewer has no value.
pub(crate) const fn fewest_values() -> usize {
    2
}

/// Values of the gradient of weights and biases, and of a group's means and sums of squares.
pub(crate) const fn channel_values(channels: usize) -> usize {
    2 * channels
}

#[cfg(test)]
mod tests;
