//! Which samples are held out.

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
