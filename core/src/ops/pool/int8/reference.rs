//! The naive pools of codes, channels last. They define the bytes.

use crate::int8::{Int8Rule, Quantization, Requantization};
use crate::ops::conv2d::int8::reference::code;
use crate::ops::pool::PoolGeometry;
use crate::ops::pool::reference::count;

/// The largest code that each window has inside the input.
pub fn max(g: &PoolGeometry, input: &[i8], output: &mut [i8]) {
    for (at, output) in output.iter_mut().enumerate() {
        let codes = (0..g.window[0] * g.window[1]).filter_map(|tap| inside(g, at, tap));
        *output = codes.map(|place| input[place]).max().unwrap_or(i8::MIN);
    }
}

/// The mean of each window. `scale` turns a whole window's sum of distances from `zero` into codes
/// of the output; a clipped window's is that times the whole count over its own, in one rounding.
/// TensorFlow Lite's mean over whole maps takes both and rounds twice, its average pool neither.
pub fn average(
    g: &PoolGeometry,
    rule: Int8Rule,
    scale: Option<(Requantization, i8)>,
    input: &[i8],
    quantization: &Quantization,
    output: &mut [i8],
) {
    let whole = (g.window[0] * g.window[1]) as i128;
    for (at, output) in output.iter_mut().enumerate() {
        let codes = (0..whole as usize).filter_map(|tap| inside(g, at, tap));
        let codes = codes.map(|place| i128::from(input[place]));
        let (sum, found) = codes.fold((0, 0), |(sum, found), code| (sum + code, found + 1));
        let map = at / g.channels;
        let [low, high] = [quantization.low, quantization.high].map(i128::from);
        *output = match (rule, scale) {
            (Int8Rule::Once, Some((scale, zero))) => {
                let sum = sum - found * i128::from(zero);
                let above = 2 * sum * i128::from(scale.multiplier) * whole;
                let below = (count(g, map) as i128) << scale.shift;
                let mean = (above + below).div_euclid(2 * below);
                (mean + i128::from(quantization.zero)).clamp(low, high) as i8
            }
            (Int8Rule::TensorFlowLite, Some((scale, zero))) => {
                let sum = sum - found * i128::from(zero);
                code(rule, scale, sum as i32, quantization)
            }
            (_, None) => {
                let mean = sum.signum() * ((2 * sum.abs() + found) / (2 * found));
                mean.clamp(low, high) as i8
            }
        };
    }
}

/// The index of what a tap of output `at` falls on; none in the padding.
fn inside(g: &PoolGeometry, at: usize, tap: usize) -> Option<usize> {
    let (map, channel) = (at / g.channels, at % g.channels);
    let place = [map / g.output[1], map % g.output[1]];
    let own = [tap / g.window[1], tap % g.window[1]];
    let along = |axis: usize| {
        let reach = place[axis] * g.stride[axis] + own[axis];
        let input = reach.checked_sub(g.before[axis])?;
        (input < g.input[axis]).then_some(input)
    };
    Some((along(0)? * g.input[1] + along(1)?) * g.channels + channel)
}
