//! Which numbers the values of a network hold, and what their codes are to stand for.

use super::histogram::Histogram;
use super::{FloatModel, QuantizeError};
use crate::data::{Samples, Values};
use kiln_core::{
    BasicPacket, Lanes, Operation, Program, Purpose, Quantization, Scaling, pack_floats,
    pack_pixels,
};
use rayon::prelude::*;
use serde::Serialize;

/// How the range of a value's codes follows from the numbers that it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeMethod {
    /// From the least to the greatest.
    MinMax,
    /// All but one in ten thousand.
    Percentile,
    /// The range of the least mean square error.
    MeanSquare,
}

impl RangeMethod {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::MinMax, Self::Percentile, Self::MeanSquare];

    /// For people to read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinMax => "least and greatest",
            Self::Percentile => "99.99% of the values",
            Self::MeanSquare => "least mean square error",
        }
    }
}

/// Part of the numbers that [`RangeMethod::Percentile`] leaves out.
const OUTLIERS: f64 = 1e-4;

/// What the samples showed of each value of a network's program, the input first.
pub(super) struct Calibration {
    /// What the codes of the input stand for, where that is not to be chosen.
    input: Option<Quantization>,
    values: Vec<Seen>,
    /// For each value, the one whose scale it shares: its own number, or for what passes codes on
    /// that of what it reads.
    roots: Vec<usize>,
}

/// What the samples showed of a value.
struct Seen {
    least: f32,
    greatest: f32,
    histogram: Histogram,
    /// Means over the samples of each element: channels x rows x columns.
    means: Vec<f64>,
}

/// Samples side by side.
type Packet = BasicPacket;
/// Samples that a thread takes at a time.
const CHUNK: usize = 16;

impl Calibration {
    /// Runs all samples through the network, twice.
    pub fn of(model: &FloatModel<'_>, samples: &Samples) -> Result<Self, QuantizeError> {
        if samples.is_empty() {
            return Err(QuantizeError::NoSamples);
        }
        let program = program(model)?;
        let first = |extremes: &mut Extremes, numbers: &[f32], at: usize, lane: usize| {
            extremes.add(numbers, at, lane);
        };
        let extremes = collect(
            model,
            &program,
            samples,
            Extremes::new,
            first,
            |all, more| {
                all.merge(&more);
            },
        )?;
        let mut values = Vec::new();
        for (value, extremes) in extremes.into_iter().enumerate() {
            let [least, greatest] = extremes.ends;
            if !(least.is_finite() && greatest.is_finite()) {
                return Err(not_finite(model, &program, value));
            }
            let count = samples.len() as f64;
            values.push(Seen {
                least,
                greatest,
                histogram: Histogram::new(least, greatest),
                means: extremes.sums.iter().map(|sum| sum / count).collect(),
            });
        }
        let ends: Vec<[f32; 2]> = values
            .iter()
            .map(|seen| [seen.least, seen.greatest])
            .collect();
        let empty = |value: usize, _| Histogram::new(ends[value][0], ends[value][1]);
        let second = |own: &mut Histogram, numbers: &[f32], _, lane| {
            let lanes = numbers.iter().skip(lane).step_by(Packet::LANES);
            lanes.for_each(|number| own.add(*number));
        };
        let histograms = collect(model, &program, samples, empty, second, |all, more| {
            all.merge(&more);
        })?;
        for (seen, histogram) in values.iter_mut().zip(histograms) {
            seen.histogram = histogram;
        }
        if let Values::Bytes(_) = samples.values {
            // Other images may have the pixels that these lack.
            [values[0].least, values[0].greatest] = pixel_ends(model.scaling);
        }
        let roots = roots(&program);
        Ok(Self {
            input: None,
            values,
            roots,
        })
    }

    /// The same behind codes that stand for this.
    pub fn reading(mut self, input: Quantization) -> Self {
        self.input = Some(input);
        self
    }

    /// What the codes of each value stand for, the input first.
    pub fn quantizations(&self, method: RangeMethod) -> Vec<Quantization> {
        let values = 0..self.values.len();
        values
            .map(|value| self.quantization(value, method))
            .collect()
    }

    /// What the codes of a value stand for, all codes of Kiln's own networks.
    fn quantization(&self, value: usize, method: RangeMethod) -> Quantization {
        if let (Some(input), 0) = (self.input, self.roots[value]) {
            return input;
        }
        let seen = &self.values[self.roots[value]];
        let [low, high] = match method {
            _ if self.roots[value] == 0 => [seen.least, seen.greatest],
            RangeMethod::MinMax => [seen.least, seen.greatest],
            RangeMethod::Percentile => seen.histogram.percentile(OUTLIERS),
            RangeMethod::MeanSquare => seen.histogram.least_square_error(),
        };
        codes_between(low, high)
    }

    /// Means of a value's elements over the samples, channels x rows x columns.
    pub fn means(&self, value: usize) -> &[f64] {
        &self.values[value].means
    }
}

/// The least and the greatest number that a pixel can become.
fn pixel_ends(scaling: &Scaling) -> [f32; 2] {
    let numbers = scaling.scale().iter().zip(scaling.shift());
    let ends = numbers.flat_map(|(scale, shift)| [*shift, 255.0 * scale + shift]);
    ends.fold(
        [f32::INFINITY, f32::NEG_INFINITY],
        |[least, greatest], end| [least.min(end), greatest.max(end)],
    )
}

