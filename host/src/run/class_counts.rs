//! How many samples each class has, and what is odd about it.

use crate::confusion::UNBALANCED;
use crate::data::Dataset;
use crate::output::{first_names, grouped};

/// Classes that are listed before the list stops.
const LISTED: usize = 12;

/// Samples of each class to train on, held out, and to test on.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassCounts<'a> {
    names: &'a [String],
    counts: Vec<[usize; 3]>,
}

impl<'a> ClassCounts<'a> {
    /// Of a dataset of which the samples with these indices are held out.
    pub fn of(dataset: &'a Dataset, held_out: &[u32]) -> Self {
        let mut counts = vec![[0_usize; 3]; dataset.classes.len()];
        let mut add = |label: u16, part: usize, number: isize| {
            if let Some(counts) = counts.get_mut(usize::from(label)) {
                counts[part] = counts[part].saturating_add_signed(number);
            }
        };
        for label in &dataset.train.labels {
            add(*label, 0, 1);
        }
        for index in held_out {
            let label = dataset.train.labels[*index as usize];
            add(label, 0, -1);
            add(label, 1, 1);
        }
        for label in dataset.test.iter().flat_map(|test| &test.labels) {
            add(*label, 2, 1);
        }
        Self {
            names: &dataset.classes,
            counts,
        }
    }

    /// Samples of each class to train on, held out, and to test on.
    pub fn counts(&self) -> &[[usize; 3]] {
        &self.counts
    }

    /// What a sample of the first classes counts in the loss, in one line.
    pub fn weights_listed(&self, weights: &[f32]) -> String {
        let all = self.names.iter().zip(weights);
        let listed: Vec<String> = all
            .take(LISTED)
            .map(|(name, weight)| format!("{name} {weight:.2}"))
            .collect();
        let more = match self.names.len() > LISTED {
            true => ", …",
            false => "",
        };
        format!(
            "a sample counts, in the loss, by its class: {}{more}",
            listed.join(", ")
        )
    }

    /// The first classes with their counts, in one line.
    pub fn listed(&self) -> String {
        let parts: Vec<usize> = (0..3).filter(|part| self.sum(*part) > 0).collect();
        let class = |(name, counts): (&String, &[usize; 3])| {
            let counts: Vec<String> = parts
                .iter()
                .map(|part| grouped(counts[*part] as u64))
                .collect();
            format!("{name} {}", counts.join("/"))
        };
        let all = self.names.iter().zip(&self.counts);
        let listed: Vec<String> = all.take(LISTED).map(class).collect();
        let more = match self.names.len() > LISTED {
            true => ", …",
            false => "",
        };
        let parts: Vec<&str> = parts
            .iter()
            .map(|part| ["train", "validate", "test"][*part])
            .collect();
        format!("{}{more} (to {})", listed.join(", "), parts.join("/"))
    }

    /// What a user should know, one sentence each: classes that nothing is trained on or that nothing
    /// validates, and one class that is much more common than another.
    pub fn notes(&self) -> Vec<String> {
        let without = |part: usize| {
            let all = self.names.iter().zip(&self.counts);
            let named = all.filter(|(_, counts)| counts[part] == 0);
            named.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let mut notes = vec![];
        let untrained = without(0);
        if !untrained.is_empty() {
            notes.push(format!(
                "no samples to train on of {}",
                first_names(&untrained)
            ));
        }
        let unvalidated = without(1);
        if self.sum(1) > 0 && !unvalidated.is_empty() {
            notes.push(format!(
                "no samples to validate on of {}",
                first_names(&unvalidated)
            ));
        }
        notes.extend(self.imbalance());
        notes
    }

    fn imbalance(&self) -> Option<String> {
        let trained = || self.counts.iter().map(|counts| counts[0]).enumerate();
        let (largest, most) = trained().rev().max_by_key(|(_, count)| *count)?;
        let (_, least) = trained()
            .filter(|(_, count)| *count > 0)
            .min_by_key(|(_, count)| *count)?;
        if most < UNBALANCED as usize * least {
            return None;
        }
        let judged = [2, 1, 0].into_iter().find(|part| self.sum(*part) > 0)?;
        let share = 100.0 * self.counts[largest][judged] as f64 / self.sum(judged) as f64;
        Some(format!(
            "the classes have from {} to {} samples to train on; always naming {} would be right in {share:.1}% \
             of those to {}",
            grouped(least as u64),
            grouped(most as u64),
            self.names[largest],
            ["train on", "validate on", "test on"][judged]
        ))
    }

    fn sum(&self, part: usize) -> usize {
        self.counts.iter().map(|counts| counts[part]).sum()
    }
}
