//! Scales over their whole range, and which layout of weights they allow.

extern crate std;

use super::super::arrangement::CodeArrangement;
use super::super::scale::CodeScale;
use super::super::{Rounding, Unserved};
use super::Random;
use crate::ops::conv2d::ConvGeometry;
use std::vec;
use std::vec::Vec;

/// A linear layer.
fn line(inputs: usize, outputs: usize) -> ConvGeometry {
    ConvGeometry {
        channels: inputs,
        input: [1, 1],
        filters: outputs,
        output: [1, 1],
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    }
}

/// What the instructions make of a sum, in as many bits as they have.
fn code(scale: CodeScale, sum: i64, rounding: Rounding) -> i64 {
    let [multiplier, constant, shift] = scale.words().map(|word| i64::from(word as i32));
    let word = |value: i64| {
        assert_eq!(value, i64::from(value as i32), "more than a word");
        value
    };
    let rounded = match rounding {
        Rounding::Once => word(((word(sum) * multiplier) >> 32) + constant),
        Rounding::Twice => {
            let product = (word(2 * sum) * multiplier + (1 << 31)) >> 32;
            word(product + (constant + (sum >> 63)))
        }
    };
    (rounded >> shift).clamp(-128, 127)
}

#[test]
fn scales_are_exact_where_they_are_served() {
    let mut random = Random(11);
    let (mut served, mut moved) = ([0; 3], 0);
    for _ in 0..20_000 {
        let rounding = [Rounding::Once, Rounding::Twice][random.below(2)];
        let inputs = 1 + random.below(300);
        let weights: Vec<i8> = (0..inputs)
            .map(|_| random.between(-128, 127) as i8)
            .collect();
        let magnitude = 1_i32 << random.below(31);
        let multiplier = match random.below(8) {
            0 => 1 << random.below(31),
            1 => random.between(0, i32::MAX),
            _ => random.between(1 << 30, i32::MAX),
        };
        let shift = match rounding {
            Rounding::Once => random.between(1, 62),
            Rounding::Twice => random.between(-31, 2),
        };
        let zero = random.between(-128, 127);
        let constants = [random.between(-magnitude, magnitude), multiplier, shift];
        let all = CodeArrangement {
            geometry: line(inputs, 1),
            pool: false,
            rounding,
            reach: 128,
            output_zero: zero as i8,
            weights: &weights,
            constants: &constants,
        };
        let magnitudes = weights.iter().map(|weight| i64::from(*weight).abs());
        let weights_sum: i64 = magnitudes.sum();
        let most = i64::from(constants[0]).abs() + 128 * weights_sum;
        for paired in [false, rounding == Rounding::Once] {
            let Ok(scale) = CodeScale::of(&all, 0, paired) else {
                continue;
            };
            served[usize::from(paired) + usize::from(rounding == Rounding::Twice) * 2] += 1;
            let bits = if paired { 8 } else { 0 };
            let bias = i64::from(constants[0]);
            let (lowest, highest) = (bias - 128 * weights_sum, bias + 128 * weights_sum);
            let sums = [0, 1, -1, lowest, highest, most / 2, -most / 3];
            for sum in sums.into_iter().chain(ties(multiplier, shift, most)) {
                if !(lowest..=highest).contains(&sum) {
                    continue;
                }
                moved += usize::from(i64::from(scale.bias) != bias << bits);
                let expected = exact(rounding, sum, multiplier, shift) + i128::from(zero);
                let expected = expected.clamp(-128, 127) as i64;
                let own = ((sum - bias) << bits) + i64::from(scale.bias);
                let found = code(scale, own, rounding);
                assert_eq!(found, expected, "{rounding:?}, {sum} of {constants:?}");
            }
        }
    }
    assert!(served.iter().all(|count| *count > 2_000), "{served:?}");
    assert!(moved > 2_000, "{moved} sums of channels with moved biases");
}

#[test]
fn channels_that_hardly_change_are_served_whatever_their_bias() {
    // As dead channels of MLPerf Tiny's visual wake words have them: two codes, with a border within.
    let scale = |bias: i32, shift| {
        let all = CodeArrangement {
            geometry: line(128, 1),
            pool: false,
            rounding: Rounding::Twice,
            reach: 128,
            output_zero: -128,
            weights: &[127; 128],
            constants: &[bias, 1_321_000_000, shift],
        };
        CodeScale::of(&all, 0, false)
    };
    let bias = (11_i64 << 57) / 1_321_000_000;
    let found = scale(bias as i32, -27);
    assert!(
        found.is_ok_and(|scale| scale.bias.unsigned_abs() < 1 << 22),
        "{found:?}"
    );
    assert!(scale(1 << 30, -32).is_err(), "a shift of 32");
    assert!(scale(i32::MAX, -27).is_err(), "sums beyond 32 bits");
    assert!(scale(1 << 30, -20).is_ok(), "all saturated");
}

/// Sums about the borders between codes.
fn ties(multiplier: i32, shift: i32, most: i64) -> Vec<i64> {
    let exponent = if shift > 0 { shift } else { 31 - shift };
    let mut sums = Vec::new();
    for code in [-129, -128, -3, -1, 0, 1, 2, 126, 127] {
        let border = (2 * code + 1) * (1_i128 << (exponent - 1)) / i128::from(multiplier.max(1));
        let about = (-1..=1).map(|step| border + step);
        sums.extend(
            about
                .filter(|sum| sum.abs() <= most.into())
                .map(|sum| sum as i64),
        );
    }
    sums
}

fn exact(rounding: Rounding, sum: i64, multiplier: i32, shift: i32) -> i128 {
    let product = i128::from(sum) * i128::from(multiplier);
    match rounding {
        Rounding::Once => (product + (1 << (shift - 1))) >> shift,
        Rounding::Twice => {
            let left = shift.max(0);
            let high = ((product << left) + (1 << 30)) >> 31;
            let half = (1 << (-shift).max(0)) >> 1;
            high.signum() * ((high.abs() + half) >> (-shift).max(0))
        }
    }
}

/// The first word of what is arranged: 0 where two weights share 16 bits.
fn layout(reach: u8, weights: &[i8], shift: i32) -> Result<u32, Unserved> {
    let geometry = line(weights.len() / 2, 2);
    let mut words = vec![0; CodeArrangement::words(&geometry, false)];
    let arrangement = CodeArrangement {
        geometry,
        pool: false,
        rounding: Rounding::Once,
        reach,
        output_zero: -3,
        weights,
        constants: &[0, 0, i32::MAX, i32::MAX, 40, shift],
    };
    arrangement.write(&mut words).map(|()| words[0])
}

#[test]
fn weights_are_paired_where_they_can_be() {
    let weights = [127; 1000];
    assert_eq!(layout(127, &weights[..10], 40), Ok(0));
    assert_eq!(layout(128, &weights[..10], 40), Ok(1), "a code of -128");
    assert_eq!(layout(127, &[-128; 10], 40), Ok(1), "a weight of -128");
    assert_eq!(layout(127, &weights, 40), Ok(0));
    assert_eq!(layout(127, &[127; 1100], 40), Ok(1), "a sum of 24 bits");
    assert_eq!(layout(127, &weights[..10], 25), Ok(0), "a scale of 64");
    assert_eq!(layout(128, &weights[..10], 32), Err(Unserved::Channel(1)));
    assert_eq!(layout(127, &weights[..10], 70), Err(Unserved::Channel(1)));
}
