//! Additions, and arithmetic with constants.

use super::ends::depthwise;
use super::known::{HeldCodes, Known, LayerSource, OpenLayer, OpenSums};
use super::layers::opened;
use super::operator;
use super::values::CodesImporter;
use crate::exchange::Affine;
use crate::exchange::onnx::elementwise::spread;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::node::OnnxOperation;

/// The weight of a channel by itself: what is added to it is rounded to 64ths of a code.
const FINE: i8 = 64;

/// What a constant does to each channel.
struct ChannelLine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl<'m> CodesImporter<'m> {
    pub fn arithmetic(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.only(&[])?;
        let computed = [0, 1].map(|place| self.is_computed(operation, place));
        match computed {
            [true, true] if operator(operation) == "Add" => {
                let pair = [self.numbers(operation, 0)?, self.numbers(operation, 1)?];
                paired(pair)
            }
            [true, true] => Err(Fault::NotConstant { number: 2 }),
            [true, false] => self.with_constant(operation, 0),
            [false, true] => self.with_constant(operation, 1),
            [false, false] => Err(Fault::Missing {
                found: operation.node.inputs.first().cloned().unwrap_or_default(),
            }),
        }
    }

    /// QLinearAdd, and QLinearMul by a constant.
    pub fn codes_arithmetic(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.only(&[])?;
        let computed = [0, 3].map(|place| self.is_computed(operation, place));
        let known = match computed {
            [true, true] if operator(operation) == "QLinearAdd" => {
                let first = self.codes(operation, [0, 1, 2])?.without_zeros()?;
                let second = self.codes(operation, [3, 4, 5])?.without_zeros()?;
                paired([first, second])?
            }
            [true, true] => return Err(Fault::NotConstant { number: 4 }),
            [first, _] => {
                let (own, other) = if first { (0, 3) } else { (3, 0) };
                let codes = self
                    .codes(operation, [own, own + 1, own + 2])?
                    .without_zeros()?;
                let places = [other, other + 1, other + 2];
                let constant = operation.codes_parameter(places, None)?;
                let values = constant.numbers();
                let values = per_channel(&codes.held, &constant.dims, &values);
                let values =
                    values.ok_or_else(|| misfit(operation, other, &constant.dims, &codes.held))?;
                let line = match operator(operation) {
                    "QLinearAdd" => ChannelLine::sum(values),
                    _ => ChannelLine::product(values),
                };
                line.after(codes)?
            }
        };
        self.closed(operation, known, [6, 7])
    }

    /// Arithmetic with a constant: of the input, of what codes stand for, or of sums what adds.
    fn with_constant(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<Known, Fault> {
        let known = self.known(operation, place)?;
        if let Known::Input { held, affine } = known {
            let line = operation.line(&held, place)?;
            let own = Affine {
                scale: line.scale,
                shift: line.shift,
            };
            return match own.scale.len() == affine.scale.len() {
                true => Ok(Known::Input {
                    held,
                    affine: affine.then(&own),
                }),
                false => Err(Fault::Fold),
            };
        }
        let held = known.held().without_zeros()?;
        let (dims, values) = self.constant_numbers(operation, 1 - place)?;
        let values = per_channel(&held, &dims, &values);
        let values = values.ok_or_else(|| misfit(operation, 1 - place, &dims, &held))?;
        let negative = |values: Vec<f64>| values.iter().map(|value| -value).collect();
        let line = match (operator(operation), place) {
            ("Add", _) => ChannelLine::sum(values),
            ("Sub", 0) => ChannelLine::sum(negative(values)),
            ("Mul", _) => ChannelLine::product(values),
            ("Div", 0) => ChannelLine::product(values.iter().map(|value| 1.0 / value).collect()),
            _ => return Err(Fault::NotConstant { number: 2 }),
        };
        line.applied(known)
            .ok_or(Fault::Numbers { number: place + 1 })?
    }
}

impl ChannelLine {
    fn sum(shift: Vec<f64>) -> Self {
        Self {
            scale: vec![1.0; shift.len()],
            shift,
        }
    }

    fn product(scale: Vec<f64>) -> Self {
        Self {
            shift: vec![0.0; scale.len()],
            scale,
        }
    }

    /// What it makes of numbers; `None` of those that no codes were made of.
    fn applied(self, known: Known) -> Option<Result<Known, Fault>> {
        let Known::Open(mut open) = known else {
            return None;
        };
        if !open.behind.is_empty() {
            return None;
        }
        match &mut open.source {
            LayerSource::Sums(_) if self.scale.iter().any(|scale| *scale != 1.0) => {
                Some(Err(Fault::Multiplies))
            }
            LayerSource::Sums(sums) if sums.biases.len() == self.shift.len() => {
                for (bias, added) in sums.biases.iter_mut().zip(self.shift) {
                    *bias += added;
                }
                Some(Ok(Known::Open(open)))
            }
            LayerSource::Codes(codes) => Some(self.after(HeldCodes {
                held: open.held,
                ..*codes
            })),
            _ => None,
        }
    }

    /// The depthwise convolution of codes that it is.
    fn after(self, codes: HeldCodes) -> Result<Known, Fault> {
        let fine = f64::from(FINE);
        let weight = |scale: &f64| match *scale {
            scale if scale < 0.0 => -FINE,
            0.0 => 0,
            _ => FINE,
        };
        let unit = |scale: &f64| match *scale {
            0.0 => 1.0,
            scale => (scale.abs() / fine) as f32,
        };
        let sums = OpenSums {
            layer: depthwise(codes.held.shape)?,
            input: codes,
            weights: self.scale.iter().map(weight).collect(),
            scales: self.scale.iter().map(unit).collect(),
            biases: self.shift,
        };
        opened(sums, codes.held.view)
    }
}

/// A constant's number for each channel of a value.
fn per_channel(held: &Held, dims: &[usize], values: &[f64]) -> Option<Vec<f64>> {
    let spread = spread(dims, values, held)?;
    (spread.len() == held.shape.channels as usize).then_some(spread)
}

fn misfit(operation: &OnnxOperation<'_, '_>, index: usize, dims: &[usize], held: &Held) -> Fault {
    let channels = held.shape.channels;
    operation.misshapen(
        index,
        dims,
        format!("one number for each of {channels} channels"),
    )
}

/// Two values of codes to be added.
pub fn paired(pair: [HeldCodes; 2]) -> Result<Known, Fault> {
    let [first, second] = pair.map(|codes| codes.held);
    first.check_addend(&second)?;
    Ok(Known::Open(OpenLayer {
        source: LayerSource::Pair(pair),
        held: first,
        behind: Vec::new(),
    }))
}
