//! What makes codes of the sums of four filters, as packets apply it.

use crate::int8::{ChannelScale, Int8Rule, Requantization};
use crate::lanes::codes::{CodeLanes, QUAD};

/// Biases and scales of all filters of a convolution.
pub(crate) struct FilterScales<'a> {
    pub rule: Int8Rule,
    pub filters: usize,
    /// Biases, multipliers, shifts.
    pub constants: &'a [i32],
    /// The zero of what it gives.
    pub zero: i8,
}

/// Biases and scales of four filters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockScale {
    pub biases: [i32; QUAD],
    multipliers: [i32; QUAD],
    /// Of scales that round once: with the half that rounds and the zero.
    constants: [i32; QUAD],
    shifts: [i32; QUAD],
    /// Whether all round once, within the bounds of models.
    is_once: bool,
}

impl FilterScales<'_> {
    /// What is computed for filters that are not there has no reader with a weight for it.
    pub fn block(&self, block: usize) -> BlockScale {
        let mut own = BlockScale {
            is_once: true,
            ..BlockScale::default()
        };
        let table = |table: usize, filter: usize| self.constants[table * self.filters + filter];
        for place in 0..QUAD.min(self.filters - block * QUAD) {
            let filter = block * QUAD + place;
            own.biases[place] = table(0, filter);
            own.multipliers[place] = table(1, filter);
            own.shifts[place] = table(2, filter);
            let scale = self.scale(own.multipliers[place], own.shifts[place]);
            own.is_once &= scale.once().is_some();
        }
        if !own.is_once {
            return own;
        }
        for place in 0..QUAD {
            let scale = self.scale(own.multipliers[place], own.shifts[place]);
            if let Some((constant, shift)) = scale.once() {
                (own.constants[place], own.shifts[place]) = (constant, shift as i32);
            }
        }
        own
    }

    fn scale(&self, multiplier: i32, shift: i32) -> ChannelScale {
        let own = Requantization { multiplier, shift };
        ChannelScale::new(own, self.rule, self.zero)
    }
}

impl BlockScale {
    /// Words that it takes.
    pub const WORDS: usize = 4 * QUAD + 1;

    pub fn write(&self, words: &mut [u32]) {
        let tables = [self.biases, self.multipliers, self.constants, self.shifts];
        let (kind, tables_of_words) = words.split_at_mut(1);
        kind[0] = u32::from(self.is_once);
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
            is_once: words[0] != 0,
            ..Self::default()
        };
        for place in 0..QUAD {
            own.biases[place] = words[1 + place] as i32;
            own.multipliers[place] = words[1 + QUAD + place] as i32;
            own.constants[place] = words[1 + 2 * QUAD + place] as i32;
            own.shifts[place] = words[1 + 3 * QUAD + place] as i32;
        }
        own
    }

    /// Whether [`BlockScale::once`] is how it is applied.
    pub fn is_once(&self) -> bool {
        self.is_once
    }

    /// `(sum * multiplier / 2^32 + constant) / 2^shift` of each.
    #[inline(always)]
    pub fn once<C: CodeLanes>(&self, sums: &mut [C; QUAD]) {
        for place in 0..QUAD {
            let product = sums[place].multiply_high(self.multipliers[place]);
            let code = product.add(product.splat(self.constants[place]));
            sums[place] = code.shift_right(self.shifts[place] as u32);
        }
    }

    /// By any rule.
    #[inline(always)]
    pub fn any<C: CodeLanes>(&self, sums: &mut [C; QUAD], rule: Int8Rule, zero: i8) {
        for place in 0..QUAD {
            let own = Requantization {
                multiplier: self.multipliers[place],
                shift: self.shifts[place],
            };
            sums[place] = ChannelScale::new(own, rule, zero).apply(sums[place]);
        }
    }
}
