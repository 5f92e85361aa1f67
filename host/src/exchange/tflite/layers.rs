//! Operators that are layers with weights, additions and activations.

use super::constant::TfliteWeights;
use super::error::TfliteFault;
use super::held::TfliteHeld;
use super::importer::TfliteImporter;
use super::operation::TfliteOperation;
use super::schema::TfliteTensor;
use crate::exchange::extents;
use crate::exchange::integers::Int8Node;
use kiln_core::{Conv2d, Layer, LayerFault, Linear, Quantization, Requantization};

/// Numbers of the kinds of options.
const CONV_2D: u8 = 1;
const DEPTHWISE_CONV_2D: u8 = 2;
const FULLY_CONNECTED: u8 = 8;
const ADD: u8 = 11;

/// Bits that an addition keeps behind the point.
const ADD_BITS: u32 = 20;

impl<'a> TfliteImporter<'a> {
    /// Filters x rows x columns x channels, as in a network of integers.
    pub fn convolution(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2, 3], "two or three")?;
        let options = operation.options(CONV_2D)?;
        let (_, tensor) = operation.input(1)?;
        let [filters, rows, columns, channels] = four(&tensor)?;
        let input = self.padded(operation, 0)?;
        input.maps()?;
        let groups = match input.shape.channels as usize {
            all if channels > 0 && all % channels == 0 => side(all / channels)?,
            all => return Err(shape(&tensor, format!("a kernel for {all} channels"))),
        };
        let conv = Conv2d {
            groups,
            ..window(filters, [rows, columns])?
        };
        let conv = operation.placed(conv, &options, [4, 5], &input)?;
        let weights = tensor.weights(&[filters, rows, columns, channels], 0)?;
        let given = self.summed(operation, Layer::Conv2d(conv), &input, weights)?;
        self.activated(operation, options.choice(3)?, given)
    }

    /// 1 x rows x columns x filters, those of each channel side by side.
    pub fn depthwise(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2, 3], "two or three")?;
        let options = operation.options(DEPTHWISE_CONV_2D)?;
        let (_, tensor) = operation.input(1)?;
        let [one, rows, columns, filters] = four(&tensor)?;
        let input = self.padded(operation, 0)?;
        input.maps()?;
        let channels = input.shape.channels as usize;
        if one != 1 || channels == 0 || filters % channels != 0 {
            let expected = format!("1xROWSxCOLUMNSx a multiple of {channels}");
            return Err(shape(&tensor, expected));
        }
        let conv = Conv2d {
            groups: side(channels)?,
            ..window(filters, [rows, columns])?
        };
        let conv = operation.placed(conv, &options, [5, 6], &input)?;
        let mut weights = tensor.weights(&[1, rows, columns, filters], 3)?;
        let taps = weights.bytes.chunks_exact(filters);
        let turned: Vec<u8> = (0..filters)
            .flat_map(|filter| taps.clone().map(move |tap| tap[filter]))
            .collect();
        weights.bytes = turned.into();
        let given = self.summed(operation, Layer::Conv2d(conv), &input, weights)?;
        self.activated(operation, options.choice(4)?, given)
    }

    /// Outputs x inputs; what it gets is flattened row by row, as a network of integers does it.
    pub fn fully_connected(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2, 3], "two or three")?;
        let options = operation.options(FULLY_CONNECTED)?;
        if options.choice(1)? != 0 {
            return Err(TfliteFault::Option {
                name: "weights_format",
                found: options.choice(1)?.to_string(),
                expected: "the default",
            });
        }
        let (_, tensor) = operation.input(1)?;
        let input = self.input(operation, 0)?;
        let inputs = input.shape.elements();
        let dims = tensor.dims()?;
        let [outputs, found] = *dims.as_slice() else {
            return Err(shape(&tensor, format!("OUTPUTSx{inputs}")));
        };
        if found != inputs {
            return Err(shape(&tensor, format!("{outputs}x{inputs}")));
        }
        let linear = Linear::new(side(outputs)?);
        let weights = tensor.weights(&dims, 0)?;
        let given = self.summed(operation, Layer::Linear(linear), &input, weights)?;
        self.activated(operation, options.choice(0)?, given)
    }

    /// A layer that sums products, with a bias or without.
    fn summed(
        &mut self,
        operation: &TfliteOperation<'a>,
        layer: Layer,
        input: &TfliteHeld,
        weights: TfliteWeights<'a>,
    ) -> Result<TfliteHeld, TfliteFault> {
        let outputs = weights.scales.len();
        let biases = match operation.optional(2) {
            Some((_, tensor)) => tensor.ints(&[outputs])?,
            None => vec![0; outputs],
        };
        let quantization = operation.given.codes()?;
        let codes: Vec<i8> = weights.bytes.iter().map(|byte| *byte as i8).collect();
        let mut constants = Vec::with_capacity(3 * outputs);
        let rows = codes.chunks_exact(codes.len() / outputs);
        for (channel, (row, bias)) in rows.zip(biases).enumerate() {
            let sum: i64 = row.iter().map(|weight| i64::from(*weight)).sum();
            let bias = i64::from(bias) - i64::from(input.quantization.zero) * sum;
            let bias = i32::try_from(bias).map_err(|_| TfliteFault::Bias { channel })?;
            constants.push(bias);
        }
        let ends = [&input.quantization, &quantization];
        let scales = requantizations(layer, ends, &weights.scales)?;
        constants.extend(scales.iter().map(|scale| scale.multiplier));
        constants.extend(scales.iter().map(|scale| scale.shift));
        let node = Int8Node {
            weights: codes,
            constants,
            quantization,
        };
        self.push(layer, [input; 2], node)
    }

    /// Each input's distance from its zero is scaled to twice the larger of both scales, then the sum.
    pub fn add(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[2], "two")?;
        let [first, second] = [self.input(operation, 0)?, self.input(operation, 1)?];
        if first.dims != second.dims {
            return Err(TfliteFault::Shape {
                tensor: operation.input(1)?.1.name(),
                found: extents(&second.dims),
                expected: extents(&first.dims),
            });
        }
        let quantization = operation.given.codes()?;
        let scales = [&first, &second].map(|held| f64::from(held.quantization.scale));
        let most = 2.0 * scales[0].max(scales[1]);
        let scale = most / (f64::from(1 << ADD_BITS) * f64::from(quantization.scale));
        // A scale of 1 and more is none that the reference takes.
        let scales = [scales[0] / most, scales[1] / most, scale];
        let twice = |scale: f64| Requantization::twice(scale).filter(|_| scale < 1.0);
        let mut constants = Vec::new();
        for scale in scales {
            let own = twice(scale).ok_or(TfliteFault::Scale { channel: 0 })?;
            constants.extend([own.multiplier, own.shift]);
        }
        let node = Int8Node {
            weights: Vec::new(),
            constants,
            quantization,
        };
        let given = self.push(Layer::Add, [&first, &second], node)?;
        let given = TfliteHeld {
            dims: first.dims,
            ..given
        };
        let activation = operation.options(ADD)?.choice(0)?;
        self.activated(operation, activation, given)
    }

    /// An activation by itself, which leaves the scale as it is.
    pub fn activation(
        &mut self,
        operation: &TfliteOperation<'a>,
        layer: Layer,
    ) -> Result<(), TfliteFault> {
        operation.reads(&[1], "one")?;
        let input = self.input(operation, 0)?;
        if !input.has_scale_of(&operation.given.codes()?) {
            return Err(TfliteFault::Rescaled);
        }
        let given = self.limited(layer, &input)?;
        self.give(operation, given)
    }

    /// Gives what an operator computes, behind the activation that it has in it.
    pub fn activated(
        &mut self,
        operation: &TfliteOperation<'a>,
        activation: i8,
        given: TfliteHeld,
    ) -> Result<(), TfliteFault> {
        let given = match activation {
            0 => given,
            1 => self.limited(Layer::Relu, &given)?,
            3 => self.limited(Layer::Relu6, &given)?,
            found => {
                return Err(TfliteFault::Option {
                    name: "fused_activation_function",
                    found: found.to_string(),
                    expected: "NONE (0), RELU (1) or RELU6 (3)",
                });
            }
        };
        self.give(operation, given)
    }

    /// An activation's limits, rounded as TensorFlow Lite rounds them.
    fn limited(&mut self, layer: Layer, input: &TfliteHeld) -> Result<TfliteHeld, TfliteFault> {
        let quantization = limits(layer, &input.quantization).unwrap_or(input.quantization);
        let given = self.push(layer, [input; 2], Int8Node::plain(quantization))?;
        Ok(TfliteHeld {
            dims: input.dims.clone(),
            ..given
        })
    }
}

