//! Operators that compute nothing: codes with other extents, and what stands at either end.

use super::SOFTMAX;
use super::constant::{FLOAT32, UINT8};
use super::error::TfliteFault;
use super::held::{TfliteHeld, is_maps, shape_of};
use super::importer::TfliteImporter;
use super::operation::TfliteOperation;
use crate::exchange::extents;
use kiln_core::Padding;

/// What the codes of bytes from 0 are larger by.
const BYTE_OFFSET: i64 = 128;

impl<'a> TfliteImporter<'a> {
    /// Maps as one row, or the same again; the input may become anything.
    pub fn reshape(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        let input = self.padded(operation, 0)?;
        if input.zeros != Padding::NONE {
            return Err(TfliteFault::Zeros);
        }
        let quantization = operation.given.codes()?;
        if !input.has_scale_of(&quantization) {
            return Err(TfliteFault::Rescaled);
        }
        let dims = operation.given.dims()?;
        let (from, to) = (shape_of(&input.dims), shape_of(&dims));
        let elements = to.map(|shape| shape.elements());
        let is_row = elements.is_some() && !is_maps(&dims);
        if elements != Some(input.shape.elements())
            || !(from == to || to == Some(input.shape) || is_row)
        {
            let is_free = self.is_beginning() && elements == Some(input.shape.elements());
            if !is_free {
                return Err(TfliteFault::Reshape {
                    from: extents(&input.dims),
                    to: extents(&dims),
                });
            }
            return self.begin(operation.output, &operation.given, quantization);
        }
        self.give(operation, TfliteHeld { dims, ..input })
    }

    /// Is left away: the order of the codes stays.
    pub fn softmax(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[1], "one")?;
        let held = TfliteHeld {
            last: Some(SOFTMAX),
            ..self.input(operation, 0)?
        };
        self.give(operation, held)
    }

    /// Numbers or bytes become codes in front of the first layer, and codes become bytes behind the
    /// last.
    pub fn quantize(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[1], "one")?;
        let (number, tensor) = operation.input(0)?;
        if operation.given.is_one_of([UINT8])? {
            let held = self.ended(operation, 0)?;
            let (scale, zero) = operation.given.one_scale()?;
            let is_same = scale == held.quantization.scale
                && zero == i64::from(held.quantization.zero) + BYTE_OFFSET;
            if !is_same && held.last.is_none() {
                return Err(TfliteFault::Rescaled);
            }
            return self.end(operation, held, "QUANTIZE");
        }
        let quantization = operation.given.codes()?;
        if !self.is_outer_input(number) {
            self.input(operation, 0)?;
            return Err(TfliteFault::Rescaled);
        }
        if !tensor.is_one_of([FLOAT32])? {
            let (scale, zero) = tensor.one_scale()?;
            let zero = zero.checked_sub(BYTE_OFFSET);
            if scale != quantization.scale || zero != Some(quantization.zero.into()) {
                return Err(TfliteFault::Rescaled);
            }
        }
        if tensor.dims()? != operation.given.dims()? {
            return Err(TfliteFault::Shape {
                tensor: operation.given.name(),
                found: extents(&operation.given.dims()?),
                expected: extents(&tensor.dims()?),
            });
        }
        self.begin(operation.output, &operation.given, quantization)
    }

    /// Codes become numbers behind the last layer.
    pub fn dequantize(&mut self, operation: &TfliteOperation<'a>) -> Result<(), TfliteFault> {
        operation.reads(&[1], "one")?;
        operation.given.require(FLOAT32)?;
        let held = self.ended(operation, 0)?;
        self.end(operation, held, "DEQUANTIZE")
    }

    fn end(
        &mut self,
        operation: &TfliteOperation<'a>,
        held: TfliteHeld,
        name: &'static str,
    ) -> Result<(), TfliteFault> {
        if held.zeros != Padding::NONE {
            return Err(TfliteFault::Zeros);
        }
        let last = held.last.or(Some(name));
        self.give(operation, TfliteHeld { last, ..held })
    }
}
