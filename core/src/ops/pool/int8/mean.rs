//! From sums of windows to codes.
//!
//! The scale for a whole window's sum is a multiplier by 2^-shift. A window of which the divisor counts
//! less takes the multiplier times the whole count over its own, which is no integer: a quotient and a
//! remainder, so that a sum times both is exact in 64 bits, whatever the window.

use super::MeanKind;
use super::count_share::CountShare;
use crate::int8::Requantization;

/// How the sums of windows become codes, all those that have as many values inside and the same divisor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MeanScale {
    /// A whole window's.
    Short(ShortScale),
    /// Those of a window whose divisor is less.
    Clipped(ClippedScale),
    /// As both, for numbers that these do not hold.
    Long {
        share: CountShare,
        offset: i32,
        shift: u32,
        zero: i8,
    },
    /// Rounded twice.
    Twice {
        scale: Requantization,
        offset: i32,
        zero: i8,
    },
    /// Divided to the nearest, halves away from zero.
    Divided { taps: i32 },
}

/// `(sum * 2^left * multiplier + constant) / 2^(32 + shift)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortScale {
    multiplier: i32,
    left: u32,
    constant: i64,
    shift: u32,
    /// The input's zero, as often as a window has values.
    offset: i32,
    /// What is added to the upper half of a distance's product: the output's zero and the half.
    upper: i32,
}

/// How the processor's loops make codes of distances: `distance * 2^left * multiplier / 2^32`, `constant`
/// added, divided by `2^shift`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct UpperScale {
    pub multiplier: i32,
    pub constant: i32,
    pub shift: u32,
    pub left: u32,
}

/// `(distance * quotient + (distance * remainder + bias) / count * 2^left + constant) / 2^(32 + shift)`,
/// a distance being `sum - offset`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClippedScale {
    share: CountShare,
    offset: i32,
    bias: u32,
    left: u32,
    constant: i64,
    shift: u32,
}

/// Most that a code is away from a zero.
const DISTANCE: usize = 255;

/// The highest shift for which a zero and a half can be constants.
const MOST_SHIFT: i32 = 54;

impl MeanScale {
    /// Of no window.
    pub const EMPTY: Self = Self::Divided { taps: 1 };

    /// The scale for windows with so many values inside and this divisor, beside that of a whole one.
    /// `output_zero` is the output's; no window has 2^23 values, as the check of a network sees to.
    #[inline(never)]
    pub fn new(kind: MeanKind, output_zero: i8, whole: usize, [count, taps]: [usize; 2]) -> Self {
        let taken = |zero: i8| taps as i32 * i32::from(zero);
        match kind {
            MeanKind::Divided => Self::Divided { taps: taps as i32 },
            MeanKind::Twice { scale, zero } => Self::Twice {
                scale,
                offset: taken(zero),
                zero: output_zero,
            },
            MeanKind::Once { scale, zero } => {
                let share = CountShare::new(scale.multiplier, whole, count);
                let offset = taken(zero);
                let found = match count == whole {
                    true => Self::short(scale, offset, output_zero, taps),
                    false => Self::clipped(share, scale.shift, offset, output_zero, taps),
                };
                found.unwrap_or(Self::Long {
                    share,
                    offset,
                    shift: scale.shift as u32,
                    zero: output_zero,
                })
            }
        }
    }

    fn short(scale: Requantization, offset: i32, zero: i8, taps: usize) -> Option<Self> {
        let (left, shift) = shifts(scale.shift)?;
        if left > 30 || DISTANCE * taps > (i32::MAX >> left) as usize {
            return None;
        }
        let taken = i64::from(offset << left) * i64::from(scale.multiplier);
        Some(Self::Short(ShortScale {
            multiplier: scale.multiplier,
            left,
            constant: rounded_zero(zero, shift) - taken,
            shift,
            offset,
            upper: (rounded_zero(zero, shift) >> 32) as i32,
        }))
    }

    fn clipped(share: CountShare, shift: i32, offset: i32, zero: i8, taps: usize) -> Option<Self> {
        let (left, shift) = shifts(shift).filter(|(left, _)| *left < 32)?;
        let most = (DISTANCE * taps) as u32;
        // What is added so that no distance is below 0.
        let bias = most.checked_mul(share.count)?;
        bias.checked_mul(2)?;
        let reach = (share.quotient + 1) << left;
        let bits = (i64::BITS - reach.leading_zeros()) + (u32::BITS - most.leading_zeros());
        if reach >> left != share.quotient + 1 || bits > 62 {
            return None;
        }
        let quotient = share.quotient << left;
        Some(Self::Clipped(ClippedScale {
            share: CountShare { quotient, ..share },
            offset,
            bias,
            left,
            constant: rounded_zero(zero, shift) - (i64::from(most) << left),
            shift,
        }))
    }

