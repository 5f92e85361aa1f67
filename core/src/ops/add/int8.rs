//! Addition of codes.

use crate::int8::{AddRequantization, Int8Rule, Quantization, Requantization};

/// Forward pass, in place of one of the inputs.
pub(crate) struct Int8Add<'a> {
    pub rule: Int8Rule,
    pub constants: &'a [i32],
    /// What the codes of both inputs stand for.
    pub inputs: [Quantization; 2],
    pub quantization: Quantization,
    /// Becomes the sum.
    pub value: &'a mut [i8],
    /// As many codes; `None` where the value is added to itself.
    pub other: Option<&'a [i8]>,
    /// Whether the value is the second input, not the first.
    pub is_second: bool,
}

impl Int8Add<'_> {
    /// Runs it.
    pub fn run(self) {
        let sum = CodePair {
            rule: self.rule,
            constants: self.constants,
            zeros: self.inputs.map(|input| input.zero),
            output: self.quantization,
        };
        for (at, value) in self.value.iter_mut().enumerate() {
            let other = self.other.map_or(*value, |other| other[at]);
            let codes = match self.is_second {
                true => [other, *value],
                false => [*value, other],
            };
            *value = sum.code(codes);
        }
    }
}

#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
impl Int8Add<'_> {
    /// Runs it by a processor's loops where they serve its numbers, else as on any processor.
    pub fn run_by_loops(self) {
        use crate::dsp::{CodeAddition, CodeSum};
        let c = self.constants;
        let sum = match self.rule {
            Int8Rule::Once => CodeSum::Once {
                multipliers: [c[0] as i16, c[1] as i16],
                constant: c[2],
                shift: c[3] as u32,
            },
            Int8Rule::TensorFlowLite => CodeSum::Twice {
                scales: [[c[0], c[1]], [c[2], c[3]], [c[4], c[5]]],
                zeros: [
                    self.inputs[0].zero,
                    self.inputs[1].zero,
                    self.quantization.zero,
                ],
            },
        };
        let is_served = CodeAddition {
            sum,
            limits: [self.quantization.low, self.quantization.high],
            value: &mut *self.value,
            other: self.other,
            is_second: self.is_second,
        }
        .run();
        if !is_served {
            self.run();
        }
    }
}

/// How two codes become one.
struct CodePair<'a> {
    rule: Int8Rule,
    constants: &'a [i32],
    zeros: [i8; 2],
    output: Quantization,
}

impl CodePair<'_> {
    #[inline(always)]
    fn code(&self, codes: [i8; 2]) -> i8 {
        let code = match self.rule {
            Int8Rule::Once => AddRequantization {
                multipliers: [self.constants[0], self.constants[1]],
                constant: self.constants[2],
                shift: self.constants[3],
            }
            .once(codes),
            Int8Rule::TensorFlowLite => self.twice(codes),
        };
        self.output.clamp(code)
    }

    /// Each distance from zero is scaled in 20 more bits, then the sum.
    fn twice(&self, codes: [i8; 2]) -> i32 {
        let scale = |at: usize| Requantization {
            multiplier: self.constants[2 * at],
            shift: self.constants[2 * at + 1],
        };
        let scaled = [0, 1].map(|at| {
            let distance = i32::from(codes[at]) - i32::from(self.zeros[at]);
            scale(at).round_twice(distance << LEFT)
        });
        let sum = scaled[0].saturating_add(scaled[1]);
        let sum = scale(2).round_twice(sum);
        sum.saturating_add(self.output.zero.into())
    }
}

/// Bits that TensorFlow Lite keeps behind the point.
const LEFT: i32 = 20;

/// The naive addition of codes. It defines the bytes.
pub mod reference {
    use super::LEFT;
    use crate::int8::{Int8Rule, Quantization, Requantization};
    use crate::ops::conv2d::int8::reference::code;

    /// The code of the sum of two codes.
    pub fn sum(
        rule: Int8Rule,
        constants: &[i32],
        inputs: [(i8, Quantization); 2],
        output: &Quantization,
    ) -> i8 {
        let all = Quantization { zero: 0, ..*output };
        match rule {
            Int8Rule::Once => {
                let products =
                    (0..2).map(|at| i128::from(inputs[at].0) * i128::from(constants[at]));
                let sum = products.sum::<i128>() + i128::from(constants[2]);
                let code = sum.div_euclid(1 << constants[3]);
                code.clamp(all.low.into(), all.high.into()) as i8
            }
            Int8Rule::TensorFlowLite => {
                let scale = |at: usize| Requantization {
                    multiplier: constants[2 * at],
                    shift: constants[2 * at + 1],
                };
                let scaled = |at: usize| {
                    let (code, own) = inputs[at];
                    let distance = i32::from(code) - i32::from(own.zero);
                    scale(at).round_twice(distance << LEFT)
                };
                code(rule, scale(2), scaled(0) + scaled(1), output)
            }
        }
    }
}
