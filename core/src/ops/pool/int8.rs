//! Pools of codes, channels last.

use super::PoolGeometry;
use crate::int8::{Int8Rule, Quantization, Requantization};
use core::ops::Range;

/// Forward pass of a max or an average pool.
pub(crate) struct Int8Pool<'a> {
    pub geometry: PoolGeometry,
    pub kind: Int8PoolKind,
    /// rows x columns x channels
    pub input: &'a [i8],
    /// rows x columns x channels
    pub output: &'a mut [i8],
    pub quantization: Quantization,
}

/// What a pool makes of a window.
#[derive(Clone, Copy)]
pub(crate) enum Int8PoolKind {
    /// The largest code.
    Max,
    /// The mean by a scale for the sum of a whole window's distances from the input's zero.
    Average { scale: Requantization, zero: i8 },
    /// TensorFlow Lite's mean over whole maps: as `Average`, but rounded twice.
    RoundedTwice { scale: Requantization, zero: i8 },
    /// TensorFlow Lite's average pool: the sum of codes, divided.
    RoundedAverage,
}

impl Int8PoolKind {
    /// That of an average pool.
    pub fn average(rule: Int8Rule, constants: &[i32], zero: i8) -> Self {
        let [multiplier, shift] = *constants else {
            return Self::RoundedAverage;
        };
        let scale = Requantization { multiplier, shift };
        match rule {
            Int8Rule::Once => Self::Average { scale, zero },
            Int8Rule::TensorFlowLite => Self::RoundedTwice { scale, zero },
        }
    }
}

impl Int8Pool<'_> {
    /// Runs it.
    pub fn run(self) {
        let g = &self.geometry;
        let whole = (g.window[0] * g.window[1]) as i64;
        let mut outputs = self.output.chunks_exact_mut(g.channels);
        for y in 0..g.output[0] {
            let rows = g.inside(0, y);
            let top = y * g.stride[0] + rows.start - g.before[0];
            let counted_rows = g.counted(0, y, &rows);
            for (x, output) in (0..g.output[1]).zip(&mut outputs) {
                let columns = g.inside(1, x);
                let left = x * g.stride[1] + columns.start - g.before[1];
                let window = Window {
                    geometry: g,
                    input: self.input,
                    rows: top..top + rows.len(),
                    columns: left..left + columns.len(),
                };
                let count = (counted_rows * g.counted(1, x, &columns)) as i64;
                for (channel, output) in output.iter_mut().enumerate() {
                    let code = match self.kind {
                        Int8PoolKind::Max => window.largest(channel),
                        Int8PoolKind::Average { scale, zero } => {
                            let sum = window.sum(channel, zero);
                            let mean = match count == whole {
                                true => scale.once(sum as i32).into(),
                                false => clipped_mean(scale, sum, whole, count),
                            };
                            mean + i64::from(self.quantization.zero)
                        }
                        Int8PoolKind::RoundedTwice { scale, zero } => {
                            let sum = window.sum(channel, zero);
                            let mean = scale.round_twice(sum as i32);
                            i64::from(mean) + i64::from(self.quantization.zero)
                        }
                        Int8PoolKind::RoundedAverage => {
                            rounded_division(window.sum(channel, 0), window.count())
                        }
                    };
                    let code = code.clamp(i32::MIN.into(), i32::MAX.into());
                    *output = self.quantization.clamp(code as i32);
                }
            }
        }
    }
}

/// What a window has inside the input.
struct Window<'a> {
    geometry: &'a PoolGeometry,
    input: &'a [i8],
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Window<'_> {
    fn largest(&self, channel: usize) -> i64 {
        let mut largest = i8::MIN;
        self.each(channel, |code| largest = largest.max(code));
        largest.into()
    }

    /// Sum of the distances from `zero`.
    fn sum(&self, channel: usize, zero: i8) -> i64 {
        let mut sum = 0;
        self.each(channel, |code| sum += i32::from(code) - i32::from(zero));
        sum.into()
    }

    fn count(&self) -> i64 {
        (self.rows.len() * self.columns.len()) as i64
    }

    #[inline(always)]
    fn each(&self, channel: usize, mut visit: impl FnMut(i8)) {
        let g = self.geometry;
        for row in self.rows.clone() {
            let start = (row * g.input[1] + self.columns.start) * g.channels + channel;
            let codes = self.input[start..].iter().step_by(g.channels);
            for code in codes.take(self.columns.len()) {
                visit(*code);
            }
        }
    }
}

/// The mean over `count` values, by the scale for the sum of `whole`:
/// `floor((sum * multiplier * whole + count * 2^(shift - 1)) / (count * 2^shift))`.
fn clipped_mean(scale: Requantization, sum: i64, whole: i64, count: i64) -> i64 {
    let product = i128::from(sum * i64::from(scale.multiplier)) * i128::from(whole);
    let half = i128::from(count) << (scale.shift - 1);
    (product + half).div_euclid(2 * half) as i64
}

/// Divided to the nearest, halves away from zero.
fn rounded_division(sum: i64, count: i64) -> i64 {
    match sum > 0 {
        true => (sum + count / 2) / count,
        false => (sum - count / 2) / count,
    }
}

/// The naive pools of codes, channels last. They define the bytes.
pub mod reference {
    use super::PoolGeometry;
    use crate::int8::{Int8Rule, Quantization, Requantization};
    use crate::ops::conv2d::int8::reference::code;
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
}
