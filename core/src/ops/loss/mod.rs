//! What training makes smaller: softmax cross-entropy against labels, and mean squared error against
//! targets.

mod cross_entropy;
mod elementary;
mod mean_squared_error;
mod packet_scores;
pub mod reference;

pub use cross_entropy::{Score, SoftmaxCrossEntropy};
pub(crate) use mean_squared_error::{ErrorScore, MeanSquaredError};
pub use packet_scores::PacketScores;

/// What the samples of a packet or a batch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sum of the samples' losses, in their order.
    pub loss_sum: f64,
    /// Samples whose highest logit was their label's; none where there are no labels.
    pub correct: usize,
    /// Number of samples.
    pub samples: usize,
}

impl core::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.loss_sum += other.loss_sum;
        self.correct += other.correct;
        self.samples += other.samples;
    }
}

#[cfg(test)]
mod tests;
