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

    fn requantization(&self, place: usize) -> Requantization {
        Requantization {
            multiplier: self.multipliers[place],
            shift: self.shifts[place],
        }
    }
}

/// A [`BlockScale`] as it lies among arranged words. What is wanted of it is read from there: copied first, it
/// would wait to be read until what was stored has left the processor.
#[derive(Clone, Copy)]
pub struct ArrangedScale<'w>(&'w [u32; BlockScale::WORDS]);

impl<'w> ArrangedScale<'w> {
    /// The one that words begin with, and what lies behind it.
    ///
    /// # Panics
    ///
    /// Fewer words than it takes.
    #[inline(always)]
    pub fn split(words: &'w [u32]) -> (Self, &'w [u32]) {
        match words.split_first_chunk() {
            Some((own, behind)) => (Self(own), behind),
            None => panic!("words end within a block's scale"),
        }
    }

    /// What the sums of a filter begin at.
    #[inline(always)]
    pub fn bias(self, place: usize) -> i32 {
        self.0[1 + place] as i32
    }

    /// Whether [`ArrangedScale::floats`] are how it is applied.
    #[inline(always)]
    pub fn has_floats(self) -> bool {
        self.0[0] != 0
    }

    /// Its floating-point numbers; `proof` is any packet.
    #[inline(always)]
    pub fn floats<C: CodeLanes>(self, proof: C, quantization: &Quantization) -> QuadScales<C> {
        self.floats_of_zero(proof, float_zero(quantization))
    }

    /// The same where [`float_zero`] is known.
    #[inline(always)]
    pub fn floats_of_zero<C: CodeLanes>(self, proof: C, zero: f32) -> QuadScales<C> {
        let own = |place: usize| f32::from_bits(self.0[1 + 3 * QUAD + place]);
        let multipliers = [own(0), own(1), own(2), own(3)];
        QuadScales::new(proof, multipliers, zero)
    }

    /// Those of any sums.
    #[inline(always)]
    pub fn any<C: CodeLanes>(self, mut sums: [C; QUAD], rule: Int8Rule, zero: i8) -> C {
        for place in 0..QUAD {
            let own = Requantization {
                multiplier: self.0[1 + QUAD + place] as i32,
                shift: self.0[1 + 2 * QUAD + place] as i32,
            };
            sums[place] = ChannelScale::new(own, rule, zero).apply(sums[place]);
        }
        C::narrow(sums)
    }
}
