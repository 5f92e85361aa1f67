//! The exponential and the logarithm of packets: `libm`'s steps, and so its bits, without its branches.
//!
//! The steps and constants are those of FreeBSD's `e_expf.c` and `e_logf.c` (Copyright (C) 1993 by Sun
//! Microsystems, Inc., by Ian Lance Taylor), which `libm` follows, too.

use crate::lanes::Lanes;

/// `1.5 * 2^23`: what is added to it becomes a whole number, the nearest, which its lowest bits count.
const WHOLE: f32 = 12_582_912.0;

/// Both parts of the natural logarithm of 2, of the exponential and of the logarithm, and the factors of their
/// polynomials.
const EXP_PARTS: [f32; 2] = numbers([0x3F31_7200, 0x35BF_BE8E]);
const EXP_TERMS: [f32; 2] = numbers([0x3E2A_AA8F, 0xBB35_5215]);
const LOG_PARTS: [f32; 2] = numbers([0x3F31_7180, 0x3717_F7D1]);
const LOG_TERMS: [f32; 4] = numbers([0x3F2A_AAAA, 0x3ECC_CE13, 0x3E91_E9EE, 0x3E78_9E26]);

const INVERSE_LN_2: f32 = f32::from_bits(0x3FB8_AA3B);

/// From there on the exponential is `1 + x`.
const NEARLY_ZERO: f32 = -f32::from_bits(0x3900_0000);

/// Up to there it is +0.
const VANISHING: f32 = -f32::from_bits(0x42CF_F1B5);

/// As `libm::expf`, of numbers that are at most 0. A NaN stays itself.
#[inline(always)]
pub(super) fn exponential<L: Lanes>(x: L) -> L {
    let [own] = exponentials([x]);
    own
}

/// The same of several packets, step by step of all: each step of one waits for the one before, and a processor looks
/// ahead no further than some of such runs of steps.
#[inline(always)]
pub(super) fn exponentials<L: Lanes, const P: usize>(x: [L; P]) -> [L; P] {
    if L::IS_SINGLE {
        return of_each(x, |x| each(x, libm::expf));
    }
    let splat = |number: f32| x[0].splat(number);
    let (one, two) = (splat(1.0), splat(2.0));
    let x = of_each(x, |x| splat(VANISHING).larger(x));
    let exponent = of_each(x, power_within);
    // Exact: of the power's eight bits and the part's sixteen.
    let high = of_both(x, exponent, |x, e| {
        x.less_exact_product(e, splat(EXP_PARTS[0]))
    });
    let low = of_each(exponent, |exponent| exponent.mul(splat(EXP_PARTS[1])));
    let rest = of_both(high, low, |high, low| high.sub(low).pinned());
    let square = of_each(rest, |rest| rest.mul(rest));
    let terms = of_each(square, |square| splat(EXP_TERMS[1]).mul(square));
    let terms = of_each(terms, |terms| splat(EXP_TERMS[0]).add(terms));
    let terms = of_both(square, terms, L::mul);
    let c = of_both(rest, terms, L::sub);
    let product = of_both(rest, c, L::mul);
    // Next to 0 no more than `1 + x` is left of all that follows.
    let product = of_both(x, product, |x, product| {
        L::select(splat(NEARLY_ZERO).greater(x), product, splat(0.0))
    });
    let divisor = of_each(c, |c| two.sub(c));
    let quotient = of_both(product, divisor, |a, b| a.div(b).pinned());
    let mantissa = of_both(quotient, low, L::sub);
    let mantissa = of_both(mantissa, high, L::add);
    let mantissa = of_each(mantissa, |mantissa| one.add(mantissa));
    of_both(mantissa, exponent, scaled)
}

/// The power of 2 that is taken out of an exponential: nearest to its logarithm, as a whole number. `libm` compares where
/// that is -1 or 0. Two numbers next to these places have another power here, and the same exponential by either.
#[inline(always)]
fn power_within<L: Lanes>(x: L) -> L {
    // Towards zero, since none of these numbers is above it.
    raised(x.mul(x.splat(INVERSE_LN_2)).sub(x.splat(0.5)))
}

