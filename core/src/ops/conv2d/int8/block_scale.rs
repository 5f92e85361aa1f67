//! What makes codes of the sums of four filters, as packets apply it.

use super::float_scale::{FilterScale, float_zero};
use crate::int8::{ChannelScale, Int8Rule, Quantization, Requantization};
use crate::lanes::codes::{CodeLanes, QUAD, QuadScales};

/// Biases and scales of all filters of a convolution.
pub struct FilterScales<'a> {
    pub rule: Int8Rule,
    pub filters: usize,
    /// Biases, multipliers, shifts.
    pub constants: &'a [i32],
    /// Of the codes that a filter gives.
    pub quantization: &'a Quantization,
}

/// Biases and scales of four filters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlockScale {
    pub biases: [i32; QUAD],
    multipliers: [i32; QUAD],
    shifts: [i32; QUAD],
    /// The same scales as floating-point numbers, if all four have one.
    floats: [f32; QUAD],
    by_floats: bool,
}

impl FilterScales<'_> {
    /// What is computed for filters that are not there has no reader with a weight for it.
    pub fn block(&self, block: usize) -> BlockScale {
        let mut own = BlockScale::default();
        let table = |table: usize, filter: usize| self.constants[table * self.filters + filter];
        for place in 0..QUAD.min(self.filters - block * QUAD) {
            let filter = block * QUAD + place;
            own.biases[place] = table(0, filter);
            own.multipliers[place] = table(1, filter);
            own.shifts[place] = table(2, filter);
        }
        own
    }
}

impl BlockScale {
    /// Words that it takes.
    pub const WORDS: usize = 4 * QUAD + 1;

    /// Looks for floating-point numbers that give each filter's sums, from the least to the greatest it can have,
    /// their codes.
    pub fn look_for_floats(&mut self, scales: &FilterScales, sums: [[i64; 2]; QUAD]) {
        self.by_floats = true;
        for (place, sums) in sums.into_iter().enumerate() {
            let filter = FilterScale {
                own: self.requantization(place),
                rule: scales.rule,
                quantization: scales.quantization,
                sums,
            };
            match filter.float_multiplier() {
                Some(multiplier) => self.floats[place] = multiplier,
                None => self.by_floats = false,
            }
        }
    }

    pub fn write(&self, words: &mut [u32]) {
        let floats = self.floats.map(|number| number.to_bits() as i32);
        let tables = [self.biases, self.multipliers, self.shifts, floats];
        let (kind, tables_of_words) = words.split_at_mut(1);
        kind[0] = u32::from(self.by_floats);
        for (words, table) in tables_of_words.chunks_exact_mut(QUAD).zip(tables) {
            for (word, number) in words.iter_mut().zip(table) {
                *word = number as u32;
            }
        }
    }

    #[inline(always)]
    pub fn read(words: &[u32]) -> Self {
        let words = &words[..Self::WORDS];
        let mut own = Self {
            by_floats: words[0] != 0,
            ..Self::default()
        };
        for place in 0..QUAD {
            own.biases[place] = words[1 + place] as i32;
            own.multipliers[place] = words[1 + QUAD + place] as i32;
            own.shifts[place] = words[1 + 2 * QUAD + place] as i32;
            own.floats[place] = f32::from_bits(words[1 + 3 * QUAD + place]);
        }
        own
    }

    /// Whether [`BlockScale::floats`] are how it is applied.
    pub fn has_floats(&self) -> bool {
        self.by_floats
    }

    /// Its floating-point numbers; `proof` is any packet.
    #[inline(always)]
    pub fn floats<C: CodeLanes>(&self, proof: C, quantization: &Quantization) -> QuadScales<C> {
        QuadScales::new(proof, self.floats, float_zero(quantization))
    }

    /// Those of any sums.
    #[inline(always)]
    pub fn any<C: CodeLanes>(&self, mut sums: [C; QUAD], rule: Int8Rule, zero: i8) -> C {
        for place in 0..QUAD {
            let own = self.requantization(place);
            sums[place] = ChannelScale::new(own, rule, zero).apply(sums[place]);
        }
        C::narrow(sums)
    }

    #[inline(always)]
    fn requantization(&self, place: usize) -> Requantization {
        Requantization {
            multiplier: self.multipliers[place],
            shift: self.shifts[place],
        }
    }
}
