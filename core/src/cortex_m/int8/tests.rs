//! Loops and arrangements, held to loops without any thought.

extern crate std;

mod convolutions;
mod scales;
mod sums;

use std::vec;
use std::vec::Vec;

/// Numbers that are random enough (Marsaglia 2003, "Xorshift RNGs").
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    fn between(&mut self, least: i32, most: i32) -> i32 {
        let [least, most] = [least, most].map(i64::from);
        (least + self.below((most - least + 1) as usize) as i64) as i32
    }
}

/// Bytes that begin a word.
fn aligned(bytes: usize) -> Vec<u32> {
    vec![0x5a5a_5a5a; bytes.div_ceil(4)]
}

fn codes(words: &mut [u32], len: usize) -> &mut [i8] {
    // SAFETY: a word is four codes.
    let (_, all, _) = unsafe { words.align_to_mut::<i8>() };
    &mut all[..len]
}
