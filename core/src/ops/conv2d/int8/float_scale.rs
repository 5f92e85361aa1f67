//! Scales by floating-point numbers that give every sum the code that integers give.
//!
//! A filter's code is a staircase over its sums, of at most 254 stairs. A fused multiply-add whose result is rounded
//! to a whole number is one, too, and takes a fifth of the instructions. Where both have each stair at the same sum
//! they are one and the same; a multiplier of 24 bits in place of 31 moves one now and then, and a neighbouring
//! multiplier is tried.

use crate::int8::{Int8Rule, Quantization, Requantization};
use crate::lanes::codes::{CODE_BIAS, scaled_sum};

/// What makes codes of a filter's sums, or of those of windows, by integers.
#[derive(Clone, Copy, Debug)]
pub struct FilterScale<'a> {
    pub own: Requantization,
    pub rule: Int8Rule,
    /// Of the codes.
    pub quantization: &'a Quantization,
    /// The least and the greatest sum there can be.
    pub sums: [i64; 2],
}

/// Neighbours of the nearest multiplier that are tried, on each side.
const NEIGHBOURS: u32 = 12;

/// Sums around the one where a stair should be that are looked at.
const NEARBY: i64 = 16;

/// A zero as [`crate::lanes::codes::QuadScales`] has it.
#[inline(always)]
pub fn float_zero(quantization: &Quantization) -> f32 {
    (i32::from(quantization.zero) + CODE_BIAS) as f32
}

