//! Random numbers for one sample.

use kiln_core::random;
use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// A generator of its own for one sample: Xoshiro128++, seeded by SplitMix64, which gives generators
/// of neighbouring seeds nothing in common.
pub(super) struct Draws(Xoshiro128PlusPlus);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro128PlusPlus::seed_from_u64(seed))
    }

    /// A whole number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        random::below(bound, || self.0.next_u32())
    }

    /// A whole number between `-most` and `most`.
    pub fn offset(&mut self, most: u16) -> i32 {
        self.below(2 * u32::from(most) + 1) as i32 - i32::from(most)
    }

    /// A number in `[0, 1)`.
    pub fn fraction(&mut self) -> f64 {
        f64::from(random::uniform(|| self.0.next_u32()))
    }

    /// A number between `-most` and `most`.
    pub fn signed(&mut self, most: f64) -> f64 {
        (2.0 * self.fraction() - 1.0) * most
    }

    /// Fills `bytes` with noise.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(4) {
            part.copy_from_slice(&self.0.next_u32().to_le_bytes()[..part.len()]);
        }
    }
}
