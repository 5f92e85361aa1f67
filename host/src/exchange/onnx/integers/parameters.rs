//! Constants of codes, and the scales and zeros of values.

use super::known::{Known, all_codes};
use super::operator;
use super::values::CodesImporter;
use super::whole_numbers::WholeNumbers;
use crate::exchange::onnx::constants::Constant;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::node::{OnnxOperation, attribute_fault};
use kiln_core::{LayerFault, Quantization};

/// Most codes of all constants together, each of which takes eight bytes here.
const MOST_CODES: usize = 1 << 25;

/// A constant of codes.
#[derive(Clone, Debug)]
pub struct CodesParameter {
    /// Its extents.
    pub dims: Vec<usize>,
    /// Distances from the zeros.
    pub codes: Vec<i64>,
    /// One for all, or one for each place along `axis`.
    pub scales: Vec<f32>,
    pub axis: usize,
}

impl CodesParameter {
    /// The scale of each of so many outputs, which lie along `axis`.
    pub fn scales_along(&self, axis: usize, outputs: usize) -> Option<Vec<f32>> {
        match self.scales.as_slice() {
            [scale] => Some(vec![*scale; outputs]),
            scales if scales.len() == outputs && self.axis == axis => Some(scales.to_vec()),
            _ => None,
        }
    }

    /// What its codes stand for.
    pub fn numbers(&self) -> Vec<f64> {
        let behind: usize = self.dims.iter().skip(self.axis + 1).product();
        let codes = self.codes.iter().enumerate();
        let scale = |place: usize| self.scales[place / behind.max(1) % self.scales.len()];
        codes
            .map(|(place, code)| *code as f64 * f64::from(scale(place)))
            .collect()
    }

    /// Its codes, if they are weights of eight bits.
    pub fn weights(&self) -> Result<Vec<i8>, Fault> {
        let weights = self.codes.iter().map(|code| i8::try_from(*code).ok());
        weights
            .collect::<Option<Vec<i8>>>()
            .ok_or_else(|| Fault::Weights {
                least: self.codes.iter().copied().min().unwrap_or_default(),
                greatest: self.codes.iter().copied().max().unwrap_or_default(),
            })
    }
}

