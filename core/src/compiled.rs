//! The kernels, compiled here, once for each packet type.
//!
//! They are generic, and what is generic is compiled again in every crate that uses it. These
//! methods are not, so a program that uses every width links them instead of compiling them.

use crate::Step;
use crate::backward::StepBackward;
use crate::lanes::Vector;
use crate::ops::linear::WeightGradient;
use crate::ops::loss::{Score, SoftmaxCrossEntropy};
use crate::pack::Pack;

/// The pieces of work that the passes consist of.
///
/// `pub` in a private module: like [`Vector`], it seals [`Lanes`](crate::Lanes).
pub trait Compiled: Vector {
    /// Runs one step forward. `tensors` are its weights and biases; `winners` is empty for
    /// inference.
    fn forward(
        step: &Step,
        tensors: [&[f32]; 2],
        input: &[Self],
        output: &mut [Self],
        winners: &mut [u8],
    );
    /// Runs one step backward.
    fn backward(work: StepBackward<'_, Self>);
    /// Turns logits into losses and their gradient.
    fn differentiate_loss(work: SoftmaxCrossEntropy<'_, Self>);
    /// Turns logits into losses.
    fn score(work: Score<'_, Self>);
    /// Adds a group to the gradient of rows of weights.
    fn add_weight_gradient(work: WeightGradient<'_, Self>);
    /// Packs pixels.
    fn pack(self, work: Pack<'_, Self>);
}

macro_rules! compile {
    ($(($($generics:tt)*) $packet:ty),+) => {$(
        impl<$($generics)*> Compiled for $packet {
            fn forward(
                step: &Step,
                tensors: [&[f32]; 2],
                input: &[Self],
                output: &mut [Self],
                winners: &mut [u8],
            ) {
                crate::forward::forward(step, tensors, input, output, winners);
            }

            fn backward(work: StepBackward<'_, Self>) {
                work.run();
            }

            fn differentiate_loss(work: SoftmaxCrossEntropy<'_, Self>) {
                work.logits[0].vectorize(work);
            }

            fn score(work: Score<'_, Self>) {
                work.logits[0].vectorize(work);
            }

            fn add_weight_gradient(work: WeightGradient<'_, Self>) {
                work.proof.vectorize(work);
            }

            fn pack(self, work: Pack<'_, Self>) {
                self.vectorize(work);
            }
        }
    )+};
}

compile!(() f32);
#[cfg(target_arch = "x86_64")]
compile!(() crate::F32x4, () crate::F32x8, () crate::F32x16);
#[cfg(test)]
compile!((const REGISTERS: usize) crate::lanes::Counted<REGISTERS>);
