//! Codes of bytes by arithmetic that vectors do side by side, where a sample is a byte of each channel, each scaled by
//! itself: tables would be looked up byte by byte.

use super::Quantization;
use crate::lanes::codes::CodeLanes;
use crate::lanes::{ByteTable, Kernel};

/// A multiplication and an addition whose result, rounded to the nearest whole number, is the code of a byte.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByteLine {
    /// What a byte is multiplied by.
    pub factor: f32,
    /// What is added to it.
    pub offset: f32,
}

/// Makes codes of samples of a byte of each channel, one sample behind another. Factors and offsets are those of each
/// channel's [`ByteLine`], of one sample or of some: of more bytes fewer are left over when vectors are full. `proof` is
/// any packet, whose instructions compute them.
///
/// Bytes without a code to be written and codes without a byte are left alone.
pub fn line_codes<C: CodeLanes>(
    proof: C,
    own: &Quantization,
    [factors, offsets]: [&[f32]; 2],
    bytes: &[u8],
    codes: &mut [i8],
) {
    proof.scale_bytes(LineCodes {
        own,
        factors,
        offsets,
        bytes,
        codes,
    });
}

/// Bytes to make codes of.
pub struct LineCodes<'a> {
    own: &'a Quantization,
    factors: &'a [f32],
    offsets: &'a [f32],
    bytes: &'a [u8],
    codes: &'a mut [i8],
}

/// How far from where an offset should be others are tried: what lies between two codes is rounded to either of them.
const NUDGES: [f32; 9] = [0.0, 1.0, -1.0, 2.0, -2.0, 4.0, -4.0, 8.0, -8.0];
const NUDGE: f32 = 1.0 / 65536.0;

impl ByteLine {
    /// That which gives every byte the code that a table has, of a channel scaled so; `None` where none was found.
    pub fn of(own: &Quantization, scale: f32, shift: f32, table: &ByteTable) -> Option<Self> {
        let factor = scale / own.scale;
        let offset = shift / own.scale + f32::from(own.zero);
        let lines = NUDGES.iter().map(|nudge| Self {
            factor,
            offset: offset + nudge * NUDGE,
        });
        let agrees = |line: &Self| {
            (0..=u8::MAX)
                .all(|byte| code_of(own, byte, line.factor, line.offset) == table.code(byte))
        };
        lines.into_iter().find(agrees)
    }
}

impl Kernel for LineCodes<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let own = *self.own;
        let each = self.factors.len().max(1);
        let runs = self.codes.chunks_mut(each);
        for (codes, bytes) in runs.zip(self.bytes.chunks(each)) {
            let lines = self.factors.iter().zip(self.offsets);
            for ((code, byte), (factor, offset)) in codes.iter_mut().zip(bytes).zip(lines) {
                *code = code_of(&own, *byte, *factor, *offset);
            }
        }
    }
}

/// The nearest code, of two that are as near the even one.
#[inline(always)]
fn code_of(own: &Quantization, byte: u8, factor: f32, offset: f32) -> i8 {
    /// 1.5 * 2^23: what is added to it becomes a whole number, the nearest, in its lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    let raised = (f32::from(byte) * factor + offset) + WHOLE;
    own.clamp((raised.to_bits() as i32).wrapping_sub(WHOLE.to_bits() as i32))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::testing::{OnCodes, in_every_code_packet};
    use std::vec;
    use std::vec::Vec;

    fn table(own: &Quantization, scale: f32, shift: f32) -> ByteTable {
        let mut codes = [0; 256];
        for (byte, code) in codes.iter_mut().enumerate() {
            *code = own.code(byte as f32 * scale + shift);
        }
        ByteTable::new(codes)
    }

    struct Lines;

    impl OnCodes for Lines {
        fn run<C: CodeLanes>(&self, proof: C) {
            let own = Quantization {
                low: -120,
                ..Quantization::new(0.037, 11)
            };
            for channels in [2, 7, 16, 37] {
                let (mut tables, mut factors, mut offsets) = (vec![], vec![], vec![]);
                for channel in 0..channels {
                    let (scale, shift) = (0.004 * (channel as f32 - 3.3), 0.1 * channel as f32);
                    let table = table(&own, scale, shift);
                    let line = ByteLine::of(&own, scale, shift, &table).expect("lines are found");
                    factors.push(line.factor);
                    offsets.push(line.offset);
                    tables.push(table);
                }
                let bytes: Vec<u8> = (0..9 * channels)
                    .map(|at| (at * 37 + at / 5) as u8)
                    .collect();
                let mut codes = vec![99; bytes.len()];
                line_codes(proof, &own, [&factors, &offsets], &bytes, &mut codes);
                // And by those of four samples at once, of which the last one is alone.
                let [factors, offsets] = [factors, offsets].map(|own| own.repeat(4));
                let mut at_once = vec![99; bytes.len()];
                line_codes(proof, &own, [&factors, &offsets], &bytes, &mut at_once);
                assert_eq!(codes, at_once, "{channels}, {:?}", C::WIDTH);
                for (at, code) in codes.into_iter().enumerate() {
                    let expected = tables[at % channels].code(bytes[at]);
                    assert_eq!(code, expected, "{at} of {channels}, {:?}", C::WIDTH);
                }
            }
        }
    }

    #[test]
    fn lines_give_every_byte_its_code() {
        in_every_code_packet(&Lines);
    }

    #[test]
    fn most_scales_are_lines_and_others_are_refused() {
        let mut found = 0;
        for step in 1..=200 {
            let own = Quantization::new(0.01 + step as f32 * 0.000_173, (step % 200) as i8);
            let (scale, shift) = (1.0 / (50.0 + step as f32), -0.01 * step as f32);
            found +=
                usize::from(ByteLine::of(&own, scale, shift, &table(&own, scale, shift)).is_some());
        }
        assert!(found > 195, "{found}");
        let own = Quantization::new(0.1, 0);
        assert_eq!(
            ByteLine::of(&own, f32::MAX, 0.0, &table(&own, 0.01, 0.0)),
            None
        );
        assert_eq!(
            ByteLine::of(&own, 0.01, f32::NAN, &table(&own, 0.01, 0.0)),
            None
        );
    }
}
