//! How well scores tell two classes apart, whatever threshold is chosen.

use crate::data::{Dataset, Samples};
use serde::{Deserialize, Serialize};

/// How well the error of an autoencoder tells the samples of one class from all others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnomalyDetection {
    /// Name of the class that is to be found.
    pub class: String,
    /// Area under the ROC curve.
    pub area: f64,
}

impl AnomalyDetection {
    /// By the errors of the samples at `indices`. Nothing where the dataset has no class that is to
    /// be found, or the samples are all of it or all of others.
    pub fn of(
        dataset: &Dataset,
        samples: &Samples,
        indices: &[u32],
        errors: &[f32],
    ) -> Option<Self> {
        let class = dataset.anomaly()?;
        let labels = indices.iter().map(|index| samples.labels[*index as usize]);
        let scores = errors.iter().map(|error| f64::from(*error));
        let area = area_under_roc(scores.zip(labels.map(|label| label == class)))?;
        let class = dataset.classes.get(usize::from(class))?.clone();
        Some(Self { class, area })
    }
}

/// The area under the ROC curve: the share of pairs of a positive and a negative sample in which
/// the positive one has the higher score, pairs of equal scores counting half.
///
/// `samples` are scores, each with whether the sample is positive. Exact up to the last division:
/// ranks are counted in halves. Scores are in the order of [`f64::total_cmp`], but -0 equals 0;
/// NaN, of either sign, is above infinity, so that a model that has diverged is not taken for one
/// that finds nothing. `None` where either class has no samples.
pub fn area_under_roc(samples: impl IntoIterator<Item = (f64, bool)>) -> Option<f64> {
    let mut samples: Vec<(f64, bool)> = samples
        .into_iter()
        .map(|(score, is_positive)| (canonical(score), is_positive))
        .collect();
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = samples.iter().filter(|sample| sample.1).count() as u128;
    let negatives = samples.len() as u128 - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let mut below = 0;
    let mut halves = 0;
    for equals in samples.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let hits = equals.iter().filter(|sample| sample.1).count() as u128;
        let misses = equals.len() as u128 - hits;
        halves += hits * (2 * below + misses);
        below += misses;
    }
    Some(halves as f64 / (2 * positives * negatives) as f64)
}

/// One representation for each score.
fn canonical(score: f64) -> f64 {
    match score {
        _ if score.is_nan() => f64::NAN.abs(),
        0.0 => 0.0,
        _ => score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn area(scores: &[f64], positive: &[u8]) -> Option<f64> {
        let labels = positive.iter().map(|label| *label == 1);
        area_under_roc(scores.iter().copied().zip(labels))
    }

    /// Every pair, one by one.
    fn by_pairs(samples: &[(f64, bool)]) -> Option<f64> {
        let of = |wanted| samples.iter().filter(move |sample| sample.1 == wanted);
        let mut sum = 0.0;
        for positive in of(true) {
            for negative in of(false) {
                sum += match positive.0.partial_cmp(&negative.0)? {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let pairs = of(true).count() * of(false).count();
        (pairs > 0).then(|| sum / pairs as f64)
    }

    #[test]
    fn known_areas() {
        // The example in scikit-learn's documentation of `roc_auc_score`'s curve.
        assert_eq!(area(&[0.1, 0.4, 0.35, 0.8], &[0, 0, 1, 1]), Some(0.75));
        assert_eq!(area(&[1.0, 2.0, 3.0, 4.0], &[0, 0, 1, 1]), Some(1.0));
        assert_eq!(area(&[4.0, 3.0, 2.0, 1.0], &[0, 0, 1, 1]), Some(0.0));
        assert_eq!(area(&[5.0; 4], &[0, 1, 1, 0]), Some(0.5));
        // Of six pairs three are in order, and one is a tie.
        let tied = area(&[1.0, 2.0, 2.0, 3.0, 0.5], &[0, 0, 1, 1, 1]);
        assert_eq!(tied, Some(3.5 / 6.0));
    }

    #[test]
    fn a_class_without_samples_has_no_area() {
        assert_eq!(area(&[], &[]), None);
        assert_eq!(area(&[1.0, 2.0], &[1, 1]), None);
        assert_eq!(area(&[1.0, 2.0], &[0, 0]), None);
    }

    #[test]
    fn zeros_are_equal_and_nan_is_above_all() {
        assert_eq!(area(&[-0.0, 0.0], &[1, 0]), Some(0.5));
        assert_eq!(area(&[-f64::NAN, f64::INFINITY], &[1, 0]), Some(1.0));
        assert_eq!(area(&[-f64::NAN, f64::NAN], &[1, 0]), Some(0.5));
    }

    proptest! {
        #[test]
        fn ranks_count_as_pairs_do(
            samples in proptest::collection::vec(((0_u8..9).prop_map(f64::from), any::<bool>()), 0..60)
        ) {
            prop_assert_eq!(area_under_roc(samples.iter().copied()), by_pairs(&samples));
        }
    }
}
