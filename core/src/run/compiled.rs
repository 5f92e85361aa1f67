//! The kernels, compiled here, once for each packet type.
//!
//! They are generic, and what is generic is compiled again in every crate that uses it. These
//! methods are not, so a program that uses every width links them instead of compiling them. On a bare
//! machine those that train groups are, all the same, and without the feature `compiled` all of them: the
//! firmware trains one sample at a time, its build computes few, and both would wait for what they leave out.

use super::channels_last::ChannelsLastForward;
use super::forward::StepForward;
use super::gradient::AddSums;
use super::group::GroupBackward;
use super::meeting::GroupStatistics;
use crate::int8::{FakeQuantize, PassGradient};
use crate::lanes::vectors::each_packet;
use crate::lanes::{Lanes, Vector, run_chains};
use crate::ops::activation::ActivationMask;
use crate::ops::add::Accumulate;
use crate::ops::batch_norm;
use crate::ops::linear::WeightGradient;
use crate::ops::loss::{ErrorScore, MeanSquaredError, PacketScores, Score, SoftmaxCrossEntropy};
use crate::pack::{Pack, PackCodes, PackWords};
use crate::sgd::{Descend, DescendWithMomentum};

/// The pieces of work that the passes consist of.
///
/// `pub` in a private module: like [`Vector`], it seals [`Lanes`](crate::Lanes).
pub trait Compiled: Vector {
    /// Runs one step forward.
    fn forward(work: StepForward<'_, Self>);
    /// Runs one step of a single sample, its channels side by side, in the separate arithmetic.
    fn forward_channels_last(self, work: ChannelsLastForward<'_>);
    /// Runs one step of a group forward.
    fn forward_in_training(work: StepForward<'_, Self>);
    /// Runs the first half of one step of a group backward: its parameters.
    fn differentiate_parameters(work: &mut GroupBackward<'_, Self>);
    /// Runs the second half: what it read.
    fn differentiate_input(work: GroupBackward<'_, Self>);
    /// Leaves a group's statistics for a batch normalisation.
    fn leave_statistics(work: GroupStatistics<'_, Self>);
    /// Adds a packet's part of the gradients of a batch normalisation's weights and biases.
    fn sum_batch_norm_gradients(work: batch_norm::BatchNormParameterGradient<'_, Self>);
    /// Turns outputs into their distances from the input, and these into gradients.
    fn differentiate_reconstruction(work: MeanSquaredError<'_, Self>);
    /// Turns outputs into their distances from the input.
    fn score_reconstruction(work: ErrorScore<'_, Self>);
    /// Turns logits into losses and their gradient.
    fn differentiate_loss(work: SoftmaxCrossEntropy<'_, Self>);
    /// Turns logits into losses.
    fn score(work: Score<'_, Self>);
    /// Adds a group to the gradient of rows of weights.
    fn add_weight_gradient(work: WeightGradient<'_, Self>);
    /// Adds a group's sums to a gradient.
    fn add_sums(self, work: AddSums<'_>);
    /// Takes a gradient to where an activation is not flat.
    fn mask(work: ActivationMask<'_, Self>);
    /// Adds up the gradients of a value's readers.
    fn accumulate(work: Accumulate<'_, Self>);
    /// Takes a step of gradient descent.
    fn descend(self, work: Descend<'_>);
    /// The same along a velocity.
    fn descend_with_momentum(self, work: DescendWithMomentum<'_>);
    /// Rounds numbers to those that codes stand for.
    fn fake_quantize(work: FakeQuantize<'_, Self>);
    /// Takes the gradient of numbers beyond the codes away.
    fn pass_gradient(work: PassGradient<'_, Self>);
    /// Packs pixels.
    fn pack(self, work: Pack<'_, Self>);
    /// Packs the numbers of codes.
    fn pack_codes(self, work: PackCodes<'_, Self>);
    /// Packs the numbers of codes that lie in packets.
    fn pack_words(self, work: PackWords<'_, Self>);
    /// Turns several packets' logits into losses.
    fn score_packets(work: PacketScores<'_, Self>);
    /// Multiplies and adds in all registers.
    fn run_chains(self, rounds: usize) -> u64;
}

macro_rules! compile {
    ($(($($generics:tt)*) $packet:ty),+) => {$(
        impl<$($generics)*> Compiled for $packet {
            #[cfg_attr(not(any(target_os = "none", feature = "compiled")), inline)]
            fn forward(work: StepForward<'_, Self>) {
                work.run();
            }

            #[cfg_attr(not(any(target_os = "none", feature = "compiled")), inline)]
            fn forward_channels_last(self, work: ChannelsLastForward<'_>) {
                work.run(self.separate());
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn forward_in_training(work: StepForward<'_, Self>) {
                work.run_in_training();
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn differentiate_parameters(work: &mut GroupBackward<'_, Self>) {
                work.run_parameters();
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn differentiate_input(work: GroupBackward<'_, Self>) {
                work.run_input();
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn leave_statistics(work: GroupStatistics<'_, Self>) {
                work.packets[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn sum_batch_norm_gradients(work: batch_norm::BatchNormParameterGradient<'_, Self>) {
                work.input[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn differentiate_reconstruction(work: MeanSquaredError<'_, Self>) {
                work.output[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn score_reconstruction(work: ErrorScore<'_, Self>) {
                work.output[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn differentiate_loss(work: SoftmaxCrossEntropy<'_, Self>) {
                work.logits[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn score(work: Score<'_, Self>) {
                work.logits[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn add_weight_gradient(work: WeightGradient<'_, Self>) {
                work.proof.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn add_sums(self, work: AddSums<'_>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn mask(work: ActivationMask<'_, Self>) {
                work.output[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn accumulate(work: Accumulate<'_, Self>) {
                work.other[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn descend(self, work: Descend<'_>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn descend_with_momentum(self, work: DescendWithMomentum<'_>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn fake_quantize(work: FakeQuantize<'_, Self>) {
                work.values[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn pass_gradient(work: PassGradient<'_, Self>) {
                work.gradient[0].vectorize(work);
            }

            #[cfg_attr(not(any(target_os = "none", feature = "compiled")), inline)]
            fn pack(self, work: Pack<'_, Self>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn pack_codes(self, work: PackCodes<'_, Self>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn pack_words(self, work: PackWords<'_, Self>) {
                self.vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn score_packets(work: PacketScores<'_, Self>) {
                work.logits[0].vectorize(work);
            }

            #[cfg_attr(any(target_os = "none", not(feature = "compiled")), inline)]
            fn run_chains(self, rounds: usize) -> u64 {
                run_chains(self, rounds)
            }
        }
    )+};
}

compile!(() f32);
each_packet!(compile);
#[cfg(test)]
compile!((const REGISTERS: usize, const FUSED: bool) crate::lanes::Counted<REGISTERS, FUSED>);