/// The codes that an activation may give; nothing of any other layer.
pub fn limits(layer: Layer, own: &Quantization) -> Option<Quantization> {
    let high = match layer {
        Layer::Relu => i8::MAX,
        Layer::Relu6 => {
            let six = (6.0 / own.scale).round() as i32;
            six.saturating_add(own.zero.into()).min(i8::MAX.into()) as i8
        }
        _ => return None,
    };
    Some(Quantization {
        low: own.zero,
        high,
        ..*own
    })
}

/// The scale of each output's sums.
fn requantizations(
    layer: Layer,
    [from, to]: [&Quantization; 2],
    weights: &[f32],
) -> Result<Vec<Requantization>, TfliteFault> {
    let (from, to) = (f64::from(from.scale), f64::from(to.scale));
    let of = |weight: f32| {
        let scale = from * f64::from(weight) / to;
        match layer {
            Layer::Linear(_) => Requantization::of(scale).map(with_halves_away_from_zero),
            _ => Requantization::twice(scale),
        }
    };
    let scales = weights.iter().enumerate();
    scales
        .map(|(channel, weight)| of(*weight).ok_or(TfliteFault::Scale { channel }))
        .collect()
}

/// LiteRT's linear layers round halves away from zero, those of a network of integers up. A multiplier
/// that is larger by one takes sums that give halves beyond them on either side.
///
/// Only a multiplier with many zeros at its end gives halves from sums whose codes are in range. All
/// sums are then multiples of more than the one adds to them.
fn with_halves_away_from_zero(scale: Requantization) -> Requantization {
    let zeros = scale.multiplier.trailing_zeros() as i32;
    let gives_halves = scale.multiplier != 0 && zeros >= HALVES_FROM;
    match gives_halves && zeros >= scale.shift - HALVES_FROM {
        true => Requantization {
            multiplier: scale.multiplier + 1,
            ..scale
        },
        false => scale,
    }
}

