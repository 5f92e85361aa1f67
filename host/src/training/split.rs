//! Which samples are held out.

use crate::data::Dataset;
use crate::seeds::{self, Stream};
use kiln_core::random;

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
    /// [`Split::new`].
    ///
    /// # Errors
    ///
    /// As [`Split::new`].
    pub fn of(dataset: &Dataset, fraction: f64, seed: u64) -> Result<Self, SplitError> {
        let (samples, held_out) = (dataset.train.len(), dataset.set_aside);
        if held_out == 0 {
            let mut split = Self::new(samples, fraction, seed)?;
            if dataset.labelled {
                split.leave_each_class_one(&dataset.train.labels);
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
