//! The loops in Rust, for tests on other processors.

use super::line::CodeLine;
use super::tile::{BYTES, CodeFinish, Tile};
use super::widening::Widening;

/// Numbers of 16 bits of a word.
fn halves(word: u32) -> [i32; 2] {
    [word as i16, (word >> 16) as i16].map(i32::from)
}

/// The lower bytes of both halves, or the upper ones, as numbers of 16 bits.
fn sxtb16(word: u32, upper: bool) -> u32 {
    let word = word.rotate_right(if upper { 8 } else { 0 });
    let [low, high] = [word as i8, (word >> 16) as i8].map(|byte| u32::from(byte as i16 as u16));
    low | high << 16
}

fn smlad(weights: u32, taps: u32, sum: i32) -> i32 {
    let ([a, b], [c, d]) = (halves(weights), halves(taps));
    sum.wrapping_add(a * c).wrapping_add(b * d)
}

fn high(a: i32, b: i32) -> i32 {
    ((i64::from(a) * i64::from(b)) >> 32) as i32
}

/// Words one behind another.
struct Words(*const u32);

impl Words {
    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn next(&mut self) -> u32 {
        // SAFETY: the caller vouches for as many words.
        let word = unsafe { *self.0 };
        self.0 = self.0.wrapping_add(1);
        word
    }

    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn code(&mut self, sum: i32, is_twice: bool) -> i32 {
        // SAFETY: as above.
        let scale = unsafe { [self.next(), self.next(), self.next()] };
        code(scale.map(|word| word as i32), sum, is_twice)
    }
}

/// The code of a sum by multiplier, constant and shift.
pub(super) fn code([multiplier, constant, shift]: [i32; 3], sum: i32, is_twice: bool) -> i32 {
    let rounded = if is_twice {
        let product = i64::from(sum.wrapping_add(sum)) * i64::from(multiplier) + (1 << 31);
        let product = (product >> 32) as i32;
        product.wrapping_add(sum >> 31).wrapping_add(constant)
    } else {
        high(sum, multiplier).wrapping_add(constant)
    };
    (rounded >> shift).clamp(-128, 127)
}

/// # Safety
///
/// As for [`Tile::run`].
pub(super) unsafe fn tile(work: &Tile) -> *const u32 {
    let mut weights = Words(work.weights);
    let mut output = work.output;
    let finish = work.finish as usize;
    let is_largest = [CodeFinish::LargestOnce, CodeFinish::LargestTwice].map(|own| own as usize);
    let is_twice = finish >= CodeFinish::Twice as usize;
    let mut left = work.pairs_end as usize - output as usize + work.is_odd;
    while left > 0 {
        let filters = left.min(2);
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [[0; 4]; 2];
            for own in &mut sums[..filters] {
                *own = [weights.next() as i32; 4];
            }
            let mut taps = work.taps;
            while taps != work.taps_end {
                quad(work, &mut weights, taps, &mut sums[..filters]);
                taps = taps.wrapping_add(8);
            }
            for (f, own) in sums[..filters].iter_mut().enumerate() {
                let scale = weights.0;
                let pitches = [0, work.pitches[0], 2 * work.pitches[0], work.pitches[1]];
                let places = match is_largest.contains(&finish) {
                    true => {
                        own[0] = own.iter().copied().fold(i32::MIN, i32::max);
                        1
                    }
                    false => 4,
                };
                for place in 0..places {
                    weights.0 = scale;
                    let code = weights.code(own[place], is_twice);
                    *output.wrapping_add(pitches[place] + f) = code as i8;
                }
            }
        }
        output = output.wrapping_add(filters);
        left -= filters;
    }
    weights.0
}

// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn quad(work: &Tile, weights: &mut Words, taps: *const u32, sums: &mut [[i32; 4]]) {
    // SAFETY: the caller's.
    unsafe {
        let words = match (work.body & BYTES != 0, sums.len()) {
            (true, 2) => {
                let [first, second] = [weights.next(), weights.next()];
                [false, true].map(|upper| [sxtb16(first, upper), sxtb16(second, upper)])
            }
            (true, _) => {
                let own = weights.next();
                [[sxtb16(own, false), sxtb16(own, true)]; 2]
            }
            (false, filters) => {
                let first = weights.next();
                let second = if filters == 2 { weights.next() } else { first };
                [first, second].map(|own| [own, sxtb16(own, false)])
            }
        };
        for (own, words) in sums.iter_mut().zip(words) {
            for (place, sum) in own.iter_mut().enumerate() {
                *sum = smlad(words[0], *taps.wrapping_add(place), *sum);
                *sum = smlad(words[1], *taps.wrapping_add(4 + place), *sum);
            }
        }
    }
}

/// # Safety
///
/// As for [`CodeLine::run`].
pub(super) unsafe fn line(work: &CodeLine) -> *const u32 {
    let mut weights = Words(work.weights);
    let mut output = work.output;
    while output != work.output_end {
        let filters = if output < work.blocks_end { 4 } else { 1 };
        // SAFETY: the caller's.
        unsafe {
            let mut sums = [0; 4];
            for sum in &mut sums[..filters] {
                *sum = weights.next() as i32;
            }
            let mut taps = work.taps;
            while taps != work.taps_end {
                for sum in &mut sums[..filters] {
                    let own = weights.next();
                    let words = match work.is_bytes != 0 {
                        true => [sxtb16(own, false), sxtb16(own, true)],
                        false => [own, sxtb16(own, false)],
                    };
                    *sum = smlad(words[0], *taps, *sum);
                    *sum = smlad(words[1], *taps.wrapping_add(1), *sum);
                }
                taps = taps.wrapping_add(2);
            }
            for sum in &sums[..filters] {
                *output = weights.code(*sum, work.is_twice != 0) as i8;
                output = output.wrapping_add(1);
            }
        }
    }
    weights.0
}

// SAFETY: to be called with addresses of as much as is read and written.
unsafe fn widened(source: *const i8, is_bytes: bool) -> [u32; 2] {
    // SAFETY: the caller's.
    let word = u32::from_le_bytes(unsafe { *source.cast::<[u8; 4]>() });
    if is_bytes {
        return [sxtb16(word, false), sxtb16(word, true)];
    }
    let odd = sxtb16(word, true);
    let [a, b] = halves((word << 8) & 0xff00_ff00);
    let [c, d] = halves(odd);
    [
        odd,
        u32::from((a - c) as u16) | u32::from((b - d) as u16) << 16,
    ]
}

/// # Safety
///
/// As for [`Widening::run`].
pub(super) unsafe fn widen(work: &Widening, is_bytes: bool) -> *mut u32 {
    let mut taps = work.taps;
    let mut sources = work.sources;
    for _ in 0..work.rows {
        for _ in 0..work.row_bytes / 32 {
            for (place, source) in sources.iter_mut().enumerate() {
                // SAFETY: the caller's.
                unsafe {
                    let words = widened(*source, is_bytes);
                    *taps.wrapping_add(place) = words[0];
                    *taps.wrapping_add(4 + place) = words[1];
                }
                *source = source.wrapping_add(4);
            }
            taps = taps.wrapping_add(8);
        }
        sources = sources.map(|source| source.wrapping_offset(work.step));
    }
    taps
}

/// # Safety
///
/// As for [`widen_line`](super::widening::widen_line).
pub(super) unsafe fn widen_line(
    mut source: *const i8,
    mut taps: *mut u32,
    end: *mut u32,
    is_bytes: bool,
) {
    while taps != end {
        // SAFETY: the caller's.
        unsafe {
            taps.cast::<[u32; 2]>()
                .write_unaligned(widened(source, is_bytes))
        };
        source = source.wrapping_add(4);
        taps = taps.wrapping_add(2);
    }
}
