//! Which samples are held out.

use crate::data::Dataset;
use crate::seeds::{self, Stream};
use kiln_core::random;
use std::collections::{HashMap, HashSet};

/// Which of the training samples train and which validate, as indices in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Samples to train on.
    pub train: Vec<u32>,
    /// Samples held out.
    pub validation: Vec<u32>,
}

/// Nothing is left to train on.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "{samples} training samples leave none to train on beside {held_out} held out; \
     lower --validation or add samples"
)]
pub struct SplitError {
    /// Samples there are.
    pub samples: usize,
    /// Samples that would be held out.
    pub held_out: usize,
}

impl Split {
    /// As the dataset itself is divided, where it sets samples aside to validate on, or else as
    /// [`Split::new`], but that samples that are exactly the same are on one side, and that each class keeps one
    /// to train on.
    ///
    /// # Errors
    ///
    /// As [`Split::new`].
    pub fn of(dataset: &Dataset, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        let (samples, held_out) = (dataset.train.len(), dataset.set_aside);
        if held_out == 0 {
            let twins = dataset.train.first_twins();
            let mut split = match &twins {
                Some(twins) => Self::of_twins(twins, fraction, seed)?,
                None => Self::new(samples, fraction, seed)?,
            };
            if dataset.labelled {
                split.leave_each_class_one(&dataset.train.labels);
            }
            if let Some(twins) = &twins {
                split.unite(twins);
            }
            return Ok(split);
        }
        if held_out >= samples {
            return Err(SplitError { samples, held_out });
        }
        let mut train: Vec<u32> = (0..samples as u32).collect();
        let validation = train.split_off(samples - held_out);
        Ok(Self { train, validation })
    }

    /// As [`Split::new`], but that samples of which `twins` names the same first one stay together: they are drawn
    /// in the same order, as long as all of them still find a place among as many.
    fn of_twins(twins: &[u32], fraction: f64, seed: u64) -> Result<Self, SplitError> {
        let whole = Self::new(twins.len(), fraction, seed)?;
        let wanted = whole.validation.len();
        let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
        for (index, first) in (0..).zip(twins) {
            members.entry(*first).or_default().push(index);
        }
        let mut order: Vec<u32> = (0..twins.len() as u32).collect();
        random::shuffle(&mut order, seeds::source(seed, Stream::Split));
        let mut is_held_out = vec![false; twins.len()];
        let mut count = 0;
        for index in order {
            // Once for all of them: the first that comes takes the others along or leaves them.
            let Some(together) = members.remove(&twins[index as usize]) else {
                continue;
            };
            // Where each is there so often that none finds a place, some are better than none.
            let fits = count + together.len() <= wanted;
            let is_first = wanted > 0 && members.is_empty() && count == 0;
            if fits || is_first && 2 * together.len() <= twins.len() {
                count += together.len();
                together
                    .iter()
                    .for_each(|index| is_held_out[*index as usize] = true);
            }
        }
        let (validation, train) =
            (0..twins.len() as u32).partition(|index| is_held_out[*index as usize]);
        Ok(Self { train, validation })
    }

    /// Takes samples back to train on of which one that is the same trains already.
    fn unite(&mut self, twins: &[u32]) {
        let trained: HashSet<u32> = self
            .train
            .iter()
            .map(|index| twins[*index as usize])
            .collect();
        let (back, held_out): (Vec<u32>, Vec<u32>) = self
            .validation
            .iter()
            .partition(|index| trained.contains(&twins[**index as usize]));
        self.validation = held_out;
        self.train.extend(back);
        self.train.sort_unstable();
    }

    /// Takes the first sample of each class of which all are held out back to train on.
    fn leave_each_class_one(&mut self, labels: &[u16]) {
        let label = |index: &u32| labels[*index as usize];
        let mut is_trained =
            vec![false; 1 + usize::from(labels.iter().copied().max().unwrap_or(0))];
        for index in &self.train {
            is_trained[usize::from(label(index))] = true;
        }
        self.validation.retain(|index| {
            let trained = &mut is_trained[usize::from(label(index))];
            if !*trained {
                *trained = true;
                self.train.push(*index);
                return false;
            }
            true
        });
        self.train.sort_unstable();
    }

    /// Holds out `fraction` of `samples` samples, at least one unless it is 0, drawn by `seed`.
    ///
    /// # Errors
    ///
    /// If no sample would be left to train on.
    pub fn new(samples: usize, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        let wanted = (samples as f64 * fraction).round() as usize;
        let held_out = if fraction > 0.0 { wanted.max(1) } else { 0 };
        if held_out >= samples {
            return Err(SplitError { samples, held_out });
        }
        let mut validation: Vec<u32> = (0..samples as u32).collect();
        random::shuffle(&mut validation, seeds::source(seed, Stream::Split));
        let mut train = validation.split_off(held_out);
        train.sort_unstable();
        validation.sort_unstable();
        Ok(Self { train, validation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_uses_every_sample_once_and_follows_its_seed() {
        let split = Split::new(1_000, 0.1, 1).unwrap();
        assert_eq!(split.validation.len(), 100);
        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1_000));
        assert_eq!(Split::new(1_000, 0.1, 1), Ok(split.clone()));
        assert_ne!(Split::new(1_000, 0.1, 2), Ok(split));
    }

    #[test]
    fn a_split_leaves_each_class_a_sample_to_train_on() {
        let labels: Vec<u16> = (0..40).map(|index| index / 2).collect();
        for seed in 0..20 {
            let mut split = Split::new(40, 0.5, seed).unwrap();
            split.leave_each_class_one(&labels);
            let mut classes: Vec<u16> = split
                .train
                .iter()
                .map(|index| labels[*index as usize])
                .collect();
            classes.dedup();
            assert!(classes.iter().copied().eq(0..20), "{classes:?}");
            let mut all = [split.train, split.validation].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..40));
        }
    }

    #[test]
    fn what_is_the_same_stays_on_one_side() {
        for seed in 0..20 {
            // Pairs, but for the first ten.
            let twins: Vec<u32> = (0..100)
                .map(|index| if index < 10 { index } else { index - index % 2 })
                .collect();
            let split = Split::of_twins(&twins, 0.2, seed).unwrap();
            assert_eq!(split.validation.len(), 20);
            let sides = [&split.train, &split.validation].map(|side| -> HashSet<u32> {
                side.iter().map(|index| twins[*index as usize]).collect()
            });
            assert!(sides[0].is_disjoint(&sides[1]));
            let mut all = [split.train, split.validation].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..100));
            // Where nothing is the same, it is the usual split.
            let own: Vec<u32> = (0..100).collect();
            assert_eq!(Split::of_twins(&own, 0.2, seed), Split::new(100, 0.2, seed));
        }
        // Two images, again and again.
        let twins: Vec<u32> = (0..40).map(|index| index % 2).collect();
        let split = Split::of_twins(&twins, 0.1, 1).unwrap();
        assert_eq!([split.train.len(), split.validation.len()], [20, 20]);
    }

    #[test]
    fn a_split_leaves_something_to_train_on() {
        assert!(Split::new(3, 0.0, 1).unwrap().validation.is_empty());
        assert_eq!(Split::new(3, 0.01, 1).unwrap().validation.len(), 1);
        let error = SplitError {
            samples: 2,
            held_out: 2,
        };
        assert_eq!(Split::new(2, 0.9, 1), Err(error));
        assert!(Split::new(0, 0.0, 1).is_err());
    }
}
