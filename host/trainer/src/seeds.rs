//! The random numbers of a run, all from one seed.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// What a run draws random numbers for. Each use has a stream of its own, so that drawing more
/// for one leaves the others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The first values of the parameters: the generator as seeded.
    Init,
    /// Which samples are held out for validation: one jump of 2^64 draws further.
    Split,
    /// The order of the training samples: two jumps further.
    Order,
    /// What is done to the training samples: three jumps further.
    Augmentation,
}

/// A source of 32 random bits a call for this use.
///
/// Xoshiro128++ (Blackman and Vigna 2021), seeded by SplitMix64 from `seed`, as rand_xoshiro's
/// `seed_from_u64` does it, then moved ahead by the stream's number of jumps.
pub fn source(seed: u64, stream: Stream) -> impl FnMut() -> u32 + Send {
    let mut generator = Xoshiro128PlusPlus::seed_from_u64(seed);
    let jumps = match stream {
        Stream::Init => 0,
        Stream::Split => 1,
        Stream::Order => 2,
        Stream::Augmentation => 3,
    };
    for _ in 0..jumps {
        generator.jump();
    }
    move || generator.next_u32()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_and_seeds_differ() {
        let firsts = [
            source(1, Stream::Init)(),
            source(1, Stream::Split)(),
            source(1, Stream::Order)(),
            source(1, Stream::Augmentation)(),
            source(2, Stream::Init)(),
        ];
        for (index, first) in firsts.iter().enumerate() {
            assert!(!firsts[..index].contains(first), "{firsts:?}");
        }
        assert_eq!(source(1, Stream::Split)(), firsts[1]);
    }
}
