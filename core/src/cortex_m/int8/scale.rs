//! A channel's scale as the loops apply it.

use super::arrangement::CodeArrangement;
use super::{Rounding, Unserved};
use crate::int8::Requantization;

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
            bias,
            spread: weights * i64::from(all.reach),
            multiplier,
            zero: all.output_zero.into(),
        };
        let bits = if paired { PAIRED_BITS } else { 0 };
        let found = match all.rounding {
            Rounding::Once => bound.once(shift, bits),
            Rounding::Twice => bound.twice(shift),
        };
        let found = found.map(|scale| (bias, scale));
        let found = found.or_else(|| bound.two_codes(all.rounding, shift, bits));
        let (bias, [multiplier, constant, shift]) = found.ok_or(Unserved::Channel(channel))?;
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
    bias: i64,
    /// The largest magnitude of what is added to the bias.
    spread: i64,
    multiplier: i64,
    zero: i64,
}

/// The largest magnitude of a word.
const WORD: i64 = i32::MAX as i64;

impl SumBound {
    /// The largest magnitude.
    fn most(&self) -> i64 {
        self.bias.abs() + self.spread
    }

    /// Multiplier, constant and shift.
    fn once(&self, shift: i64, bits: i32) -> Option<[i64; 3]> {
        let most = self.most();
        if self.multiplier < 0 || !(1..=62).contains(&shift) || most << bits > WORD {
            return None;
        }
        // Less than half a code.
        if most * self.multiplier < 1 << (shift - 1) {
            return Some([0, self.zero, 0]);
        }
        let left = shift + i64::from(bits) - 32;
        if !(1..=31).contains(&left) {
            return None;
        }
        let constant = (1 << (left - 1)) + (self.zero << left);
        let product = (((most << bits) * self.multiplier) >> 32) + 1;
        (product + constant.abs() <= WORD).then_some([self.multiplier, constant, left])
    }

    /// Multiplier, constant and shift.
    fn twice(&self, left: i64) -> Option<[i64; 3]> {
        let (shift, most) = (-left, self.most());
        if self.multiplier < 0 || !(-30..=31).contains(&shift) || 2 * most > WORD {
            return None;
        }
        if self.multiplier == 0 || (shift > 0 && most < 1 << (shift - 1)) {
            // A negative sum takes 1 from the constant.
            return Some([0, 2 * self.zero + 1, 1]);
        }
        if shift < 1 {
            return None;
        }
        let constant = (1 << (shift - 1)) + (self.zero << shift);
        (most + 1 + constant.abs() <= WORD).then_some([self.multiplier, constant, shift])
    }

    /// A bias, and multiplier, constant and shift, where all sums give one code or two neighbours,
    /// however large they are: then the sign of a sum says which, once the first one that gives the
    /// upper code is taken from the bias. Channels that a training left dead have biases of 2^30.
    fn two_codes(&self, rounding: Rounding, shift: i64, bits: i32) -> Option<(i64, [i64; 3])> {
        let is_shift = match rounding {
            Rounding::Once => (1..=62).contains(&shift),
            // A shift to the left may lose the upper bits.
            Rounding::Twice => (-31..=0).contains(&shift),
        };
        let [mut below, mut upper] = [self.bias - self.spread - 1, self.bias + self.spread];
        if self.multiplier < 0 || !is_shift || below < -WORD || upper > WORD {
            return None;
        }
        let scale = Requantization {
            multiplier: self.multiplier as i32,
            shift: shift as i32,
        };
        let code = |sum: i64| {
            let rounded = match rounding {
                Rounding::Once => scale.once(sum as i32),
                Rounding::Twice => scale.round_twice(sum as i32),
            };
            (i64::from(rounded) + self.zero).clamp(-128, 127)
        };
        let last = code(upper);
        if last - code(below + 1) > 1 {
            return None;
        }
        while upper - below > 1 {
            let middle = below + (upper - below) / 2;
            if code(middle) == last {
                upper = middle;
            } else {
                below = middle;
            }
        }
        let bias = self.bias - upper;
        if (2 * (bias.abs() + self.spread)) << bits > WORD {
            return None;
        }
        // Of a sum's product, only whether it is below zero is left.
        let scale = match rounding {
            Rounding::Once => [1, last, 0],
            Rounding::Twice => [0, 2 * last, 1],
        };
        Some((bias, scale))
    }
}
