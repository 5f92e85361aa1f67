//! How packets of codes apply a channel's scale.

use super::{Int8Rule, Quantization, Requantization};
use crate::lanes::codes::{CODE_BIAS, CodeLanes};

/// A channel's multiplier and shift, and the zero of its output, as packets apply them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChannelScale {
    own: Requantization,
    rule: Int8Rule,
    /// Added at last: the output's zero, as codes lie in packets.
    offset: i32,
    way: Way,
}

/// Samples of the widest packet.
const MOST_LANES: usize = 16;

/// What sums are limited to before they are shifted to the left, by up to ten bits.
const MOST_SUM: i32 = 1 << 20;

/// By which instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `(sum * multiplier / 2^32 + constant) / 2^shift`, the offset within the constant.
    Once { constant: i32, shift: u32 },
    /// As `Once`, of `sum * 2^left`: of a scale by which sums of more than [`MOST_SUM`] give no codes.
    OnceLarge {
        left: u32,
        constant: i32,
        shift: u32,
    },
    /// The upper half of twice the product, divided by 2^exponent.
    Twice { exponent: u32 },
    /// Sample by sample: scales beyond what models have.
    Exact,
}

impl ChannelScale {
    pub fn new(own: Requantization, rule: Int8Rule, zero: i8) -> Self {
        let offset = i32::from(zero) + CODE_BIAS;
        let way = match (rule, own.shift) {
            (Int8Rule::Once, _) if own.multiplier == 0 => Way::Once {
                constant: offset,
                shift: 0,
            },
            // The constant stays below 2^29 + 2^20, and what it is added to below 2^30.
            (Int8Rule::Once, shift @ 33..=53) => {
                let shift = shift as u32 - 32;
                let constant = (1 << (shift - 1)) + (offset << shift);
                Way::Once { constant, shift }
            }
            // A sum at the limit becomes 2^12 or more, beyond all codes from any zero.
            (Int8Rule::Once, shift @ 23..=32) if own.multiplier >= 1 << 24 => Way::OnceLarge {
                left: 33 - shift as u32,
                constant: 1 + (offset << 1),
                shift: 1,
            },
            (Int8Rule::TensorFlowLite, shift @ -31..=0) => Way::Twice {
                exponent: shift.unsigned_abs(),
            },
            _ => Way::Exact,
        };
        Self {
            own,
            rule,
            offset,
            way,
        }
    }

    /// What codes are made of by [`CodeLanes::narrow`].
    #[inline(always)]
    pub fn apply<C: CodeLanes>(&self, sums: C) -> C {
        match self.way {
            Way::Once { constant, shift } => {
                let product = sums.multiply_high(self.own.multiplier);
                product.add(sums.splat(constant)).shift_right(shift)
            }
            Way::OnceLarge {
                left,
                constant,
                shift,
            } => {
                let within = sums.smaller(sums.splat(MOST_SUM));
                let within = within.larger(sums.splat(-MOST_SUM)).shift_left(left);
                let product = within.multiply_high(self.own.multiplier);
                product.add(sums.splat(constant)).shift_right(shift)
            }
            Way::Twice { exponent } => {
                let product = sums.multiply_high_of_double(self.own.multiplier);
                let quotient = product.divide_by_power_of_two(exponent);
                // Numbers of both signs next to the limits of 32 bits would wrap around.
                let within = quotient.smaller(sums.splat(1 << 16));
                within
                    .larger(sums.splat(-(1 << 16)))
                    .add(sums.splat(self.offset))
            }
            Way::Exact => self.apply_exactly(sums),
        }
    }

    #[inline(never)]
    fn apply_exactly<C: CodeLanes>(&self, sums: C) -> C {
        let mut words = [0; MOST_LANES];
        sums.store(&mut words);
        for word in &mut words[..C::LANES] {
            let code = match self.rule {
                Int8Rule::Once => self.own.once(*word as i32),
                Int8Rule::TensorFlowLite => self.own.round_twice(*word as i32),
            };
            *word = code.saturating_add(self.offset) as u32;
        }
        sums.load(&words)
    }
}

impl Quantization {
    /// The nearest codes that it may have.
    #[inline(always)]
    pub(crate) fn clamp_packet<C: CodeLanes>(&self, codes: C) -> C {
        let [low, high] = self.limits(codes);
        codes.clamp_codes(low, high)
    }

    /// The least codes that it may have, and the greatest; `proof` is any packet.
    #[inline(always)]
    pub(crate) fn limits<C: CodeLanes>(&self, proof: C) -> [C; 2] {
        [proof.splat(four(self.low)), proof.splat(four(self.high))]
    }
}

/// A code four times, as it lies in packets.
#[inline(always)]
pub(crate) fn four(code: i8) -> i32 {
    let own = (i32::from(code) + CODE_BIAS) as u8;
    i32::from_le_bytes([own; 4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::PortableCodes;
    use crate::testing::properties;
    use proptest::prelude::*;

    fn sums() -> impl Strategy<Value = i32> {
        prop_oneof![-3000..3000, -(1 << 21)..1 << 21, any::<i32>()]
    }

    properties! {
        #[test]
        fn every_way_gives_the_exact_codes(
            multiplier in prop_oneof![0..1 << 24, 1 << 24..=i32::MAX],
            shift in 20..56,
            is_twice in any::<bool>(),
            zero in any::<i8>(),
            sums in [sums(), sums(), sums(), sums()],
        ) {
            let (rule, shift) = match is_twice {
                true => (Int8Rule::TensorFlowLite, 24 - shift),
                false => (Int8Rule::Once, shift),
            };
            let scale = ChannelScale::new(Requantization { multiplier, shift }, rule, zero);
            let proof = PortableCodes::zero().unwrap();
            let packet = proof.load(&sums.map(|sum| sum as u32));
            let [mut own, mut exact] = [[0; 4]; 2];
            PortableCodes::narrow([scale.apply(packet); 4]).store(&mut own);
            PortableCodes::narrow([scale.apply_exactly(packet); 4]).store(&mut exact);
            prop_assert_eq!(own, exact, "{:?}", scale.way);
        }

        #[test]
        fn only_scales_that_no_model_has_go_sample_by_sample(shift in 23..=53) {
            let own = Requantization { multiplier: 1 << 30, shift };
            let scale = ChannelScale::new(own, Int8Rule::Once, 0);
            prop_assert!(!matches!(scale.way, Way::Exact));
        }
    }
}