impl FilterScale<'_> {
    /// The multiplier that gives every sum its code; `None` where none was found.
    pub fn float_multiplier(&self) -> Option<f32> {
        let [least, greatest] = self.sums;
        i32::try_from(least)
            .ok()
            .zip(i32::try_from(greatest).ok())?;
        if !self.is_monotonic() {
            return None;
        }
        if self.own.multiplier == 0 {
            return Some(0.0);
        }
        let mut stairs = [0; 256];
        let mut count = 0;
        for (code, stair) in self.stairs().zip(&mut stairs) {
            *stair = self.first_sum(code)?;
            count += 1;
        }
        let stairs = &stairs[..count];
        let nearest = (self.scale() as f32).to_bits();
        let mut neighbours =
            (0..=NEIGHBOURS).flat_map(|by| [nearest + by, nearest.saturating_sub(by)]);
        neighbours.find_map(|bits| {
            let multiplier = f32::from_bits(bits);
            self.agrees(multiplier, stairs).then_some(multiplier)
        })
    }

    /// The codes that have a smaller one below them.
    fn stairs(&self) -> impl Iterator<Item = i32> + use<> {
        i32::from(self.quantization.low) + 1..=i32::from(self.quantization.high)
    }

    /// The code of a sum, not clamped yet.
    fn code(&self, sum: i64) -> i32 {
        let rounded = match self.rule {
            Int8Rule::Once => self.own.once(sum as i32),
            Int8Rule::TensorFlowLite => self.own.round_twice(sum as i32),
        };
        rounded.saturating_add(self.quantization.zero.into())
    }

    /// Whether a larger sum never has a smaller code: a shift to the left would lose what is lost at the top.
    fn is_monotonic(&self) -> bool {
        let left = match self.rule {
            Int8Rule::Once => 0,
            Int8Rule::TensorFlowLite => self.own.shift.max(0),
        };
        self.sums
            .iter()
            .all(|sum| i32::try_from(sum << left).is_ok())
    }

    /// The number that the integers stand for.
    fn scale(&self) -> f64 {
        let exponent = match self.rule {
            Int8Rule::Once => -self.own.shift,
            Int8Rule::TensorFlowLite => self.own.shift - 31,
        };
        libm::ldexp(f64::from(self.own.multiplier), exponent)
    }

    /// The first sum that has a code or a greater one: one more than the greatest where none has. `None` where it is
    /// not where the scale says.
    fn first_sum(&self, code: i32) -> Option<i64> {
        let [least, greatest] = self.sums;
        let above_zero = f64::from(code) - 0.5 - f64::from(self.quantization.zero);
        let guess = libm::ceil(above_zero / self.scale());
        // Too large a number becomes the largest there is.
        let mut sum = (guess as i64).clamp(least, greatest + 1);
        for _ in 0..NEARBY {
            if sum > least && self.code(sum - 1) >= code {
                sum -= 1;
            } else if sum <= greatest && self.code(sum) < code {
                sum += 1;
            } else {
                return Some(sum);
            }
        }
        None
    }

    /// Whether a multiplier has each stair where the integers have it.
    fn agrees(&self, multiplier: f32, stairs: &[i64]) -> bool {
        let [least, greatest] = self.sums;
        let zero = float_zero(self.quantization);
        let code = |sum: i64| scaled_sum(sum as i32, multiplier, zero) - CODE_BIAS;
        // From there on a larger sum never has a smaller code.
        let is_above = f64::from(multiplier) * least as f64 > -f64::from(1 << 22);
        // As many bits are looked at.
        let is_narrow = self.sums.iter().all(|sum| {
            let number = scaled_sum(*sum as i32, multiplier, zero);
            i16::try_from(number).is_ok()
        });
        is_above
            && is_narrow
            && self.stairs().zip(stairs).all(|(own, first)| {
                (*first > greatest || code(*first) >= own)
                    && (*first <= least || code(*first - 1) < own)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::int8::Codes;

    const SUMS: [i64; 2] = [-70_000, 90_000];

    fn scale(
        quantization: &Quantization,
        rule: Int8Rule,
        multiplier: i32,
        shift: i32,
    ) -> FilterScale<'_> {
        FilterScale {
            own: Requantization { multiplier, shift },
            rule,
            quantization,
            sums: SUMS,
        }
    }

    /// Every sum, by every multiplier that was found.
    #[test]
    fn multipliers_give_each_sum_its_code() {
        let mut numbers = Codes::new(3);
        let mut found = 0;
        for round in 0..60 {
            let quantization = Quantization {
                low: [-127, -128, -20][round % 3],
                ..Quantization::new(1.0, numbers.within(127) as i8)
            };
            // Those that round once have 24 bits in every other pair, as quantising makes them.
            let is_float = round % 4 == 0;
            let mask = if is_float { !0x7F } else { !0 };
            let multiplier = ((1 << 30) + numbers.within((1 << 30) - 1).abs()) & mask;
            let (rule, shift) = match round % 2 {
                0 => (Int8Rule::Once, 36 + round as i32 % 9),
                _ => (Int8Rule::TensorFlowLite, -4 - round as i32 % 9),
            };
            let own = scale(&quantization, rule, multiplier, shift);
            let Some(multiplier) = own.float_multiplier() else {
                assert!(!is_float, "{own:?} has no such multiplier");
                continue;
            };
            found += 1;
            for sum in SUMS[0]..=SUMS[1] {
                let code =
                    scaled_sum(sum as i32, multiplier, float_zero(&quantization)) - CODE_BIAS;
                let [low, high] = [quantization.low, quantization.high].map(i32::from);
                assert_eq!(
                    code.clamp(low, high),
                    own.code(sum).clamp(low, high),
                    "{own:?}, {sum}"
                );
            }
        }
        assert!(found >= 25, "of 60 scales {found} have such a multiplier");
    }

    #[test]
    fn sums_that_would_wrap_around_have_none() {
        let quantization = Quantization::new(1.0, 0);
        let once = scale(&quantization, Int8Rule::Once, (1 << 30) + (1 << 20), 40);
        assert!(once.float_multiplier().is_some());
        let wide = FilterScale {
            sums: [-1, i64::from(i32::MAX) + 1],
            ..once
        };
        assert_eq!(wide.float_multiplier(), None);
        let left = scale(&quantization, Int8Rule::TensorFlowLite, 1 << 30, 15);
        assert_eq!(left.float_multiplier(), None);
    }

    /// Of which packets would see 16 bits.
    #[test]
    fn sums_of_too_large_numbers_have_none() {
        let quantization = Quantization::new(1.0, 0);
        let multiplier = |most: i64| {
            let own = scale(&quantization, Int8Rule::Once, 1 << 30, 30);
            let sums = [-most, most];
            FilterScale { sums, ..own }.float_multiplier()
        };
        assert_eq!(multiplier(32_000), Some(1.0));
        assert_eq!(multiplier(33_000), None);
    }

    #[test]
    fn a_scale_of_nothing_makes_every_sum_the_zero() {
        let quantization = Quantization::new(1.0, 7);
        let none = scale(&quantization, Int8Rule::Once, 0, 33);
        assert_eq!(none.float_multiplier(), Some(0.0));
    }
}