impl<'m> CodesImporter<'m> {
    /// Reads a node that makes a constant of codes, or numbers of one; whether it is such a node.
    pub fn parameter(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<bool, Fault> {
        let name = operation.node.inputs.first().map_or("", String::as_str);
        let found = match operator(operation) {
            "QuantizeLinear" if operation.constants.contains(name) => {
                operation.quantized_constant()?
            }
            "DequantizeLinear" if operation.constants.contains(name) => {
                let axis = operation.axis()?;
                operation.codes_parameter([0, 1, 2], axis)?
            }
            "DequantizeLinear" | "Identity" => match self.parameters.get(name) {
                Some(own) => own.clone(),
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        self.parameter_codes += found.codes.len();
        if self.parameter_codes > MOST_CODES {
            return Err(Fault::Layer(LayerFault::TooLarge));
        }
        if let Some(output) = operation.node.outputs.first() {
            self.parameters.insert(output, found);
        }
        Ok(true)
    }

    /// The constant of codes that a DequantizeLinear made numbers of, at a place among the inputs.
    pub fn parameter_at(
        &self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<&CodesParameter, Fault> {
        let name = operation.node.inputs.get(place).map_or("", String::as_str);
        self.parameters
            .get(name)
            .ok_or(Fault::PlainWeights { number: place + 1 })
    }

    /// The numbers of a constant, of codes or of f32.
    pub fn constant_numbers(
        &self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<(Vec<usize>, Vec<f64>), Fault> {
        let name = operation.node.inputs.get(place).map_or("", String::as_str);
        match self.parameters.get(name) {
            Some(own) => Ok((own.dims.clone(), own.numbers())),
            None => {
                let (dims, values) = operation.floats(place)?;
                Ok((dims, values.into_iter().map(f64::from).collect()))
            }
        }
    }

    /// Whether the value at a place depends on the image.
    pub fn is_computed(&self, operation: &OnnxOperation<'_, 'm>, place: usize) -> bool {
        matches!(
            self.find(operation, place),
            Some(Known::Input { .. } | Known::InputCodes { .. } | Known::Codes(_) | Known::Open(_))
        )
    }
}

impl OnnxOperation<'_, '_> {
    /// What codes stand for whose scale and zero are the inputs at these places.
    pub fn quantization(&self, [scale, zero]: [usize; 2]) -> Result<Quantization, Fault> {
        let (_, scales) = self.floats(scale)?;
        let zeros = match self.has_input(zero) {
            true => self.whole_numbers(zero)?,
            false => WholeNumbers::byte_zero(),
        };
        let offset = zeros
            .offset()
            .ok_or_else(|| self.no_codes(zero, zeros.kind))?;
        let (&[own], &[code]) = (scales.as_slice(), zeros.values.as_slice()) else {
            return Err(self.misshapen(scale, &[scales.len()], "one scale and one zero".into()));
        };
        let code = i8::try_from(code - i64::from(offset));
        match (own.is_finite() && own > 0.0, code) {
            (true, Ok(code)) => Ok(all_codes(Quantization::new(own, code))),
            _ => Err(Fault::CodesScale { scale: own }),
        }
    }

    /// A constant of codes with its scale and its zero.
    pub fn codes_parameter(
        &self,
        [codes, scale, zero]: [usize; 3],
        axis: Option<usize>,
    ) -> Result<CodesParameter, Fault> {
        let own = self.whole_numbers(codes)?;
        let (_, scales) = self.floats(scale)?;
        let zeros = match self.has_input(zero) {
            true => self.whole_numbers(zero)?.values,
            false => vec![0],
        };
        let axis = axis.unwrap_or(own.dims.len().saturating_sub(1));
        let along = own.dims.get(axis).copied().unwrap_or(1);
        let behind: usize = own.dims.iter().skip(axis + 1).product();
        let fits = |found: usize| found == 1 || found == along;
        if !fits(scales.len()) || !fits(zeros.len()) {
            let expected = format!("one, or {along}");
            return Err(self.misshapen(scale, &[scales.len()], expected));
        }
        if let Some(&scale) = scales
            .iter()
            .find(|scale| !(scale.is_finite() && **scale > 0.0))
        {
            return Err(Fault::CodesScale { scale });
        }
        let places = own.values.iter().enumerate();
        let codes = places.map(|(place, code)| code - zeros[place / behind.max(1) % zeros.len()]);
        Ok(CodesParameter {
            codes: codes.collect(),
            dims: own.dims,
            scales,
            axis,
        })
    }

    /// What QuantizeLinear makes of a constant, halves to even codes.
    fn quantized_constant(&self) -> Result<CodesParameter, Fault> {
        let axis = self.axis()?;
        let (dims, values) = self.floats(0)?;
        let (_, scales) = self.floats(1)?;
        let zeros = match self.has_input(2) {
            true => self.whole_numbers(2)?,
            false => WholeNumbers::byte_zero(),
        };
        let offset = zeros.offset().ok_or_else(|| self.no_codes(2, zeros.kind))?;
        let axis = axis.unwrap_or(dims.len().saturating_sub(1));
        let along = dims.get(axis).copied().unwrap_or(1);
        let behind: usize = dims.iter().skip(axis + 1).product();
        let fits = |found: usize| found == 1 || found == along;
        if !fits(scales.len()) || !fits(zeros.values.len()) {
            return Err(self.misshapen(1, &[scales.len()], format!("one, or {along}")));
        }
        let [low, high] = [i8::MIN, i8::MAX].map(|end| i64::from(end) + i64::from(offset));
        let code = |(place, value): (usize, &f32)| {
            let at = place / behind.max(1);
            let zero = zeros.values[at % zeros.values.len()];
            let code = (value / scales[at % scales.len()]).round_ties_even() as i64;
            code.saturating_add(zero).clamp(low, high) - zero
        };
        Ok(CodesParameter {
            codes: values.iter().enumerate().map(code).collect(),
            dims,
            scales,
            axis,
        })
    }

    /// The axis of scales, where a node names one that a constant may have.
    pub fn axis(&self) -> Result<Option<usize>, Fault> {
        self.only(&[
            "axis",
            "saturate",
            "output_dtype",
            "block_size",
            "precision",
        ])?;
        self.require("block_size", 0)?;
        let axis = self.int("axis", 1)?;
        let rank = match self.input(0) {
            Some(Constant::Tensor(tensor)) => tensor.dims.len() as i64,
            Some(Constant::Array(array)) => array.dims.len() as i64,
            // Of a value, all codes have one scale.
            None => return Ok(None),
        };
        let counted = if axis < 0 {
            axis.saturating_add(rank)
        } else {
            axis
        };
        match usize::try_from(counted) {
            Ok(counted) => Ok(Some(counted)),
            Err(_) => Err(attribute_fault("axis", &[axis], "an axis of its input")),
        }
    }
}
