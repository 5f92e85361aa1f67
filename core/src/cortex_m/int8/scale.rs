//! A channel's scale as the loops apply it.

use super::arrangement::CodeArrangement;
use super::{Rounding, Unserved};

/// A channel's bias, and how its sums become codes.
///
/// Rounding once: `(sum * multiplier / 2^32 + constant) >> shift`. Rounding twice, with the product of
/// twice the sum rounded to the upper word: `(product - (sum < 0) + constant) >> shift`. The result is
/// saturated to 8 bits. Sums of paired weights are 256 times as large, and so is the bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeScale {
    pub bias: i32,
    multiplier: i32,
    constant: i32,
    shift: u32,
}

/// Bits that sums of paired weights have more.
const PAIRED_BITS: i32 = 8;

impl CodeScale {
    /// That of a channel.
    ///
    /// # Errors
    ///
    /// Where 32 bits may not hold what comes up on the way.
    pub fn of(all: &CodeArrangement, channel: usize, paired: bool) -> Result<Self, Unserved> {
        let filters = all.geometry.filters;
        let [bias, multiplier, shift] =
            [0, 1, 2].map(|table| i64::from(all.constants[table * filters + channel]));
        let weights: i64 = all
            .filter(channel)
            .iter()
            .map(|w| i64::from(*w).abs())
            .sum();
        let bound = SumBound {
            most: bias.abs() + weights * i64::from(all.reach),
            multiplier,
            zero: all.output_zero.into(),
        };
        let bits = if paired { PAIRED_BITS } else { 0 };
        let found = match all.rounding {
            Rounding::Once => bound.once(shift, bits),
            Rounding::Twice => bound.twice(shift),
        };
        let [multiplier, constant, shift] = found.ok_or(Unserved::Channel(channel))?;
        let bias = bias << bits;
        let own = Self {
            bias: bias as i32,
            multiplier: multiplier as i32,
            constant: constant as i32,
            shift: shift as u32,
        };
        let fits = bias == i64::from(own.bias);
        fits.then_some(own).ok_or(Unserved::Channel(channel))
    }

    /// As the loops read it, behind the weights.
    pub fn words(self) -> [u32; 3] {
        [self.multiplier as u32, self.constant as u32, self.shift]
    }
}

/// What is known of a channel's sums.
struct SumBound {
    /// The largest magnitude.
    most: i64,
    multiplier: i64,
    zero: i64,
}

/// The largest magnitude of a word.
const WORD: i64 = i32::MAX as i64;

impl SumBound {
    /// Multiplier, constant and shift.
    fn once(&self, shift: i64, bits: i32) -> Option<[i64; 3]> {
        if self.multiplier < 0 || !(1..=62).contains(&shift) || self.most << bits > WORD {
            return None;
        }
        // Less than half a code.
        if self.most * self.multiplier < 1 << (shift - 1) {
            return Some([0, self.zero, 0]);
        }
        let left = shift + i64::from(bits) - 32;
        if !(1..=31).contains(&left) {
            return None;
        }
        let constant = (1 << (left - 1)) + (self.zero << left);
        let product = (((self.most << bits) * self.multiplier) >> 32) + 1;
        (product + constant.abs() <= WORD).then_some([self.multiplier, constant, left])
    }

    /// Multiplier, constant and shift.
    fn twice(&self, left: i64) -> Option<[i64; 3]> {
        let shift = -left;
        if self.multiplier < 0 || !(-30..=31).contains(&shift) || 2 * self.most > WORD {
            return None;
        }
        if self.multiplier == 0 || (shift > 0 && self.most < 1 << (shift - 1)) {
            // A negative sum takes 1 from the constant.
            return Some([0, 2 * self.zero + 1, 1]);
        }
        if shift < 1 {
            return None;
        }
        let constant = (1 << (shift - 1)) + (self.zero << shift);
        (self.most + 1 + constant.abs() <= WORD).then_some([self.multiplier, constant, shift])
    }
}
