//! Whether the integers of a network fit one another.

use super::quantized::{constants_of, weights_of};
use super::{Int8Error, Int8Fault, Int8Rule, Quantization, QuantizedNetwork};
use crate::{Layer, Shape};

/// The largest magnitude of a code.
const CODE: i64 = 128;

/// The largest distance between two codes.
const DISTANCE: u64 = 255;

/// Checks tables, values and nodes, in this order.
pub(super) fn check(quantized: &QuantizedNetwork<'_>) -> Result<(), Int8Error> {
    let (network, rule) = (quantized.network(), quantized.rule());
    let layers = network.layers();
    let (mut weights, mut constants) = (0, 0);
    for (index, layer) in layers.iter().enumerate() {
        let input = network.shape_of_value(network.inputs()[index][0].number());
        weights += weights_of(layer, input);
        constants += constants_of(layer, rule);
    }
    check_length("values", quantized.values().len(), layers.len() + 1)?;
    check_length("weights", quantized.weights().len(), weights)?;
    check_length("constants", quantized.constants().len(), constants)?;
    for (value, quantization) in quantized.values().iter().enumerate() {
        if !is_sound(quantization) {
            return Err(Int8Error::Quantization { value });
        }
    }
    for (index, (weights, constants)) in quantized.nodes().enumerate() {
        let layer = &layers[index];
        let read = network.inputs()[index][0].number();
        let node = CheckedNode {
            layer,
            input: network.shape_of_value(read),
            rule,
            weights,
            constants,
        };
        let ends = [quantized.values()[read], quantized.values()[index + 1]];
        node.check(ends).map_err(|fault| Int8Error::Node {
            node: index + 1,
            layer: layer.name(),
            fault,
        })?;
    }
    Ok(())
}

fn check_length(table: &'static str, found: usize, expected: usize) -> Result<(), Int8Error> {
    match found == expected {
        true => Ok(()),
        false => Err(Int8Error::Length {
            table,
            expected,
            found,
        }),
    }
}

fn is_sound(quantization: &Quantization) -> bool {
    let Quantization {
        scale,
        zero,
        low,
        high,
    } = *quantization;
    scale.is_finite() && scale > 0.0 && low <= zero && zero <= high
}

/// A node and its integers.
struct CheckedNode<'a> {
    layer: &'a Layer,
    input: Shape,
    rule: Int8Rule,
    weights: &'a [i8],
    constants: &'a [i32],
}

impl CheckedNode<'_> {
    /// Checks it between the codes that it reads and those that it gives.
    fn check(&self, ends: [Quantization; 2]) -> Result<(), Int8Fault> {
        match self.layer {
            Layer::Conv2d(conv) => self.check_sums(conv.filters.into(), self.rule),
            // TensorFlow Lite's, too, round once there.
            Layer::Linear(linear) => self.check_sums(linear.outputs.into(), Int8Rule::Once),
            Layer::Add => self.check_add(),
            Layer::AvgPool2d(pool) => {
                self.check_mean(u64::from(pool.window[0]) * u64::from(pool.window[1]), ends)
            }
            Layer::GlobalAvgPool2d => self.check_mean(self.input.map_elements() as u64, ends),
            Layer::Relu | Layer::Relu6 | Layer::MaxPool2d(_) => check_scales(ends),
            Layer::BatchNorm(_) | Layer::ScaleShift | Layer::Dropout(_) => Err(Int8Fault::Layer),
        }
    }

    /// Checks multipliers and shifts of each output, and that its sum fits 32 bits.
    fn check_sums(&self, outputs: usize, rule: Int8Rule) -> Result<(), Int8Fault> {
        let (biases, rest) = self.constants.split_at(outputs);
        let (multipliers, shifts) = rest.split_at(outputs);
        let rows = self.weights.chunks_exact(self.weights.len() / outputs);
        for (channel, weights) in rows.enumerate() {
            if !is_in_range([multipliers[channel], shifts[channel]], rule) {
                return Err(Int8Fault::Requantization { channel });
            }
            let sum: i64 = weights.iter().map(|weight| i64::from(*weight).abs()).sum();
            // Twice as much where a shift to the left comes before the multiplication.
            let left = match rule {
                Int8Rule::Once => 0,
                Int8Rule::TensorFlowLite => shifts[channel].max(0),
            };
            let most = i64::from(biases[channel]).abs() + CODE * sum;
            if most > i64::from(i32::MAX) >> left {
                return Err(Int8Fault::Overflow { channel });
            }
        }
        Ok(())
    }

    /// Checks the mean of so many values: by constants, or by passing on the scale.
    fn check_mean(&self, count: u64, ends: [Quantization; 2]) -> Result<(), Int8Fault> {
        let left = match *self.constants {
            [multiplier, shift] if is_in_range([multiplier, shift], self.rule) => match self.rule {
                Int8Rule::Once => 0,
                Int8Rule::TensorFlowLite => shift.max(0),
            },
            [_, _] => return Err(Int8Fault::Requantization { channel: 0 }),
            _ => {
                check_scales(ends)?;
                0
            }
        };
        match count.saturating_mul(DISTANCE) > i32::MAX as u64 >> left {
            true => Err(Int8Fault::Overflow { channel: 0 }),
            false => Ok(()),
        }
    }

    fn check_add(&self) -> Result<(), Int8Fault> {
        let faulty = Err(Int8Fault::Requantization { channel: 0 });
        if self.rule == Int8Rule::TensorFlowLite {
            let (pairs, _) = self.constants.as_chunks::<2>();
            return match pairs.iter().all(|pair| is_in_range(*pair, self.rule)) {
                true => Ok(()),
                false => faulty,
            };
        }
        let [first, second, constant, shift] = [0, 1, 2, 3].map(|at| i64::from(self.constants[at]));
        let in_range = [first, second].iter().all(|own| (0..1 << 15).contains(own));
        if !in_range || !(1..=22).contains(&shift) {
            return faulty;
        }
        match CODE * (first + second) + constant.abs() <= i64::from(i32::MAX) {
            true => Ok(()),
            false => Err(Int8Fault::Overflow { channel: 0 }),
        }
    }
}

/// Checks that codes stand for the same numbers in front and behind.
fn check_scales([from, to]: [Quantization; 2]) -> Result<(), Int8Fault> {
    match from.has_scale_of(&to) {
        true => Ok(()),
        false => Err(Int8Fault::Scale),
    }
}

fn is_in_range([multiplier, shift]: [i32; 2], rule: Int8Rule) -> bool {
    let shifts = match rule {
        Int8Rule::Once => 1..=62,
        Int8Rule::TensorFlowLite => -31..=30,
    };
    multiplier >= 0 && shifts.contains(&shift)
}
