//! Where numbers become codes, and codes numbers: there a layer's output has a scale, and is added.

use super::known::{HeldCodes, Known, LayerSource, OpenLayer, OpenSums, all_codes};
use super::values::CodesImporter;
use crate::exchange::Affine;
use crate::exchange::integers::Int8Node;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::node::OnnxOperation;
use crate::exchange::onnx::view::AxesView;
use kiln_core::{AddRequantization, Conv2d, Layer, Quantization, Requantization, Shape, Value};

impl<'m> CodesImporter<'m> {
    pub fn quantize(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.axis()?;
        let quantization = operation.quantization([1, 2])?;
        match self.find(operation, 0) {
            Some(known) if known.held().is_probability => Ok(known.clone()),
            _ => match self.known(operation, 0)? {
                Known::Input { held, affine } => {
                    let channels = held.shape.channels as usize;
                    let is_changed = affine != Affine::identity(channels);
                    self.input = is_changed.then_some(affine);
                    Ok(Known::Codes(self.begin(held, quantization)?))
                }
                Known::Open(open) => Ok(Known::Codes(self.close(open, quantization)?)),
                Known::Codes(_) | Known::InputCodes { .. } => Err(Fault::Numbers { number: 1 }),
            },
        }
    }

    pub fn dequantize(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.axis()?;
        if let Some(known) = self.find(operation, 0)
            && known.held().is_probability
        {
            return Ok(known.clone());
        }
        Ok(self.codes(operation, [0, 1, 2])?.opened())
    }

    /// The codes at a place among the inputs, whose scale and zero are those at two others.
    pub fn codes(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        [place, scale, zero]: [usize; 3],
    ) -> Result<HeldCodes, Fault> {
        let quantization = operation.quantization([scale, zero])?;
        match self.known(operation, place)? {
            Known::InputCodes { held } => self.begin(held, quantization),
            Known::Codes(codes) => match codes.has_scale_of(&quantization) {
                true => Ok(codes),
                false => Err(Fault::Rescaled),
            },
            _ => Err(Fault::Codes { number: place + 1 }),
        }
    }

    /// The network's input, which has one scale.
    fn begin(&mut self, held: Held, quantization: Quantization) -> Result<HeldCodes, Fault> {
        let held = held.without_zeros()?;
        let begun = HeldCodes {
            held,
            value: Value::INPUT,
            quantization,
        };
        match self.draft.values.first() {
            None => self
                .draft
                .begin(held.shape, quantization)
                .map_err(Fault::Layer)?,
            Some(own) if begun.has_scale_of(own) => {}
            Some(_) => return Err(Fault::Rescaled),
        }
        Ok(begun)
    }

    /// Adds a layer, and those behind it, whose output has this scale.
    pub fn close(
        &mut self,
        open: OpenLayer,
        quantization: Quantization,
    ) -> Result<HeldCodes, Fault> {
        let mut codes = match open.source {
            LayerSource::Codes(codes) if codes.has_scale_of(&quantization) => codes,
            LayerSource::Codes(codes) => self.rescale(codes, quantization)?,
            LayerSource::Sums(sums) => self.sum(*sums, quantization)?,
            LayerSource::Pair(pair) => self.add(pair, quantization)?,
            LayerSource::Mean {
                layer,
                input,
                count,
            } => self.mean(layer, input, count, quantization)?,
        };
        codes = self.passed(codes, open.behind, quantization)?;
        codes.held = Held {
            view: open.held.view,
            zeros: open.held.zeros,
            ..codes.held
        };
        Ok(codes)
    }

    /// Adds layers that pass a scale on.
    pub fn passed(
        &mut self,
        mut codes: HeldCodes,
        layers: Vec<Layer>,
        quantization: Quantization,
    ) -> Result<HeldCodes, Fault> {
        for layer in layers {
            let node = Int8Node::plain(limited(layer, quantization));
            codes = self.push(layer, [&codes; 2], node, AxesView::MAPS)?;
        }
        Ok(codes)
    }

