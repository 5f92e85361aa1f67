//! Dropout in training.
//!
//! What is dropped follows from a sample's key and a value's index alone, so that no split of
//! a batch shows, and the backward pass finds the same mask without keeping it.

use crate::lanes::{Kernel, Lanes};

/// Sets values to zero and scales the others up; in place, values as well as their gradients.
pub(crate) struct DropValues<'a, L> {
    /// Probability of a value to become zero, at least 0 and below 1.
    pub probability: f32,
    /// One key for each lane in use, of its own for each sample, step and dropout; what is in other
    /// lanes is lost.
    pub keys: &'a [u64],
    /// A sample's values, or their gradients.
    pub values: &'a mut [L],
}

impl<L: Lanes> Kernel for DropValues<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let threshold = reference::threshold(self.probability);
        let mut keys = [0; 16];
        keys[..self.keys.len()].copy_from_slice(self.keys);
        let keys = &keys[..L::LANES];
        for (index, value) in self.values.iter_mut().enumerate() {
            let mut kept = [0.0; 16];
            for (kept, key) in kept.iter_mut().zip(keys) {
                let is_kept = reference::draw(*key, index as u64) >= threshold;
                *kept = f32::from(u8::from(is_kept));
            }
            let zero = value.splat(0.0);
            let scaled = value.mul(value.splat(reference::scale(self.probability)));
            *value = L::select(value.load(&kept).greater(zero), scaled, zero);
        }
    }
}

/// What the dropouts of a training step draw from for a sample, which has number `sample` in the
/// step's batch; `steps` were taken before.
pub fn dropout_key(seed: u64, steps: u64, sample: u64) -> u64 {
    let step = reference::mix(seed, steps);
    reference::mix(step, sample)
}

/// What one of a network's dropouts, node `node`, draws from where its samples have these keys, at
/// most 16.
pub(crate) fn node_keys(keys: &[u64], node: usize) -> [u64; 16] {
    let mut own = [0; 16];
    for (own, key) in own.iter_mut().zip(keys) {
        *own = reference::mix(*key, node as u64);
    }
    own
}

/// The naive dropout, one sample at a time. It defines the bits.
pub mod reference {
    /// +0 where the value's draw is below the threshold, else the value times the scale. The same
    /// for values and for their gradients.
    pub fn dropout(probability: f32, key: u64, values: &mut [f32]) {
        for (index, value) in values.iter_mut().enumerate() {
            *value = match draw(key, index as u64) < threshold(probability) {
                true => 0.0,
                false => *value * scale(probability),
            };
        }
    }

    /// The upper 32 bits of the output that SplitMix64 (Steele, Lea and Flood 2014), seeded with
    /// `key`, gives after `index` others; found without these.
    #[inline(always)]
    pub fn draw(key: u64, index: u64) -> u32 {
        (mix(key, index) >> 32) as u32
    }

    /// That output whole.
    #[inline(always)]
    pub fn mix(key: u64, index: u64) -> u64 {
        let step = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut bits = key.wrapping_add(step);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// The whole part of 2^32 times the probability, of which the product is exact.
    #[inline(always)]
    pub fn threshold(probability: f32) -> u32 {
        (probability * 4_294_967_296.0) as u32
    }

    /// `1 / (1 - probability)`, each rounded: what keeps the mean of the values.
    #[inline(always)]
    pub fn scale(probability: f32) -> f32 {
        1.0 / (1.0 - probability)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::testing::*;
    use proptest::prelude::*;
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::SplitMix64;
    use std::vec;
    use std::vec::Vec;

    struct Dropped {
        probability: f32,
        len: usize,
        /// Lanes left empty.
        missing: usize,
        seed: u32,
    }

    impl AtWidth for Dropped {
        fn run<L: Lanes>(&self, zero: L) {
            let samples = L::LANES - self.missing % L::LANES;
            let key = |sample: usize| (sample as u64 + 7).wrapping_mul(u64::from(self.seed) << 20);
            let keys: Vec<u64> = (0..samples).map(key).collect();
            let tensors = tensors::<L>(self.len, self.seed);
            let mut packed = pack(zero, &tensors);
            let kernel = DropValues {
                probability: self.probability,
                keys: &keys,
                values: &mut packed,
            };
            run(zero, kernel);
            for (index, (key, tensor)) in keys.iter().zip(tensors).enumerate() {
                let mut expected = tensor;
                reference::dropout(self.probability, *key, &mut expected);
                assert_bits::<L>("dropped", &lane(&packed, index), &expected);
            }
        }
    }

    properties! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn dropout_equals_the_reference(
            probability in prop_oneof![Just(0.0_f32), Just(0.5), 0.0..0.99_f32],
            len in 1..60_usize,
            missing in 0..16_usize,
            seed in 0..1000_u32,
        ) {
            at_every_width(&Dropped { probability, len, missing, seed });
        }
    }

    #[test]
    fn draws_are_those_of_the_generator() {
        let mut generator = SplitMix64::seed_from_u64(99);
        for index in 0..20 {
            let expected = (generator.next_u64() >> 32) as u32;
            assert_eq!(reference::draw(99, index), expected, "{index}");
        }
    }

    #[test]
    fn the_share_dropped_is_the_probability_and_the_mean_is_kept() {
        for probability in [0.1_f32, 0.25, 0.5, 0.9] {
            for key in [0, 1, 1 << 40] {
                let mut values = vec![1.0; 40_000];
                reference::dropout(probability, key, &mut values);
                let dropped = values.iter().filter(|value| **value == 0.0).count();
                let share = dropped as f64 / values.len() as f64;
                // Four standard deviations of the widest.
                assert!((share - f64::from(probability)).abs() < 0.01, "{share}");
                let kept = values.iter().filter(|value| **value != 0.0);
                assert!(
                    kept.clone()
                        .all(|value| *value == 1.0 / (1.0 - probability))
                );
            }
        }
        let mut all = values(100, 3);
        reference::dropout(0.0, 5, &mut all);
        assert_bits::<f32>("nothing dropped", &all, &values(100, 3));
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let loss = |mut values: [f32; 12]| -> f32 {
            reference::dropout(0.5, 42, &mut values);
            let weighted = values.iter().enumerate();
            weighted.map(|(at, value)| value * (at as f32 - 4.0)).sum()
        };
        let mut gradient: [f32; 12] = core::array::from_fn(|at| at as f32 - 4.0);
        reference::dropout(0.5, 42, &mut gradient);
        for (at, found) in gradient.iter().enumerate() {
            let (mut above, mut below) = ([1.0; 12], [1.0; 12]);
            above[at] += 0.5;
            below[at] -= 0.5;
            assert_eq!(loss(above) - loss(below), *found, "{at}");
        }
    }
}
