//! From integers back to the numbers that they stand for.

use super::{Int8Rule, Quantization, QuantizedNetwork};
use crate::run::{self, BufferError};
use crate::{Layer, Shape};

impl Quantization {
    /// The numbers, channels x rows x columns, that the codes of a value stand for, which are rows x
    /// columns x channels; of either as many as the shape has elements.
    pub fn numbers(&self, shape: Shape, codes: &[i8], numbers: &mut [f32]) {
        let channels = shape.channels as usize;
        for (channel, map) in numbers.chunks_exact_mut(shape.map_elements()).enumerate() {
            let codes = codes.iter().skip(channel).step_by(channels);
            for (number, code) in map.iter_mut().zip(codes) {
                *number = self.number(*code);
            }
        }
    }
}

/// How the integers of a convolution or linear layer lie, and what they stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodedSums {
    /// Filters, or outputs.
    pub outputs: usize,
    /// Channels that an output reads.
    pub channels: usize,
    /// Taps of each channel.
    pub places: usize,
    /// Whether each output has a bias.
    pub has_bias: bool,
    /// How sums become codes.
    pub rule: Int8Rule,
    /// What the codes of the input and of the output stand for.
    pub ends: [Quantization; 2],
}

impl<'a> QuantizedNetwork<'a> {
    /// The parameters that its integers stand for: a network of floating-point numbers with the same
    /// graph and these comes as near to it as its activations were rounded.
    ///
    /// A weight is its code times the scale that multiplier, shift and the scales of both values come
    /// to, each step rounded to f32; a bias likewise, without what the input's zero added.
    ///
    /// # Errors
    ///
    /// `parameters` of another length than the network has.
    pub fn dequantize(&self, parameters: &mut [f32]) -> Result<(), BufferError> {
        let needed = self.sums().map(|(sums, ..)| sums.parameters()).sum();
        run::check("parameters", parameters.len(), needed)?;
        let mut rest = parameters;
        for (sums, weights, constants) in self.sums() {
            let own = rest.split_off_mut(..sums.parameters()).unwrap_or_default();
            sums.dequantize(weights, constants, own);
        }
        Ok(())
    }

    /// The layers that have parameters, in order, with their weights and constants.
    pub fn sums(&self) -> impl Iterator<Item = (CodedSums, &'a [i8], &'a [i32])> + use<'a> {
        let (network, rule, values) = (self.network(), self.rule(), self.values());
        let nodes = self.nodes().enumerate();
        nodes.filter_map(move |(index, (weights, constants))| {
            let read = network.inputs()[index][0].number();
            let ends = [values[read], values[index + 1]];
            let input = network.shape_of_value(read);
            let sums = CodedSums::of(&network.layers()[index], input, rule, ends)?;
            Some((sums, weights, constants))
        })
    }
}

impl CodedSums {
    fn of(layer: &Layer, input: Shape, rule: Int8Rule, ends: [Quantization; 2]) -> Option<Self> {
        let has_bias = layer.parameters(input).1 > 0;
        match layer {
            Layer::Conv2d(conv) => Some(Self {
                outputs: conv.filters.into(),
                channels: input.channels as usize / usize::from(conv.groups),
                places: usize::from(conv.kernel[0]) * usize::from(conv.kernel[1]),
                has_bias,
                rule,
                ends,
            }),
            Layer::Linear(linear) => Some(Self {
                outputs: linear.outputs.into(),
                channels: input.channels as usize,
                places: input.map_elements(),
                has_bias,
                // TensorFlow Lite's, too, round once there.
                rule: Int8Rule::Once,
                ends,
            }),
            _ => None,
        }
    }

    /// Like [`QuantizedNetwork::dequantize`], by what [`QuantizedNetwork::sums`] gives, weights and constants of
    /// all layers one behind another: for a firmware, which then need not hold the network.
    ///
    /// # Errors
    ///
    /// Tables of another length than the layers have.
    pub fn dequantize_all(
        layers: &[Self],
        mut weights: &[i8],
        mut constants: &[i32],
        mut parameters: &mut [f32],
    ) -> Result<(), BufferError> {
        for sums in layers {
            let own = (
                weights.split_off(..sums.weights()),
                constants.split_off(..3 * sums.outputs),
                parameters.split_off_mut(..sums.parameters()),
            );
            let (Some(weights), Some(constants), Some(parameters)) = own else {
                return Err(BufferError::Purpose);
            };
            sums.dequantize(weights, constants, parameters);
        }
        match (weights, constants, parameters) {
            ([], [], []) => Ok(()),
            _ => Err(BufferError::Purpose),
        }
    }

    const fn weights(&self) -> usize {
        self.outputs * self.channels * self.places
    }

    const fn parameters(&self) -> usize {
        let biases = if self.has_bias { self.outputs } else { 0 };
        self.weights() + biases
    }

    fn dequantize(&self, codes: &[i8], constants: &[i32], parameters: &mut [f32]) {
        let taps = self.channels * self.places;
        let (weights, biases) = parameters.split_at_mut(self.outputs * taps);
        let (sums, scales) = constants.split_at(self.outputs);
        let (multipliers, shifts) = scales.split_at(self.outputs);
        let [input, output] = self.ends;
        let filters = codes.chunks_exact(taps).zip(weights.chunks_exact_mut(taps));
        for (f, (codes, weights)) in filters.enumerate() {
            let ratio = self.ratio(multipliers[f], shifts[f]);
            let scale = ratio * output.scale / input.scale;
            for (place, codes) in codes.chunks_exact(self.channels).enumerate() {
                for (channel, code) in codes.iter().enumerate() {
                    weights[channel * self.places + place] = f32::from(*code) * scale;
                }
            }
            if let Some(bias) = biases.get_mut(f) {
                let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
                let own = i64::from(sums[f]) + i64::from(input.zero) * i64::from(sum);
                *bias = own as f32 * (input.scale * scale);
            }
        }
    }

    /// The number that a sum is multiplied by.
    fn ratio(&self, multiplier: i32, shift: i32) -> f32 {
        let exponent = match self.rule {
            Int8Rule::Once => -shift,
            Int8Rule::TensorFlowLite => shift - 31,
        };
        // From -62 to -1: a number with nothing but its exponent.
        multiplier as f32 * f32::from_bits(((127 + exponent) as u32) << 23)
    }
}

#[cfg(test)]
mod tests;