/// Bits of a multiplier beyond those of a code: a sum in range is below 2^(shift - 22).
const HALVES_FROM: i32 = 22;

/// The four extents of a kernel.
fn four(tensor: &TfliteTensor<'_>) -> Result<[usize; 4], TfliteFault> {
    let dims = tensor.dims()?;
    let four = <[usize; 4]>::try_from(dims);
    four.map_err(|_| shape(tensor, "a kernel of four extents".into()))
}

fn shape(tensor: &TfliteTensor<'_>, expected: String) -> TfliteFault {
    match tensor.dims() {
        Ok(dims) => TfliteFault::Shape {
            tensor: tensor.name(),
            found: extents(&dims),
            expected,
        },
        Err(damaged) => damaged.into(),
    }
}

/// A convolution whose window is not placed yet.
fn window(filters: usize, [rows, columns]: [usize; 2]) -> Result<Conv2d, TfliteFault> {
    Ok(Conv2d::new(side(filters)?, 1).kernel(side(rows)?, side(columns)?))
}

/// An extent that is at least 1.
pub fn side(extent: usize) -> Result<u16, TfliteFault> {
    match u16::try_from(extent) {
        Ok(0) => Err(TfliteFault::Layer(LayerFault::Zero { option: "extent" })),
        Ok(extent) => Ok(extent),
        Err(_) => Err(TfliteFault::Layer(LayerFault::TooLarge)),
    }
}
