//! The integers of a network.

use super::ranges::{Calibration, program};
use super::{FloatModel, QuantizeError, QuantizedTables, RangeMethod};
use kiln_core::{
    AddRequantization, Int8Rule, Layer, Operation, Quantization, Requantization, Shape, Step,
};

/// Makes the tables of all nodes.
pub(super) fn build(
    model: &FloatModel<'_>,
    calibration: &Calibration,
    method: RangeMethod,
) -> Result<QuantizedTables, QuantizeError> {
    let program = program(model)?;
    let mut builder = TablesBuilder {
        model,
        calibration,
        method,
        tables: QuantizedTables {
            network: model.network.clone(),
            rule: Int8Rule::Once,
            values: vec![calibration.quantization(0, method)],
            weights: Vec::new(),
            constants: Vec::new(),
        },
        parameters: model.parameters,
    };
    for (index, step) in program.steps().iter().enumerate() {
        builder.step(step, index + 1)?;
    }
    builder.tables.quantized()?;
    Ok(builder.tables)
}

struct TablesBuilder<'a> {
    model: &'a FloatModel<'a>,
    calibration: &'a Calibration,
    method: RangeMethod,
    tables: QuantizedTables,
    /// Those of the nodes that are still to come.
    parameters: &'a [f32],
}

/// The largest magnitude of a weight's code.
const WEIGHT: f64 = 127.0;
/// The largest bias, in the sum's unit: a quarter of what 32 bits hold.
const BIAS: f64 = (1 << 29) as f64;

impl TablesBuilder<'_> {
    /// Makes the tables of a step, which gives value `value`.
    fn step(&mut self, step: &Step, value: usize) -> Result<(), QuantizeError> {
        let output = self.calibration.quantization(value, self.method);
        let reads: Vec<usize> = step.value_numbers().collect();
        let quantization = |value| self.calibration.quantization(value, self.method);
        let inputs: Vec<Quantization> = reads.iter().map(|value| quantization(*value)).collect();
        let first = step.node;
        match step.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } => {
                self.sums(step, reads[0], inputs[0], output)?;
            }
            Operation::Add { .. } => {
                let second = inputs.last().copied().unwrap_or(inputs[0]);
                self.add(first, [inputs[0], second], output)?;
            }
            Operation::AvgPool2d(pool) => {
                let count = f64::from(pool.window[0]) * f64::from(pool.window[1]);
                let scale = f64::from(inputs[0].scale) / (f64::from(output.scale) * count);
                let scale = Requantization::of(scale).ok_or_else(|| self.ratio(first))?;
                self.tables
                    .constants
                    .extend([scale.multiplier, scale.shift]);
            }
            _ => {}
        }
        for node in first..first + step.nodes {
            let layer = &self.model.network.layers()[node];
            self.tables.values.push(limited(layer, output));
        }
        Ok(())
    }

    /// The tables of a convolution or a linear layer.
    fn sums(
        &mut self,
        step: &Step,
        read: usize,
        input: Quantization,
        output: Quantization,
    ) -> Result<(), QuantizeError> {
        let layer = &self.model.network.layers()[step.node];
        let (weights, biases) = layer.parameters(step.input);
        let (own, rest) = self.parameters.split_at((weights + biases) as usize);
        self.parameters = rest;
        if own.iter().any(|value| !value.is_finite()) {
            return Err(QuantizeError::NotFinite {
                node: step.node + 1,
                layer: layer.name(),
                what: "weights",
            });
        }
        let (weights, biases) = own.split_at(weights as usize);
        let filters = WeightLayout::of(layer, step.input);
        let taps = weights.len() / filters.count;
        let means = filters.means(self.calibration.means(read), taps);
        let (mut sums, mut scales) = (Vec::new(), Vec::new());
        for (f, row) in weights.chunks_exact(taps).enumerate() {
            let bias = biases.get(f).map_or(0.0, |bias| f64::from(*bias));
            let group = f / (filters.count / filters.groups);
            let own =
                QuantizedFilter::of(row, bias, f64::from(input.scale), &means[group * taps..]);
            let codes = filters.channels_last(&own.codes);
            let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
            sums.push(own.bias - i32::from(input.zero) * sum);
            self.tables.weights.extend(codes);
            let scale = f64::from(input.scale) * own.scale / f64::from(output.scale);
            scales.push(Requantization::of(scale).ok_or_else(|| self.ratio(step.node))?);
        }
        let constants = &mut self.tables.constants;
        constants.extend(sums);
        constants.extend(scales.iter().map(|scale| scale.multiplier));
        constants.extend(scales.iter().map(|scale| scale.shift));
        Ok(())
    }

    fn add(
        &mut self,
        node: usize,
        inputs: [Quantization; 2],
        output: Quantization,
    ) -> Result<(), QuantizeError> {
        let ratios = inputs.map(|input| f64::from(input.scale) / f64::from(output.scale));
        let zeros = inputs.map(|input| input.zero);
        let sum = AddRequantization::of(ratios, zeros, output.zero);
        let sum = sum.ok_or_else(|| self.ratio(node))?;
        let [first, second] = sum.multipliers;
        let constants = [first, second, sum.constant, sum.shift];
        self.tables.constants.extend(constants);
        Ok(())
    }

    fn ratio(&self, node: usize) -> QuantizeError {
        QuantizeError::Ratio {
            node: node + 1,
            layer: self.model.network.layers()[node].name(),
        }
    }
}