    /// Codes of one scale as those of another: a depthwise convolution by ones.
    fn rescale(&mut self, codes: HeldCodes, to: Quantization) -> Result<HeldCodes, Fault> {
        let outputs = codes.held.shape.channels as usize;
        let sums = OpenSums {
            layer: depthwise(codes.held.shape)?,
            input: codes,
            weights: vec![1; outputs],
            scales: vec![1.0; outputs],
            biases: vec![0.0; outputs],
        };
        self.sum(sums, to)
    }

    fn sum(&mut self, sums: OpenSums, to: Quantization) -> Result<HeldCodes, Fault> {
        let outputs = sums.scales.len();
        let from = sums.input.quantization;
        let (mut constants, mut scales) = (Vec::with_capacity(3 * outputs), Vec::new());
        let taps = (sums.weights.len() / outputs.max(1)).max(1);
        let rows = sums
            .weights
            .chunks_exact(taps)
            .zip(&sums.scales)
            .zip(&sums.biases);
        for (channel, ((row, &scale), bias)) in rows.enumerate() {
            let unit = f64::from(from.scale) * f64::from(scale);
            let sum: i64 = row.iter().map(|weight| i64::from(*weight)).sum();
            // Too large a number stays so as an integer.
            let bias = (bias / unit).round() as i64;
            let bias = bias.saturating_sub(i64::from(from.zero) * sum);
            constants.push(i32::try_from(bias).map_err(|_| Fault::Bias { channel })?);
            // Rounded to f32 as onnxruntime does it.
            let scale = from.scale * scale / to.scale;
            scales.push(Requantization::of(scale.into()).ok_or(Fault::Scale { channel })?);
        }
        constants.extend(scales.iter().map(|scale| scale.multiplier));
        constants.extend(scales.iter().map(|scale| scale.shift));
        let node = Int8Node {
            weights: sums.weights,
            constants,
            quantization: to,
        };
        self.push(sums.layer, [&sums.input; 2], node, AxesView::MAPS)
    }

    fn add(&mut self, pair: [HeldCodes; 2], to: Quantization) -> Result<HeldCodes, Fault> {
        let ratio = |codes: HeldCodes| f64::from(codes.quantization.scale) / f64::from(to.scale);
        let zeros = pair.map(|codes| codes.quantization.zero);
        let sum = AddRequantization::of(pair.map(ratio), zeros, to.zero);
        let sum = sum.ok_or(Fault::Scale { channel: 0 })?;
        let [first, second] = sum.multipliers;
        let node = Int8Node {
            weights: Vec::new(),
            constants: vec![first, second, sum.constant, sum.shift],
            quantization: to,
        };
        self.push(Layer::Add, [&pair[0], &pair[1]], node, AxesView::MAPS)
    }

    fn mean(
        &mut self,
        layer: Layer,
        input: HeldCodes,
        count: u64,
        to: Quantization,
    ) -> Result<HeldCodes, Fault> {
        let scale = f64::from(input.quantization.scale) / (f64::from(to.scale) * count as f64);
        let scale = Requantization::of(scale).ok_or(Fault::Scale { channel: 0 })?;
        let node = Int8Node {
            weights: Vec::new(),
            constants: vec![scale.multiplier, scale.shift],
            quantization: to,
        };
        self.push(layer, [&input; 2], node, AxesView::MAPS)
    }
}

/// A convolution of each channel by itself, position by position.
pub fn depthwise(shape: Shape) -> Result<Layer, Fault> {
    let channels = super::super::layers::small(shape.channels as usize)?;
    Ok(Layer::Conv2d(Conv2d {
        groups: channels,
        ..Conv2d::new(channels, 1)
    }))
}

/// The codes that a layer gives which passes its input's scale on.
fn limited(layer: Layer, own: Quantization) -> Quantization {
    match layer {
        Layer::Relu => Quantization {
            low: own.zero,
            ..own
        },
        Layer::Relu6 => Quantization {
            low: own.zero,
            high: own.code(6.0),
            ..own
        },
        _ => all_codes(own),
    }
}
