//! The naive convolution of codes. It defines the bytes.

use super::super::ConvGeometry;
use crate::int8::{Int8Rule, Quantization, Requantization};

/// Each output's sum: its bias and all its taps, those in the padding reading `zero`.
///
/// `input` is rows x columns x channels, `weights` filters x kernel rows x kernel columns x channels
/// of the group, `sums` rows x columns x filters.
pub fn sums(
    g: &ConvGeometry,
    input: &[i8],
    zero: i8,
    weights: &[i8],
    biases: &[i32],
    sums: &mut [i32],
) {
    for (at, sum) in sums.iter_mut().enumerate() {
        let (place, f) = (at / g.filters, at % g.filters);
        let (y, x) = (place / g.output[1], place % g.output[1]);
        *sum = biases[f];
        for tap in 0..g.taps() {
            let (spot, c) = (tap / g.group_channels(), tap % g.group_channels());
            let row = y * g.stride[0] + spot / g.kernel[1] * g.dilation[0];
            let column = x * g.stride[1] + spot % g.kernel[1] * g.dilation[1];
            let inside = |axis: usize, at: usize| {
                at >= g.padding[axis] && at < g.padding[axis] + g.input[axis]
            };
            let code = if inside(0, row) && inside(1, column) {
                let place = (row - g.padding[0]) * g.input[1] + column - g.padding[1];
                let channel = f / g.group_filters() * g.group_channels() + c;
                input[place * g.channels + channel]
            } else {
                zero
            };
            *sum += i32::from(code) * i32::from(weights[f * g.taps() + tap]);
        }
    }
}

/// The code of a sum by a channel's scale, in arithmetic that is wide enough for any.
pub fn code(rule: Int8Rule, scale: Requantization, sum: i32, output: &Quantization) -> i8 {
    let rounded = match rule {
        Int8Rule::Once => {
            let product = i128::from(sum) * i128::from(scale.multiplier);
            (2 * product + (1 << scale.shift)).div_euclid(2 << scale.shift)
        }
        Int8Rule::TensorFlowLite => {
            let doubled =
                i128::from(sum) * (1 << scale.shift.max(0)) * i128::from(scale.multiplier);
            // The upper half rounds halves up, what is shifted afterwards halves away from zero.
            let first = (doubled + (1 << 30)).div_euclid(1 << 31);
            halves_away(first, (-scale.shift).max(0) as u32)
        }
    };
    let code = rounded + i128::from(output.zero);
    code.clamp(i128::from(output.low), i128::from(output.high)) as i8
}

/// Divided by 2^`exponent`, rounded to nearest, halves away from zero.
fn halves_away(value: i128, exponent: u32) -> i128 {
    let doubled = 2 * value.abs() + (1 << exponent);
    value.signum() * (doubled >> (exponent + 1))
}