    /// The codes of so many sums of codes, cut off at the limits of 8 bits.
    #[inline(always)]
    pub fn codes(&self, sums: &[i32], codes: &mut [i8]) {
        match self {
            Self::Short(own) => own.codes(sums, codes),
            Self::Clipped(own) => own.codes(sums, codes),
            _ => self.other_codes(sums, codes),
        }
    }

    #[inline(never)]
    fn other_codes(&self, sums: &[i32], codes: &mut [i8]) {
        let pairs = codes.iter_mut().zip(sums);
        match *self {
            Self::Twice {
                scale,
                offset,
                zero,
            } => {
                for (code, sum) in pairs {
                    let mean = scale.round_twice(sum - offset);
                    *code = cut_off(mean.saturating_add(zero.into()));
                }
            }
            Self::Divided { taps } => {
                for (code, sum) in pairs {
                    let half = if *sum > 0 { taps / 2 } else { -(taps / 2) };
                    *code = cut_off((sum + half) / taps);
                }
            }
            _ => self.long_codes(sums, codes),
        }
    }

    #[cold]
    #[inline(never)]
    fn long_codes(&self, sums: &[i32], codes: &mut [i8]) {
        let Self::Long {
            share,
            offset,
            shift,
            zero,
        } = *self
        else {
            return;
        };
        for (code, sum) in codes.iter_mut().zip(sums) {
            let value = share.times(sum - offset) + (1_i64 << (shift - 1));
            let mean = (value >> shift).clamp(-1024, 1024) as i32;
            *code = cut_off(mean + i32::from(zero));
        }
    }
}

impl UpperScale {
    /// Of what has none.
    pub const NONE: Self = Self {
        multiplier: 0,
        constant: 0,
        shift: 0,
        left: 0,
    };
}

impl ShortScale {
    /// What a loop needs that adds up distances: what each begins with, and their scale.
    pub fn of_distances(&self) -> (i32, UpperScale) {
        let scale = UpperScale {
            multiplier: self.multiplier,
            constant: self.upper,
            shift: self.shift,
            left: self.left,
        };
        (-self.offset, scale)
    }

    #[inline(never)]
    fn codes(&self, sums: &[i32], codes: &mut [i8]) {
        let own = *self;
        for (code, sum) in codes.iter_mut().zip(sums) {
            let product = i64::from(sum << own.left) * i64::from(own.multiplier);
            *code = upper_code(product + own.constant, own.shift);
        }
    }
}

impl ClippedScale {
    #[inline(never)]
    fn codes(&self, sums: &[i32], codes: &mut [i8]) {
        let own = *self;
        let step = 1_u32 << own.left;
        for (code, sum) in codes.iter_mut().zip(sums) {
            let distance = sum - own.offset;
            let rest = distance.wrapping_mul(own.share.remainder as i32) as u32;
            let rest = rest.wrapping_add(own.bias) / own.share.count;
            let value = i64::from(distance) * own.share.quotient + own.constant;
            let value = value + (u64::from(rest) * u64::from(step)) as i64;
            *code = upper_code(value, own.shift);
        }
    }
}

/// How far sums go to the left, and products to the right behind their upper 32 bits.
fn shifts(shift: i32) -> Option<(u32, u32)> {
    match shift {
        // The half is in the upper word.
        ..33 => Some(((33 - shift) as u32, 1)),
        33..=MOST_SHIFT => Some((0, (shift - 32) as u32)),
        _ => None,
    }
}

/// The output's zero and the half that rounds, beneath `32 + shift` bits.
fn rounded_zero(zero: i8, shift: u32) -> i64 {
    (i64::from(zero) << (32 + shift)) + (1 << (31 + shift))
}

/// The code that lies above `32 + shift` bits.
#[inline(always)]
fn upper_code(value: i64, shift: u32) -> i8 {
    cut_off((value >> 32) as i32 >> shift)
}

#[inline(always)]
fn cut_off(code: i32) -> i8 {
    code.clamp(i8::MIN.into(), i8::MAX.into()) as i8
}
