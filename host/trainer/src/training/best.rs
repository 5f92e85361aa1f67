//! The best epoch so far, and its weights.

use super::{Epoch, MeanScore};
use serde::{Deserialize, Serialize};

/// The weights of the epoch that did best on the samples held out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestEpoch {
    /// Its number, from 1.
    pub epoch: u32,
    /// What it reached on the samples held out.
    pub score: MeanScore,
    /// The parameters behind it.
    pub parameters: Vec<f32>,
    /// The running statistics of the batch normalisations behind it.
    pub statistics: Vec<f32>,
}

impl BestEpoch {
    /// What `epoch` reached on the samples held out, where that is better than `best`, if there is one: by its
    /// accuracy, or where that is the same or there is none, by its loss. Of equals the first stays.
    pub fn better_score(epoch: &Epoch, best: Option<&Self>) -> Option<MeanScore> {
        let score = epoch.validation?;
        let is_better = best.is_none_or(|best| score.is_better_than(&best.score));
        is_better.then_some(score)
    }
}

impl MeanScore {
    /// Whether the accuracy is higher, or where that is the same or there is none, the loss is lower.
    pub fn is_better_than(&self, other: &Self) -> bool {
        match self.accuracy.partial_cmp(&other.accuracy) {
            Some(order) if order.is_ne() => order.is_gt(),
            _ => self.loss < other.loss,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_goes_before_loss_and_the_first_of_equals_stays() {
        let score = |accuracy, loss| MeanScore { accuracy, loss };
        assert!(score(Some(0.6), 2.0).is_better_than(&score(Some(0.5), 1.0)));
        assert!(score(Some(0.5), 0.9).is_better_than(&score(Some(0.5), 1.0)));
        assert!(!score(Some(0.5), 1.0).is_better_than(&score(Some(0.5), 1.0)));
        assert!(score(None, 0.1).is_better_than(&score(None, 0.2)));
    }
}