/// Codes whose least and greatest stand for these numbers, and one of which stands for 0.
fn codes_between(low: f32, high: f32) -> Quantization {
    let (low, high) = (f64::from(low.min(0.0)), f64::from(high.max(0.0)));
    let scale = ((high - low) / 254.0) as f32;
    if !(scale.is_normal() && scale.is_finite()) {
        return Quantization::new(1.0, 0);
    }
    let zero = (-127.0 - low / f64::from(scale)).round();
    Quantization::new(scale, zero.clamp(-127.0, 127.0) as i8)
}

/// The program that the calibration runs; its steps are those of the integers.
pub(super) fn program(model: &FloatModel<'_>) -> Result<Box<Program>, QuantizeError> {
    let mut program = Box::new(Program::EMPTY);
    program.plan(model.network, Purpose::Inference)?;
    Ok(program)
}

/// For each value, the one whose scale it shares.
fn roots(program: &Program) -> Vec<usize> {
    let mut roots = vec![0];
    for (index, step) in program.steps().iter().enumerate() {
        let passes = matches!(
            step.operation,
            Operation::Activation(_) | Operation::MaxPool2d(_)
        );
        let read = step.value_numbers().next().unwrap_or(0);
        roots.push(if passes { roots[read] } else { index + 1 });
    }
    roots
}

/// Visits every value of every sample, chunk by chunk, and brings the chunks together in order.
///
/// `add` gets a value's packets as numbers, the number of its elements, and a lane.
fn collect<T: Send>(
    model: &FloatModel<'_>,
    program: &Program,
    samples: &Samples,
    new: impl Fn(usize, usize) -> T + Sync,
    add: impl Fn(&mut T, &[f32], usize, usize) + Sync,
    merge: impl Fn(&mut T, T),
) -> Result<Vec<T>, QuantizeError> {
    let lens: Vec<usize> = std::iter::once(program.input_shape())
        .chain(program.steps().iter().map(|step| step.output))
        .map(|shape| shape.elements())
        .collect();
    let all = || -> Vec<T> {
        lens.iter()
            .enumerate()
            .map(|(at, len)| new(at, *len))
            .collect()
    };
    let zero = Packet::zero().ok_or(QuantizeError::NoSamples)?;
    let starts: Vec<usize> = (0..samples.len()).step_by(CHUNK).collect();
    let chunks: Vec<Result<Vec<T>, QuantizeError>> = starts
        .par_iter()
        .map(|start| {
            let mut arena = vec![zero; program.arena_packets()];
            let mut own = all();
            let end = samples.len().min(start + CHUNK);
            for first in (*start..end).step_by(Packet::LANES) {
                let lanes = first..end.min(first + Packet::LANES);
                let fill = |input: &mut [Packet]| pack(model, samples, lanes.clone(), input);
                let visit = |step: Option<usize>, packets: &[Packet]| {
                    let value = step.map_or(0, |step| step + 1);
                    for lane in 0..lanes.len() {
                        add(&mut own[value], Packet::values(packets), lens[value], lane);
                    }
                };
                program.infer_visited(model.parameters, &mut arena, fill, visit)?;
            }
            Ok(own)
        })
        .collect();
    let mut total = all();
    for chunk in chunks {
        for (all, more) in total.iter_mut().zip(chunk?) {
            merge(all, more);
        }
    }
    Ok(total)
}

/// Puts samples side by side as the network takes them.
pub(super) fn pack<L: Lanes>(
    model: &FloatModel<'_>,
    samples: &Samples,
    chosen: std::ops::Range<usize>,
    input: &mut [L],
) {
    let size = samples.shape.size();
    let ranges = chosen.map(|index| index * size..(index + 1) * size);
    match &samples.values {
        Values::Bytes(pixels) => {
            let images: Vec<&[u8]> = ranges.map(|range| &pixels[range]).collect();
            pack_pixels(model.scaling, &images, input);
        }
        Values::Floats(floats) => {
            let own: Vec<&[f32]> = ranges.map(|range| &floats[range]).collect();
            pack_floats(model.scaling, &own, input);
        }
    }
}

/// The ends of a value and its elements' sums.
struct Extremes {
    ends: [f32; 2],
    sums: Vec<f64>,
}

impl Extremes {
    fn new(_: usize, len: usize) -> Self {
        Self {
            ends: [f32::INFINITY, f32::NEG_INFINITY],
            sums: vec![0.0; len],
        }
    }

    fn add(&mut self, numbers: &[f32], _: usize, lane: usize) {
        let lanes = numbers.iter().skip(lane).step_by(Packet::LANES);
        for (number, sum) in lanes.zip(&mut self.sums) {
            // A NaN becomes both ends, and stays.
            let [least, greatest] = self.ends;
            let is_worse = |end: f32, beyond: bool| beyond || number.is_nan() && !end.is_nan();
            if is_worse(least, *number < least) {
                self.ends[0] = *number;
            }
            if is_worse(greatest, *number > greatest) {
                self.ends[1] = *number;
            }
            *sum += f64::from(*number);
        }
    }

    fn merge(&mut self, other: &Self) {
        let [least, greatest] = other.ends;
        if least < self.ends[0] || least.is_nan() {
            self.ends[0] = least;
        }
        if greatest > self.ends[1] || greatest.is_nan() {
            self.ends[1] = greatest;
        }
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            *sum += more;
        }
    }
}

fn not_finite(model: &FloatModel<'_>, program: &Program, value: usize) -> QuantizeError {
    match value {
        0 => QuantizeError::InputNotFinite,
        _ => {
            let node = program.steps()[value - 1].node;
            QuantizeError::NotFinite {
                node: node + 1,
                layer: model.network.layers()[node].name(),
                what: "outputs",
            }
        }
    }
}