/// The least whole number that is not below each.
#[inline(always)]
fn raised<L: Lanes>(exact: L) -> L {
    if let Some(raised) = exact.raised() {
        return raised;
    }
    let whole = exact.splat(WHOLE);
    let nearest = exact.add(whole).sub(whole);
    let above = nearest.add(exact.splat(1.0));
    L::select(exact.greater(nearest), above, nearest)
}

/// `mantissa * 2^exponent`, rounded once, of mantissas from a half to 2.
#[inline(always)]
fn scaled<L: Lanes>(mantissa: L, exponent: L) -> L {
    if let Some(scaled) = mantissa.scaled(exponent) {
        return scaled;
    }
    // Two powers, of which the first leaves all bits and the second rounds what becomes subnormal.
    let small = mantissa.mul(mantissa.splat(f32::from_bits(27 << 23)));
    small.mul(power_of_two(exponent.add(exponent.splat(100.0))))
}

/// `2^exponent` of whole numbers from -126 to 127.
#[inline(always)]
fn power_of_two<L: Lanes>(exponent: L) -> L {
    let counted = exponent.add(exponent.splat(WHOLE));
    each(counted, |counted| {
        f32::from_bits(counted.to_bits().wrapping_add(127) << 23)
    })
}

/// As `libm::logf`, of normal numbers above 0. A NaN stays itself.
#[inline(always)]
pub(super) fn logarithm<L: Lanes>(x: L) -> L {
    if L::IS_SINGLE {
        return each(x, libm::logf);
    }
    /// The bits of 1 and of the root of a half: mantissas lie from there to twice as much.
    const ONE: u32 = 0x3F80_0000;
    const ROOT: u32 = 0x3F35_04F3;
    /// `2^23`: of what lies next to it the lowest bits count whole numbers.
    const COUNTED: f32 = 8_388_608.0;
    let exponent = each(x, |x| {
        f32::from_bits(x.to_bits().wrapping_add(ONE - ROOT) >> 23 | COUNTED.to_bits())
    });
    let exponent = exponent.sub(x.splat(COUNTED + 127.0));
    let mantissa = each(x, |x| {
        f32::from_bits((x.to_bits().wrapping_add(ONE - ROOT) & 0x007F_FFFF) + ROOT)
    });
    let f = mantissa.sub(x.splat(1.0));
    let s = f.div(x.splat(2.0).add(f));
    let z = s.mul(s);
    let w = z.mul(z);
    let even = x.splat(LOG_TERMS[1]).add(w.mul(x.splat(LOG_TERMS[3])));
    let odd = x.splat(LOG_TERMS[0]).add(w.mul(x.splat(LOG_TERMS[2])));
    let terms = z.mul(odd).add(w.mul(even));
    let half_square = x.splat(0.5).mul(f).mul(f);
    let sum = s.mul(half_square.add(terms));
    let sum = sum.add(exponent.mul(x.splat(LOG_PARTS[1])));
    let sum = sum.sub(half_square).add(f);
    let sum = sum.add(exponent.mul(x.splat(LOG_PARTS[0])));
    L::select(x.at_most(x), sum, x)
}

const fn numbers<const N: usize>(bits: [u32; N]) -> [f32; N] {
    let mut numbers = [0.0; N];
    let mut at = 0;
    while at < N {
        numbers[at] = f32::from_bits(bits[at]);
        at += 1;
    }
    numbers
}

/// What a step makes of each packet.
#[inline(always)]
fn of_each<L: Lanes, const P: usize>(mut packets: [L; P], step: impl Fn(L) -> L) -> [L; P] {
    for p in 0..P {
        packets[p] = step(packets[p]);
    }
    packets
}

/// What a step makes of each packet and another.
#[inline(always)]
fn of_both<L: Lanes, const P: usize>(
    mut packets: [L; P],
    others: [L; P],
    step: impl Fn(L, L) -> L,
) -> [L; P] {
    for p in 0..P {
        packets[p] = step(packets[p], others[p]);
    }
    packets
}

/// What a function makes of each lane.
#[inline(always)]
fn each<L: Lanes>(mut packet: L, of: impl Fn(f32) -> f32) -> L {
    for value in L::values_mut(core::slice::from_mut(&mut packet)) {
        *value = of(*value);
    }
    packet
}

#[cfg(test)]
mod tests;
