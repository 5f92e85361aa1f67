//! Which classes are taken for which.

use kiln_core::reference::loss::highest_class;
use serde::{Serialize, Serializer};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How often samples of each class were predicted to be of each class.
///
/// As JSON it is the confusion matrix: a row for each true class, and in it a column for each
/// predicted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// By true and predicted class; what never happened is left out, since of many classes most
    /// pairs never do.
    counts: BTreeMap<(usize, usize), u64>,
    /// Samples of each class.
    truths: Vec<u64>,
    /// Samples predicted to be of each class.
    predictions: Vec<u64>,
}

/// From how many samples of a class to one of another on they are called unbalanced.
pub const UNBALANCED: u64 = 3;

/// Samples of one class that were taken for another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfusedPair {
    /// The class they are of.
    pub truth: usize,
    /// The class they were taken for.
    pub predicted: usize,
    /// How many there were.
    pub samples: u64,
    /// Their share of all samples of their class.
    pub share: f64,
}

impl Confusion {
    /// Counts the samples by label and by the class of the highest logit, the first of equals.
    /// `logits` is samples x classes; labels are below `classes`, of which there is at least one.
    pub fn of(labels: &[u16], logits: &[f32], classes: usize) -> Self {
        let mut confusion = Self::empty(classes);
        for (label, logits) in labels.iter().zip(logits.chunks_exact(classes)) {
            confusion.add(usize::from(*label), highest_class(logits), 1);
        }
        confusion
    }

    /// From what [`Confusion::counts`] gives; all classes are below `classes`.
    pub fn from_counts(
        classes: usize,
        counts: impl IntoIterator<Item = (usize, usize, u64)>,
    ) -> Self {
        let mut confusion = Self::empty(classes);
        for (truth, predicted, samples) in counts {
            confusion.add(truth, predicted, samples);
        }
        confusion
    }

    fn empty(classes: usize) -> Self {
        Self {
            classes,
            counts: BTreeMap::new(),
            truths: vec![0; classes],
            predictions: vec![0; classes],
        }
    }

    fn add(&mut self, truth: usize, predicted: usize, samples: u64) {
        *self.counts.entry((truth, predicted)).or_default() += samples;
        self.truths[truth] += samples;
        self.predictions[predicted] += samples;
    }

    /// True class, predicted class and samples of every pair that there was, in order.
    pub fn counts(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        let counts = self.counts.iter();
        counts.map(|(&(truth, predicted), &samples)| (truth, predicted, samples))
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Samples of class `truth` that were predicted to be of class `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let count = self.counts.get(&(truth, predicted));
        count.copied().unwrap_or_default()
    }

    /// Samples of a class.
    pub fn samples(&self, class: usize) -> u64 {
        self.truths[class]
    }

    /// The share of the samples predicted to be of a class that are; nothing where none was.
    pub fn precision(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), self.predictions[class])
    }

    /// The share of a class's samples that were predicted to be of it; nothing where it has none.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.count(class, class), self.truths[class])
    }

    /// The mean of the classes' recalls, of those that have samples; nothing where none has.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        let recalls: Vec<f64> = (0..self.classes)
            .filter_map(|class| self.recall(class))
            .collect();
        (!recalls.is_empty()).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
    }

    /// Whether a class has so many more samples than another that accuracy says more of it than of that.
    pub fn is_unbalanced(&self) -> bool {
        let counts = || self.truths.iter().filter(|count| **count > 0);
        let (most, least) = (counts().max(), counts().min());
        most.zip(least)
            .is_some_and(|(most, least)| *most >= UNBALANCED * *least)
    }

    /// The most frequent confusions, at most `most` of them, the most frequent first; of equals
    /// the one whose classes come first.
    pub fn pairs(&self, most: usize) -> Vec<ConfusedPair> {
        let counts = self.counts.iter();
        let mut pairs: Vec<_> = counts
            .filter(|((truth, predicted), _)| truth != predicted)
            .map(|(&(truth, predicted), &samples)| ConfusedPair {
                truth,
                predicted,
                samples,
                share: samples as f64 / self.truths[truth] as f64,
            })
            .collect();
        pairs.sort_by_key(|pair| Reverse(pair.samples));
        pairs.truncate(most);
        pairs
    }
}

impl Serialize for Confusion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |truth| -> Vec<u64> {
            let columns = 0..self.classes;
            columns
                .map(|predicted| self.count(truth, predicted))
                .collect()
        };
        serializer.collect_seq((0..self.classes).map(row))
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples of three classes, of which the last has none and none is taken for the second.
    fn confusion() -> Confusion {
        let logits = [
            [2.0, 1.0, 0.0],
            [3.0, 3.0, 3.0],
            [0.0, 0.0, 1.0],
            [9.0, 0.0, 1.0],
            [0.0, -1.0, 1.0],
            [0.0, -1.0, 1.0],
        ];
        Confusion::of(&[0, 0, 0, 1, 1, 1], logits.as_flattened(), 3)
    }

    #[test]
    fn rows_are_the_true_classes() {
        let json = serde_json::to_string(&confusion()).unwrap();
        assert_eq!(json, "[[2,0,1],[1,0,2],[0,0,0]]");
    }

    #[test]
    fn shares_of_nothing_are_nothing() {
        let confusion = confusion();
        let each =
            |share: fn(&Confusion, usize) -> Option<f64>| [0, 1, 2].map(|c| share(&confusion, c));
        assert_eq!(
            each(Confusion::precision),
            [Some(2.0 / 3.0), None, Some(0.0)]
        );
        assert_eq!(each(Confusion::recall), [Some(2.0 / 3.0), Some(0.0), None]);
        assert_eq!([0, 1, 2].map(|class| confusion.samples(class)), [3, 3, 0]);
    }

    #[test]
    fn the_counts_are_all_of_it() {
        let confusion = confusion();
        let counts: Vec<_> = confusion.counts().collect();
        assert_eq!(counts, [(0, 0, 2), (0, 2, 1), (1, 0, 1), (1, 2, 2)]);
        assert_eq!(Confusion::from_counts(3, counts), confusion);
    }

    #[test]
    fn the_most_frequent_confusions_come_first() {
        let found: Vec<_> = confusion()
            .pairs(5)
            .iter()
            .map(|pair| (pair.truth, pair.predicted, pair.samples))
            .collect();
        assert_eq!(found, [(1, 2, 2), (0, 2, 1), (1, 0, 1)]);
        let first = confusion().pairs(1);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].share, 2.0 / 3.0);
    }
}