/// The codes that a node may give: those of an activation are above 0, or up to 6.
fn limited(layer: &Layer, output: Quantization) -> Quantization {
    let low = output.zero.max(output.low);
    match layer {
        Layer::Relu => Quantization { low, ..output },
        Layer::Relu6 => Quantization {
            low,
            high: output.code(6.0).max(low.saturating_add(1)),
            ..output
        },
        _ => output,
    }
}

/// How the weights of a layer lie.
struct WeightLayout {
    count: usize,
    groups: usize,
    /// Channels that a filter reads.
    channels: usize,
    /// Its taps in each.
    places: usize,
    is_linear: bool,
}

impl WeightLayout {
    fn of(layer: &Layer, input: Shape) -> Self {
        match layer {
            Layer::Conv2d(conv) => {
                let groups = usize::from(conv.groups);
                Self {
                    count: conv.filters.into(),
                    groups,
                    channels: input.channels as usize / groups,
                    places: usize::from(conv.kernel[0]) * usize::from(conv.kernel[1]),
                    is_linear: false,
                }
            }
            _ => Self {
                count: layer.parameters(input).0 as usize / input.elements().max(1),
                groups: 1,
                channels: input.channels as usize,
                places: input.map_elements(),
                is_linear: true,
            },
        }
    }

    /// A filter's codes, places outermost instead of channels.
    fn channels_last(&self, codes: &[i8]) -> Vec<i8> {
        let places = 0..self.places;
        let order = places.flat_map(|place| (0..self.channels).map(move |c| (place, c)));
        order
            .map(|(place, c)| codes[c * self.places + place])
            .collect()
    }

    /// What each tap of each group reads on average.
    fn means(&self, elements: &[f64], taps: usize) -> Vec<f64> {
        if self.is_linear {
            return elements.to_vec();
        }
        let map = elements.len() / (self.channels * self.groups);
        let channels = elements.chunks_exact(map);
        let means = channels.map(|own| own.iter().sum::<f64>() / map as f64);
        debug_assert_eq!(taps, self.channels * self.places);
        means
            .flat_map(|mean| std::iter::repeat_n(mean, self.places))
            .collect()
    }
}

/// A filter in integers.
struct QuantizedFilter {
    /// channels x rows x columns
    codes: Vec<i8>,
    scale: f64,
    bias: i32,
}

impl QuantizedFilter {
    /// `means` is what each tap reads on average: what the rounding of weights adds to the output on
    /// average is taken from the bias.
    fn of(weights: &[f32], bias: f64, input_scale: f64, means: &[f64]) -> Self {
        let largest = weights
            .iter()
            .fold(0.0_f32, |most, own| most.max(own.abs()));
        let mut scale = f64::from(largest) / WEIGHT;
        scale = scale.max(bias.abs() / (input_scale * BIAS));
        if scale == 0.0 {
            scale = 1.0;
        }
        let codes: Vec<i8> = weights
            .iter()
            .map(|weight| (f64::from(*weight) / scale).round().clamp(-WEIGHT, WEIGHT) as i8)
            .collect();
        let errors = weights.iter().zip(&codes).zip(means);
        let added: f64 = errors
            .map(|((weight, code), mean)| (f64::from(*code) * scale - f64::from(*weight)) * mean)
            .sum();
        let bias = ((bias - added) / (input_scale * scale)).round();
        Self {
            codes,
            scale,
            bias: bias as i32,
        }
    }
}
