//! Addition of codes, a packet of samples at a time.

use crate::int8::{Int8Rule, Quantization, Requantization};
use crate::lanes::Kernel;
use crate::lanes::codes::{CODE_BIAS, CodeLanes};

/// How two packets of codes become one.
#[derive(Clone, Copy, Debug)]
pub struct PacketSum {
    way: SumWay,
    output: Quantization,
    /// Whether the packet that is held already is the second input.
    is_held_second: bool,
}

#[derive(Clone, Copy, Debug)]
enum SumWay {
    Once {
        multipliers: [i32; 2],
        constant: i32,
        shift: u32,
    },
    /// TensorFlow Lite's: inputs' distances from their zeros scaled, then their sum.
    Twice {
        scales: [Requantization; 3],
        zeros: [i8; 2],
    },
}

/// Bits that TensorFlow Lite keeps behind the point.
const LEFT: u32 = 20;

impl PacketSum {
    /// By an addition's constants; `None` where its scales are beyond what packets apply.
    pub fn new(
        rule: Int8Rule,
        constants: &[i32],
        inputs: [Quantization; 2],
        output: Quantization,
        is_held_second: bool,
    ) -> Option<Self> {
        let way = match (rule, constants) {
            (Int8Rule::Once, [first, second, constant, shift]) => SumWay::Once {
                multipliers: [*first, *second],
                // Codes in packets are larger than what they stand for.
                constant: constant - CODE_BIAS * (first + second) + (CODE_BIAS << shift),
                shift: *shift as u32,
            },
            (Int8Rule::TensorFlowLite, [a, b, c, d, e, f]) => {
                let scales = [[*a, *b], [*c, *d], [*e, *f]];
                let scales = scales.map(|[multiplier, shift]| Requantization { multiplier, shift });
                if scales.iter().any(|scale| !(-31..=0).contains(&scale.shift)) {
                    return None;
                }
                let zeros = inputs.map(|input| input.zero);
                SumWay::Twice { scales, zeros }
            }
            _ => return None,
        };
        Some(Self {
            way,
            output,
            is_held_second,
        })
    }

    /// The codes of the sum.
    #[inline(always)]
    pub fn packet<C: CodeLanes>(&self, other: C, held: C) -> C {
        let inputs = match self.is_held_second {
            true => [other, held],
            false => [held, other],
        };
        let codes = match self.way {
            SumWay::Once {
                multipliers,
                constant,
                shift,
            } => inputs[0].add_codes(inputs[1], multipliers, constant, shift),
            SumWay::Twice { scales, zeros } => {
                let mut sums = [held; 4];
                for (place, sum) in (0..).zip(&mut sums) {
                    let first = distance(inputs[0].code(place), zeros[0], scales[0]);
                    let second = distance(inputs[1].code(place), zeros[1], scales[1]);
                    let code = scaled(first.add(second), scales[2]);
                    *sum = code.add(held.splat(i32::from(self.output.zero) + CODE_BIAS));
                }
                C::narrow(sums)
            }
        };
        self.output.clamp_packet(codes)
    }
}

/// A code's scaled distance from its zero.
#[inline(always)]
fn distance<C: CodeLanes>(code: C, zero: i8, scale: Requantization) -> C {
    let distance = code.add(code.splat(-CODE_BIAS - i32::from(zero)));
    scaled(distance.shift_left(LEFT), scale)
}

#[inline(always)]
fn scaled<C: CodeLanes>(number: C, scale: Requantization) -> C {
    let product = number.multiply_high_of_double(scale.multiplier);
    product.divide_by_power_of_two(scale.shift.unsigned_abs())
}

/// An addition's forward pass, in place of one of the inputs.
pub struct PacketAdd<'a, C> {
    pub proof: C,
    pub sum: PacketSum,
    /// Becomes the sum.
    pub held: &'a mut [u32],
    /// As many packets; `None` where the value is added to itself.
    pub other: Option<&'a [u32]>,
}

impl<C: CodeLanes> Kernel for PacketAdd<'_, C> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (at, held) in self.held.chunks_exact_mut(C::LANES).enumerate() {
            let own = self.proof.load(held);
            let other = match self.other {
                Some(other) => self.proof.load(&other[at * C::LANES..]),
                None => own,
            };
            self.sum.packet(other, own).store(held);
        }
    }
}
