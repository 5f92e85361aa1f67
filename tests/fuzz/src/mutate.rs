//! Changes of bytes that find what readers do not expect.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Inputs do not grow beyond this.
const MOST: usize = 1 << 16;
/// Numbers as a text may have them.
pub const NUMERALS: [&str; 12] = [
    "0",
    "1",
    "-1",
    "2",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "1e40",
    "nan",
];

/// The source of all chance of a search.
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound.max(1) as u64) as usize
    }

    /// Whether it happens, once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        // Short ones mostly.
        let most = [4, 16, 64, length][self.below(4)];
        let end = start + 1 + self.below(most);
        start..end.min(length)
    }

    /// A number that lies at an end, or close to one, or near `length`.
    fn extreme(&mut self, length: usize) -> u64 {
        let near = [
            0,
            1 << 7,
            1 << 8,
            1 << 15,
            1 << 16,
            1 << 24,
            1 << 28,
            1 << 31,
            1 << 32,
            1 << 63,
            length as u64,
            self.0.next_u64(),
        ];
        let base = near[self.below(near.len())];
        base.wrapping_add(self.below(5) as u64).wrapping_sub(2)
    }
}

/// Changes `bytes` in one way or several, with pieces of `other` among them.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    loop {
        once(bytes, other, chance);
        if chance.once_in(2) {
            break;
        }
    }
    bytes.truncate(MOST);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    if bytes.is_empty() {
        bytes.extend(other);
        return;
    }
    let length = bytes.len();
    let place = chance.below(length);
    match chance.below(12) {
        0 | 1 => bytes[place] ^= 1 << chance.below(8),
        2 => bytes[place] = [0, 1, 0x7f, 0x80, 0xff, b'0', b'"', b'}'][chance.below(8)],
        3 => {
            bytes[place] = bytes[place]
                .wrapping_add(chance.below(9) as u8)
                .wrapping_sub(4)
        }
        4..6 => number(bytes, place, chance),
        6 => bytes.truncate(place),
        7 => {
            // A piece, twice.
            let piece = bytes[chance.range(length)].to_vec();
            let times = 1 + chance.below(4);
            bytes.splice(place..place, piece.repeat(times));
        }
        8 => drop(bytes.drain(chance.range(length))),
        9 => {
            let piece = other.get(chance.range(other.len())).unwrap_or_default();
            bytes.splice(place..place, piece.iter().copied());
        }
        10 => {
            let piece = other.get(chance.range(other.len())).unwrap_or_default();
            let end = (place + piece.len()).min(length);
            bytes[place..end].copy_from_slice(&piece[..end - place]);
        }
        _ => numeral(bytes, place, chance),
    }
}

/// Writes a number in one of the ways that formats have.
fn number(bytes: &mut [u8], place: usize, chance: &mut Chance) {
    let number = chance.extreme(bytes.len());
    let size = 1 << chance.below(4);
    let mut written = number.to_le_bytes()[..size].to_vec();
    if chance.once_in(2) {
        written.reverse();
    }
    // Numbers lie at multiples of their size mostly.
    let place = match chance.once_in(4) {
        true => place,
        false => place / size * size,
    };
    for (byte, own) in bytes[place..].iter_mut().zip(written) {
        *byte = own;
    }
}

/// Replaces the next number that is written in digits.
fn numeral(bytes: &mut Vec<u8>, place: usize, chance: &mut Chance) {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let Some(start) = bytes[place..].iter().position(is_digit) else {
        return;
    };
    let start = place + start;
    let digits = bytes[start..].iter().take_while(|byte| is_digit(byte));
    let end = start + digits.count();
    let numeral = NUMERALS[chance.below(NUMERALS.len())];
    bytes.splice(start..end, numeral.bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_changes_and_they_are_of_many_kinds() {
        let start: Vec<u8> = (0..200).collect();
        let changed = |seed| {
            let mut bytes = start.clone();
            mutate(&mut bytes, b"other 12345 bytes", &mut Chance::new(seed));
            bytes
        };
        let all: Vec<Vec<u8>> = (0..300).map(changed).collect();
        assert!((0..300).all(|seed| changed(seed) == all[seed as usize]));
        let share = |is: &dyn Fn(&Vec<u8>) -> bool| all.iter().filter(|own| is(own)).count();
        assert!(share(&|own| own.len() < 200) > 30, "shorter");
        assert!(share(&|own| own.len() > 200) > 30, "longer");
        assert!(
            share(&|own| own.len() == 200 && *own != start) > 60,
            "other bytes"
        );
    }

    #[test]
    fn nothing_is_too_short_to_be_changed() {
        for length in 0..4 {
            for seed in 0..2_000 {
                let mut bytes = vec![b'7'; length];
                mutate(&mut bytes, &[], &mut Chance::new(seed));
            }
        }
    }
}
