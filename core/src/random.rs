//! What training draws at random, from a generator the caller brings.
//!
//! Every function takes its source as a function that gives 32 random bits a call. The host and a
//! firmware pass the same generator, Xoshiro128++ (Blackman and Vigna 2021) seeded from one
//! number, and draw in the same order, so a seed means the same run on every machine.

/// A uniform number in `0..bound`, or 0 for a bound of 0.
///
/// Multiplies and rejects, without bias (Lemire 2019, "Fast random integer generation in an
/// interval"), so it draws once and, with a probability under `bound / 2^32`, again.
pub fn below(bound: u32, mut source: impl FnMut() -> u32) -> u32 {
    let mut product = u64::from(source()) * u64::from(bound);
    if (product as u32) < bound {
        let rejected = bound.wrapping_neg() % bound;
        while (product as u32) < rejected {
            product = u64::from(source()) * u64::from(bound);
        }
    }
    (product >> 32) as u32
}

/// A uniform number in `[0, 1)`: the source's upper 24 bits times 2^-24, exact.
pub fn uniform(mut source: impl FnMut() -> u32) -> f32 {
    (source() >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Brings `items` into a random order, every order equally likely.
///
/// Fisher and Yates' method (Durstenfeld 1964) from the last item down, with [`below`].
///
/// ```
/// let mut order = [0, 1, 2, 3];
/// let mut state = 1_u32;
/// kiln_core::random::shuffle(&mut order, || {
///     state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     state
/// });
/// order.sort();
/// assert_eq!(order, [0, 1, 2, 3]);
/// ```
pub fn shuffle(items: &mut [u32], mut source: impl FnMut() -> u32) {
    // More than 2^32 items of four bytes are beyond every machine this runs on.
    for last in (1..items.len()).rev() {
        let chosen = below(last as u32 + 1, &mut source) as usize;
        items.swap(last, chosen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro128PlusPlus;

    #[test]
    fn uniform_is_exact_at_both_ends() {
        assert_eq!(uniform(|| 0), 0.0);
        assert_eq!(uniform(|| 255), 0.0);
        assert_eq!(uniform(|| 256), 1.0 / 16_777_216.0);
        assert_eq!(uniform(|| u32::MAX), 1.0 - 1.0 / 16_777_216.0);
    }

    #[test]
    fn below_rejects_the_excess_draws() {
        // Of 2^32 values, one is too many for a bound of 3: the multiples' low words 0, 3, 6, …
        // reject only 0.
        let mut draws = [0, u32::MAX].into_iter();
        assert_eq!(below(3, || draws.next().unwrap()), 2);
        assert_eq!(draws.next(), None);
        assert_eq!(below(0, || 7), 0);
        assert_eq!(below(1, || u32::MAX), 0);
    }

    #[test]
    fn orders_of_four_are_equally_likely() {
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(7);
        let mut counts = [0_u32; 256];
        for _ in 0..24_000 {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut items, || generator.next_u32());
            counts[items.iter().fold(0, |key, item| key * 4 + *item as usize)] += 1;
        }
        let seen = counts.iter().filter(|count| **count > 0);
        assert_eq!(seen.clone().count(), 24);
        assert!(seen.clone().all(|count| (850..1_150).contains(count)));
    }

    #[test]
    fn a_seed_is_a_fixed_order() {
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7];
        let mut generator = Xoshiro128PlusPlus::seed_from_u64(1);
        shuffle(&mut items, || generator.next_u32());
        assert_eq!(items, FIRST_ORDER);
    }

    /// Made by this code; a change of it changes every run of every seed.
    const FIRST_ORDER: [u32; 8] = [0, 7, 6, 1, 2, 5, 4, 3];
}
