//! What makes codes of the sums of four filters, as packets apply it.

use crate::int8::{ChannelScale, Int8Rule, Requantization};
use crate::lanes::codes::{CodeLanes, QUAD, QuadScales};

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
    /// The constants, of scales that round once: with the half that rounds and the zero.
    scales: QuadScales,
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
            own.scales.multipliers[place] = table(1, filter);
            own.scales.shifts[place] = table(2, filter) as u32;
            let scale = self.scale(own.requantization(place));
            own.is_once &= scale.once().is_some();
        }
        if !own.is_once {
            return own;
        }
        for place in 0..QUAD {
            let scale = self.scale(own.requantization(place));
            if let Some((constant, shift)) = scale.once() {
                (own.scales.constants[place], own.scales.shifts[place]) = (constant, shift);
            }
        }
        own
    }

    fn scale(&self, own: Requantization) -> ChannelScale {
        ChannelScale::new(own, self.rule, self.zero)
    }
}

impl BlockScale {
    /// Words that it takes.
    pub const WORDS: usize = 4 * QUAD + 1;

    pub fn write(&self, words: &mut [u32]) {
        let scales = &self.scales;
        let shifts = scales.shifts.map(|shift| shift as i32);
        let tables = [self.biases, scales.multipliers, scales.constants, shifts];
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
            own.scales.multipliers[place] = words[1 + QUAD + place] as i32;
            own.scales.constants[place] = words[1 + 2 * QUAD + place] as i32;
            own.scales.shifts[place] = words[1 + 3 * QUAD + place];
        }
        own
    }

    /// Whether [`BlockScale::once`] is how it is applied.
    pub fn is_once(&self) -> bool {
        self.is_once
    }

    /// The codes of sums whose scales round once.
    #[inline(always)]
    pub fn once<C: CodeLanes>(&self, sums: [C; QUAD]) -> C {
        C::narrow_scaled(sums, &self.scales)
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
            multiplier: self.scales.multipliers[place],
            shift: self.scales.shifts[place] as i32,
        }
    }
}
