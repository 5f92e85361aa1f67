//! Training in floating point as the codes will have it: each value is rounded to the number that its
//! code stands for, and its gradient passes as if it had not been, but for values beyond the codes.

use super::Quantization;
use crate::lanes::{Kernel, Lanes};

/// Rounds numbers to those that their codes stand for, as [`Quantization::code`] and
/// [`Quantization::number`] do one after the other; NaN stays NaN.
pub struct FakeQuantize<'a, L> {
    pub quantization: Quantization,
    /// From where on the activation before was flat.
    pub ceiling: f32,
    pub values: &'a mut [L],
    /// A byte for each number: 1 where the gradient passes, 0 where the number is beyond the codes.
    pub passes: &'a mut [u8],
}

/// Rounding to whole numbers by addition: whatever is below 2^22 has no fraction beside it.
const WHOLE: f32 = 12_582_912.0;
/// Beyond all codes, and within what [`WHOLE`] rounds.
const FAR: f32 = 1024.0;

impl<L: Lanes> Kernel for FakeQuantize<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Some(first) = self.values.first().copied() else {
            return;
        };
        let own = self.quantization;
        let [scale, zero] = [first.splat(own.scale), first.splat(own.zero.into())];
        let [low, high] = [first.splat(own.low.into()), first.splat(own.high.into())];
        let offset = first.splat(f32::from(own.zero) + 0.5);
        let [whole, far, near] = [first.splat(WHOLE), first.splat(FAR), first.splat(-FAR)];
        let [none, one] = [first.splat(0.0), first.splat(1.0)];
        let ceiling = first.splat(self.ceiling);
        let passes = self.passes.chunks_exact_mut(L::LANES);
        for (value, passes) in self.values.iter_mut().zip(passes) {
            let place = value.div(scale).add(offset);
            let place = L::select(place.greater(far), far, place);
            let place = L::select(near.greater(place), near, place);
            let nearest = place.add(whole).sub(whole);
            let floor = L::select(nearest.greater(place), nearest.sub(one), nearest);
            let [above, below] = [floor.greater(high), low.greater(floor)];
            let pass = L::select(below, none, L::select(above, none, one));
            L::select(ceiling.at_most(*value), none, pass).store_bytes(passes);
            let code = L::select(below, low, L::select(above, high, floor));
            *value = code.sub(zero).mul(scale);
        }
    }
}

/// Takes the gradient away of numbers that [`FakeQuantize`] found beyond the codes.
pub struct PassGradient<'a, L> {
    pub passes: &'a [u8],
    pub gradient: &'a mut [L],
}

impl<L: Lanes> Kernel for PassGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let passes = self.passes.chunks_exact(L::LANES);
        for (gradient, passes) in self.gradient.iter_mut().zip(passes) {
            *gradient = gradient.where_byte(passes, 1);
        }
    }
}

/// The naive rounding.
#[cfg(test)]
pub(crate) mod reference {
    use super::Quantization;

    /// The number that a number's code stands for, and whether its gradient passes.
    pub fn rounded(own: &Quantization, ceiling: f32, number: f32) -> (f32, bool) {
        let place = libm::floor(f64::from(number / own.scale + (f32::from(own.zero) + 0.5)));
        let is_code = f64::from(own.low) <= place && place <= f64::from(own.high);
        (own.number(own.code(number)), is_code && number < ceiling)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::testing::properties;
    use crate::testing::{AtWidth, at_every_width};
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    struct Case {
        quantization: Quantization,
        ceiling: f32,
        numbers: Vec<f32>,
    }

    impl AtWidth for Case {
        fn run<L: Lanes>(&self, zero: L) {
            let count = self.numbers.len().div_ceil(L::LANES);
            let mut values = vec![zero; count];
            L::values_mut(&mut values)[..self.numbers.len()].copy_from_slice(&self.numbers);
            let mut gradient = vec![zero.splat(-2.5); count];
            let mut passes = vec![9; count * L::LANES];
            zero.vectorize(FakeQuantize {
                quantization: self.quantization,
                ceiling: self.ceiling,
                values: &mut values,
                passes: &mut passes,
            });
            zero.vectorize(PassGradient {
                passes: &passes,
                gradient: &mut gradient,
            });
            let found = L::values(&values).iter().zip(L::values(&gradient));
            for (number, (found, gradient)) in self.numbers.iter().zip(found) {
                let (expected, passes) =
                    reference::rounded(&self.quantization, self.ceiling, *number);
                assert_eq!(found.to_bits(), expected.to_bits(), "{number}");
                let expected = if passes { -2.5_f32 } else { 0.0 };
                assert_eq!(gradient.to_bits(), expected.to_bits(), "{number}");
            }
        }
    }

    properties! {
        #[test]
        fn numbers_become_those_of_their_codes_at_every_width(
            scale in 1e-6_f32..1e3,
            zero in -127..=127_i8,
            ends in [-127..=127_i8, -127..=127_i8],
            ceiling in prop::sample::select(vec![6.0, f32::INFINITY]),
            places in prop::collection::vec(-400.0_f32..400.0, 1..40),
        ) {
            let quantization = Quantization {
                low: ends[0].min(ends[1]),
                high: ends[0].max(ends[1]),
                ..Quantization::new(scale, zero)
            };
            // Halves between two codes, codes themselves, and numbers far away, too.
            let more = [-1e30, -128.5, -127.5, -0.5, 0.0, 0.5, 1.0, 127.5, 128.5, 1e30];
            let places = places.into_iter().chain(more);
            let numbers = places.map(|place| place * scale).collect();
            at_every_width(&Case { quantization, ceiling, numbers });
        }
    }

    #[test]
    fn a_number_that_is_none_stays_so() {
        struct NotANumber;
        impl AtWidth for NotANumber {
            fn run<L: Lanes>(&self, zero: L) {
                let mut values = [zero.splat(f32::NAN)];
                zero.vectorize(FakeQuantize {
                    quantization: Quantization::new(0.5, 3),
                    ceiling: f32::INFINITY,
                    values: &mut values,
                    passes: &mut vec![0; L::LANES],
                });
                assert!(L::values(&values).iter().all(|value| value.is_nan()));
            }
        }
        at_every_width(&NotANumber);
    }
}
