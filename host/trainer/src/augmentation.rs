//! Training samples changed a little each time they are seen: flipped, shifted, turned, in part erased.
//!
//! What is drawn for a sample depends on the seed, the epoch and the sample's index, and on nothing
//! drawn before. So neither threads nor an interruption change what a run sees.

mod draws;
mod erase;
mod place;

use crate::data::{ImageShape, Samples, Values};
use crate::seeds::{self, Stream};
use draws::Draws;

/// What is done to training samples; by default nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Whether every other image is mirrored, left to right.
    pub flip: bool,
    /// Most pixels an image is moved by, in each direction.
    pub shift: u16,
    /// Most degrees an image is turned by, either way; finite, not negative.
    pub rotate: f64,
    /// Probability, in `[0, 1]`, that a rectangle of an image is replaced by noise: random erasing
    /// (Zhong et al. 2020).
    pub erase: f64,
}

/// Why samples cannot be augmented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AugmentationError {
    /// A shift that leaves nothing of an image.
    #[error(
        "--augment shift:{shift}: it must be below {side}, the pixels of the images' smaller side"
    )]
    Shift {
        /// Most pixels an image is moved by.
        shift: u16,
        /// Pixels of the images' smaller side.
        side: usize,
    },
    /// Samples that are no images.
    #[error(
        "--augment: only images of bytes can be augmented, and these samples are f32 numbers; \
             leave it out, or say --augment none"
    )]
    Floats,
}

/// An augmentation with the seed of a run.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter {
    augmentation: Augmentation,
    base: u64,
}

/// What an augmenter draws in one epoch.
#[derive(Clone, Copy, Debug)]
pub struct EpochAugmenter {
    augmenter: Augmenter,
    epoch: u32,
}

impl Augmentation {
    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Finds out whether it can be done to `samples` and leaves something of them.
    ///
    /// # Errors
    ///
    /// If they are floats, or the shift may move all of an image out of it.
    pub fn check(&self, samples: &Samples) -> Result<(), AugmentationError> {
        let shape = samples.shape;
        let (shift, side) = (self.shift, shape.height.min(shape.width));
        match &samples.values {
            Values::Floats(_) if !self.is_none() => Err(AugmentationError::Floats),
            _ if shift > 0 && usize::from(shift) >= side => {
                Err(AugmentationError::Shift { shift, side })
            }
            _ => Ok(()),
        }
    }

    /// What a run of this seed draws; nothing where images stay as they are.
    pub fn with_seed(self, seed: u64) -> Option<Augmenter> {
        let mut source = seeds::source(seed, Stream::Augmentation);
        let base = u64::from(source()) << 32 | u64::from(source());
        (!self.is_none()).then_some(Augmenter {
            augmentation: self,
            base,
        })
    }
}

impl Augmenter {
    /// What it draws in an epoch, the first of which is 0.
    pub fn epoch(self, epoch: u32) -> EpochAugmenter {
        EpochAugmenter {
            augmenter: self,
            epoch,
        }
    }
}

impl EpochAugmenter {
    /// Writes to `augmented` what this epoch makes of `image`, the sample at `index`, both of
    /// `shape`; allocates nothing.
    pub fn apply(&self, index: u32, image: &[u8], shape: ImageShape, augmented: &mut [u8]) {
        let Augmentation {
            flip,
            shift,
            rotate,
            erase,
        } = self.augmenter.augmentation;
        let sample = u64::from(self.epoch) << 32 | u64::from(index);
        let mut draws = Draws::new(self.augmenter.base ^ sample);
        let place = place::Placement {
            flip: flip && draws.below(2) == 1,
            down: draws.offset(shift),
            right: draws.offset(shift),
        };
        if rotate > 0.0 {
            place.turned(draws.signed(rotate), image, shape, augmented);
        } else {
            place.moved(image, shape, augmented);
        }
        if erase > 0.0 && draws.fraction() < erase {
            erase::erase(augmented, shape, &mut draws);
        }
    }
}

#[cfg(test)]
mod tests;
