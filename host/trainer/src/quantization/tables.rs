//! The integers of a network.

use super::ranges::{Calibration, program};
use super::{FloatModel, QuantizeError, QuantizedTables};
use kiln_core::{
    AddRequantization, Int8Rule, Layer, Network, Operation, Program, Purpose, Quantization,
    Requantization, Shape, Step, weight_code, weight_scale,
};

/// The tables of a network, and the parameters that they stand for.
pub(super) struct BuiltTables {
    pub tables: QuantizedTables,
    /// Weights as they were, and biases less what the rounding of weights adds on average.
    pub parameters: Vec<f32>,
}

/// Makes the tables of all nodes, where `codes` says what the codes of each value of the program stand
/// for, the input first. What the rounding of weights adds to outputs on average is taken from the
/// biases as far as `calibration` knows of it.
pub(super) fn build(
    model: &FloatModel<'_>,
    codes: &[Quantization],
    calibration: Option<&Calibration>,
) -> Result<BuiltTables, QuantizeError> {
    let program = program(model)?;
    let mut builder = TablesBuilder {
        model,
        codes,
        calibration,
        tables: QuantizedTables {
            network: model.network.clone(),
            rule: Int8Rule::Once,
            values: vec![codes[0]],
            weights: Vec::new(),
            constants: Vec::new(),
        },
        parameters: model.parameters,
        corrected: Vec::with_capacity(model.parameters.len()),
    };
    for (index, step) in program.steps().iter().enumerate() {
        builder.step(step, index + 1)?;
    }
    builder.tables.quantized()?;
    Ok(BuiltTables {
        tables: builder.tables,
        parameters: builder.corrected,
    })
}

struct TablesBuilder<'a> {
    model: &'a FloatModel<'a>,
    codes: &'a [Quantization],
    calibration: Option<&'a Calibration>,
    tables: QuantizedTables,
    /// Those of the nodes that are still to come.
    parameters: &'a [f32],
    /// [`BuiltTables::parameters`] of the nodes before.
    corrected: Vec<f32>,
}

/// The largest bias, in the sum's unit: a quarter of what 32 bits hold.
const BIAS: f64 = (1 << 29) as f64;

impl TablesBuilder<'_> {
    /// Makes the tables of a step, which gives value `value`.
    fn step(&mut self, step: &Step, value: usize) -> Result<(), QuantizeError> {
        let output = self.codes[value];
        let reads: Vec<usize> = step.value_numbers().collect();
        let inputs: Vec<Quantization> = reads.iter().map(|value| self.codes[*value]).collect();
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
                let scale = requantization(scale).ok_or_else(|| self.ratio(first))?;
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
        let means = self.calibration.map_or_else(
            || vec![0.0; taps * filters.groups],
            |calibration| filters.means(calibration.means(read), taps),
        );
        let (mut sums, mut scales) = (Vec::new(), Vec::new());
        self.corrected.extend(weights);
        for (f, row) in weights.chunks_exact(taps).enumerate() {
            let bias = biases.get(f).map_or(0.0, |bias| f64::from(*bias));
            let group = f / (filters.count / filters.groups);
            let own =
                QuantizedFilter::of(row, bias, f64::from(input.scale), &means[group * taps..]);
            let codes = filters.channels_last(&own.codes);
            let sum: i32 = codes.iter().map(|code| i32::from(*code)).sum();
            sums.push(own.bias - i32::from(input.zero) * sum);
            if !biases.is_empty() {
                self.corrected.push(own.exact_bias as f32);
            }
            self.tables.weights.extend(codes);
            let scale = f64::from(input.scale) * own.scale / f64::from(output.scale);
            scales.push(requantization(scale).ok_or_else(|| self.ratio(step.node))?);
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

/// What the values of a program are rounded to: the codes of each, the input first, within what the
/// last layer of their step leaves of them.
pub(super) fn limited_codes(
    network: &Network,
    codes: &[Quantization],
) -> Result<Vec<Quantization>, QuantizeError> {
    let mut program: Box<Program> = Box::new(Program::EMPTY);
    program.plan(network, Purpose::Inference)?;
    let steps = program.steps().iter().zip(&codes[1..]);
    let outputs =
        steps.map(|(step, own)| limited(&network.layers()[step.node + step.nodes - 1], *own));
    Ok(std::iter::once(codes[0]).chain(outputs).collect())
}

/// The integers that stand for a scale as `f32` has it. Files for other runtimes then hold the same scale, and a
/// desktop multiplies by it as it is.
fn requantization(scale: f64) -> Option<Requantization> {
    Requantization::of(f64::from(scale as f32))
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
    /// What the bias stands for, before it was rounded.
    exact_bias: f64,
}

impl QuantizedFilter {
    /// `means` is what each tap reads on average: what the rounding of weights adds to the output on
    /// average is taken from the bias.
    fn of(weights: &[f32], bias: f64, input_scale: f64, means: &[f64]) -> Self {
        let scale = weight_scale(weights, bias.abs() / (input_scale * BIAS));
        let codes = weights.iter().map(|weight| weight_code(*weight, scale));
        let codes: Vec<i8> = codes.collect();
        let errors = weights.iter().zip(&codes).zip(means);
        let added: f64 = errors
            .map(|((weight, code), mean)| (f64::from(*code) * scale - f64::from(*weight)) * mean)
            .sum();
        let exact_bias = bias - added;
        Self {
            codes,
            scale,
            bias: (exact_bias / (input_scale * scale)).round() as i32,
            exact_bias,
        }
    }
}
