//! Codes of samples of numbers, scaled as a model scales them.

use super::Quantization;
use crate::Scaling;
use crate::lanes::Kernel;
use crate::lanes::codes::CodeLanes;

/// The codes of a sample's numbers, channel by channel: each what [`Quantization::code`] makes of
/// `number * scale + shift`, rounded twice. `proof` is any packet, whose instructions compute them.
///
/// Numbers without a code to be written, and codes without a number, are left alone.
pub fn scaled_codes<C: CodeLanes>(
    proof: C,
    own: &Quantization,
    scaling: &Scaling,
    numbers: &[f32],
    codes: &mut [i8],
) {
    proof.scale_numbers(ScaledCodes {
        own,
        scaling,
        numbers,
        codes,
    });
}

/// Numbers to make codes of, channel by channel.
pub struct ScaledCodes<'a> {
    own: &'a Quantization,
    scaling: &'a Scaling,
    numbers: &'a [f32],
    codes: &'a mut [i8],
}

impl Kernel for ScaledCodes<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = *self.own;
        let map = (self.codes.len() / self.scaling.scale().len()).max(1);
        let scales = self.scaling.scale().iter().zip(self.scaling.shift());
        if map == 1 {
            // A number of each channel: channels are taken side by side.
            let numbers = self.codes.iter_mut().zip(self.numbers);
            for ((code, number), (scale, shift)) in numbers.zip(scales) {
                *code = code_of(&own, number * scale + shift);
            }
            return;
        }
        let channels = self
            .codes
            .chunks_exact_mut(map)
            .zip(self.numbers.chunks_exact(map));
        for ((codes, numbers), (scale, shift)) in channels.zip(scales) {
            for (code, number) in codes.iter_mut().zip(numbers) {
                *code = code_of(&own, number * scale + shift);
            }
        }
    }
}

/// As [`Quantization::code`], without its conversion to an integer, which saturates and is therefore
/// computed number by number where others are computed side by side.
#[inline(always)]
fn code_of(own: &Quantization, number: f32) -> i8 {
    /// 1.5 * 2^23: what is added to it becomes a whole number, the nearest, in its lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    let middle = f32::from(own.zero) + 0.5;
    let place = number / own.scale + middle;
    let place = if place.is_nan() { middle } else { place };
    let place = place.clamp(-1024.0, 1024.0);
    let raised = place + WHOLE;
    let nearest = raised.to_bits() as i32 - WHOLE.to_bits() as i32;
    own.clamp(nearest - i32::from(raised - WHOLE > place))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::testing::{OnCodes, in_every_code_packet};
    use std::vec;
    use std::vec::Vec;

    struct Scaled;

    impl OnCodes for Scaled {
        fn run<C: CodeLanes>(&self, proof: C) {
            let scaling = Scaling::new(&[0.3, -1.7, 4.0], &[-0.1, 0.9, 0.0]).unwrap();
            let own = Quantization {
                low: -120,
                ..Quantization::new(0.037, 11)
            };
            // Whole vectors and what is left of one, and numbers beyond all codes.
            let map = 77;
            let mut numbers: Vec<f32> = (0..3 * map)
                .map(|at| (at as f32 - 110.0) * 0.0931)
                .collect();
            for (at, number) in [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e30, -1e30, -0.0]
                .into_iter()
                .enumerate()
            {
                numbers[at * 19] = number;
            }
            let mut codes = vec![0; numbers.len()];
            scaled_codes(proof, &own, &scaling, &numbers, &mut codes);
            for (at, code) in codes.into_iter().enumerate() {
                let channel = at / map;
                let number = numbers[at] * scaling.scale()[channel] + scaling.shift()[channel];
                assert_eq!(code, own.code(number), "{at}, {:?}", C::WIDTH);
            }
        }
    }

    #[test]
    fn codes_without_a_conversion_are_the_same() {
        for (scale, zero) in [
            (0.5, 0),
            (1.0, -127),
            (0.037, 11),
            (3.0e-9, 127),
            (7.0e30, -3),
        ] {
            let own = Quantization::new(scale, zero);
            // Halves and quarters of codes, their neighbours, and numbers beyond all codes.
            for step in -6000..6000 {
                let number = step as f32 * 0.25 * scale;
                for bits in [
                    number.to_bits(),
                    number.to_bits() ^ 1,
                    number.to_bits() ^ 0x155,
                ] {
                    let number = f32::from_bits(bits);
                    assert_eq!(code_of(&own, number), own.code(number), "{number:e}");
                }
            }
            for number in [
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::MAX,
                f32::MIN,
            ] {
                assert_eq!(code_of(&own, number), own.code(number), "{number:e}");
            }
        }
    }

    #[test]
    fn scaled_numbers_have_the_codes_of_each_alone() {
        in_every_code_packet(&Scaled);
    }
}
