//! From sums of products to codes.

/// A scale between 0 and 2^30 as integers: `multiplier / 2^shift`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requantization {
    /// From 0 to 2^31 - 1.
    pub multiplier: i32,
    /// Rounding once: from 1 to 62. Rounding twice, as TensorFlow Lite's: the multiplier is a
    /// fraction of 2^31, and the shift, from -31 to 30, goes to the left.
    pub shift: i32,
}

impl Requantization {
    /// The nearest one to a scale, for rounding once; a scale that is nothing beside 31 bits of a sum
    /// is 0. `None` where the scale is negative, not finite, or 2^29 and more.
    pub fn of(scale: f64) -> Option<Self> {
        let (multiplier, exponent) = Self::normalized(scale)?;
        match 31 - exponent {
            shift @ 1..=62 => Some(Self { multiplier, shift }),
            63.. => Some(Self::ZERO),
            _ => None,
        }
    }

    /// The nearest one to a scale, for rounding twice.
    pub fn twice(scale: f64) -> Option<Self> {
        let (multiplier, shift) = Self::normalized(scale)?;
        match shift {
            -31..=30 => Some(Self { multiplier, shift }),
            ..=-32 => Some(Self {
                multiplier: 0,
                shift: 0,
            }),
            _ => None,
        }
    }

    /// Makes everything 0, rounding once.
    pub const ZERO: Self = Self {
        multiplier: 0,
        shift: 33,
    };

    /// A multiplier of 31 bits and the exponent of two of a scale: `multiplier / 2^31 * 2^exponent`.
    fn normalized(scale: f64) -> Option<(i32, i32)> {
        if !(scale.is_finite() && scale >= 0.0) {
            return None;
        }
        let (fraction, exponent) = libm::frexp(scale);
        // A half away from zero, as TensorFlow Lite has it.
        let multiplier = libm::round(fraction * f64::from(1_u32 << 31)) as i64;
        match multiplier {
            0 => Some((0, 0)),
            0x8000_0000 => Some((1 << 30, exponent + 1)),
            _ => Some((multiplier as i32, exponent)),
        }
    }

    /// `floor((sum * multiplier + 2^(shift - 1)) / 2^shift)`, as far as it fits 32 bits.
    #[inline(always)]
    pub const fn once(self, sum: i32) -> i32 {
        let product = sum as i64 * self.multiplier as i64;
        saturate((product + (1_i64 << (self.shift - 1))) >> self.shift)
    }

    /// TensorFlow Lite's way: the upper half of twice the product, rounded, halves up, then shifted to
    /// the right, rounded again, halves away from zero. A shift to the left comes first.
    #[inline(always)]
    pub const fn round_twice(self, sum: i32) -> i32 {
        let [left, right] = if self.shift > 0 {
            [self.shift, 0]
        } else {
            [0, -self.shift]
        };
        // In 32 bits: what is lost at the top is lost there, too.
        let shifted = sum.wrapping_shl(left as u32);
        divide_by_power_of_two(high_of_double(shifted, self.multiplier), right)
    }
}

/// The sum of two codes as a code, rounded once:
/// `floor((first * multipliers[0] + second * multipliers[1] + constant) / 2^shift)`.
///
/// The constant holds the values' zeros and the half that rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddRequantization {
    /// 15 bits each.
    pub multipliers: [i32; 2],
    /// What is added to both products.
    pub constant: i32,
    /// From 1 to 22.
    pub shift: i32,
}

impl AddRequantization {
    /// The nearest one for the scales of both inputs over that of the output, and the zeros of the
    /// three. `None` where a ratio is negative, not finite or too large for 15 bits.
    pub fn of(ratios: [f64; 2], zeros: [i8; 2], output_zero: i8) -> Option<Self> {
        let most = ratios[0].max(ratios[1]);
        if !(ratios
            .iter()
            .all(|ratio| ratio.is_finite() && *ratio >= 0.0))
        {
            return None;
        }
        let mut shift = 22;
        while shift > 1 && libm::round(libm::ldexp(most, shift)) > 32_767.0 {
            shift -= 1;
        }
        let multipliers = ratios.map(|ratio| libm::round(libm::ldexp(ratio, shift)));
        if multipliers.iter().any(|multiplier| *multiplier > 32_767.0) {
            return None;
        }
        let multipliers = multipliers.map(|multiplier| multiplier as i32);
        let zeros = zeros.map(i32::from);
        let constant = (1 << (shift - 1)) + (i32::from(output_zero) << shift)
            - zeros[0] * multipliers[0]
            - zeros[1] * multipliers[1];
        Some(Self {
            multipliers,
            constant,
            shift,
        })
    }

    /// The code, not clamped yet.
    #[inline(always)]
    pub const fn once(self, codes: [i8; 2]) -> i32 {
        let [first, second] = self.multipliers;
        (codes[0] as i32 * first + codes[1] as i32 * second + self.constant) >> self.shift
    }
}

/// The upper 32 bits of twice the product, rounded to nearest, halves up: below zero the quotient is
/// cut off towards zero, one short of a half.
#[inline(always)]
const fn high_of_double(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    let product = a as i64 * b as i64;
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    ((product + nudge) / (1 << 31)) as i32
}

/// Divides by 2^`exponent`, to nearest, halves away from zero.
#[inline(always)]
pub(crate) const fn divide_by_power_of_two(value: i32, exponent: i32) -> i32 {
    let mask = ((1_i64 << exponent) - 1) as i32;
    let remainder = value & mask;
    let threshold = (mask >> 1) + (value < 0) as i32;
    // An exponent of 31 leaves the sign and, at most, a half.
    (value >> exponent) + (remainder > threshold) as i32
}

const fn saturate(value: i64) -> i32 {
    if value > i32::MAX as i64 {
        i32::MAX
    } else if value < i32::MIN as i64 {
        i32::MIN
    } else {
        value as i32
    }
}
