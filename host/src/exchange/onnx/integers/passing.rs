//! Operators that pass a scale on: limits, the largest of a window, zeros around, other extents.

use super::known::{HeldCodes, Known, LayerSource, OpenLayer, behind};
use super::operator;
use super::values::CodesImporter;
use crate::exchange::integers::Int8Node;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::node::{OnnxOperation, attribute_fault};
use crate::exchange::onnx::view::AxesView;
use kiln_core::{Layer, Padding, Quantization};

impl<'m> CodesImporter<'m> {
    pub fn max_pool(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let known = self.known(operation, 0)?;
        let held = known.held().without_zeros()?;
        let layer = Layer::MaxPool2d(operation.max_window(&held)?);
        match known {
            Known::Codes(codes) => {
                let node = Int8Node::plain(codes.quantization);
                Ok(Known::Codes(self.push(
                    layer,
                    [&codes; 2],
                    node,
                    AxesView::MAPS,
                )?))
            }
            known => passed_on(known, layer),
        }
    }

    /// A Relu or a Clip, of numbers or of codes.
    pub fn rectify(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let known = self.known(operation, 0)?;
        known.held().without_zeros()?;
        let is_clip = operator(operation) == "Clip";
        if let (Known::Codes(codes), true) = (&known, is_clip) {
            return self.clip_codes(operation, *codes);
        }
        let layer = match is_clip {
            true => operation.rectifier()?,
            false => {
                operation.only(&[])?;
                Layer::Relu
            }
        };
        passed_on(known, layer)
    }

    /// A Clip of codes: narrower limits of who gave them, or an activation's.
    fn clip_codes(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        codes: HeldCodes,
    ) -> Result<Known, Fault> {
        operation.only(&[])?;
        let bound = |place, default| match operation.has_input(place) {
            true => operation.code(place),
            false => Ok(default),
        };
        let (low, high) = (bound(1, i8::MIN)?, bound(2, i8::MAX)?);
        let number = codes.value.number();
        if low > codes.quantization.zero || high < codes.quantization.zero {
            let expected = "limits around the code that stands for 0";
            let found = [low.into(), high.into()];
            return Err(attribute_fault("range", &found, expected));
        }
        if low != codes.quantization.zero {
            if self.is_sole_reader(operation) {
                let own = &mut self.draft.values[number];
                own.low = own.low.max(low);
                own.high = own.high.min(high);
                return Ok(Known::Codes(codes));
            }
            let expected = "from the code that stands for 0, since others read its input, too";
            return Err(attribute_fault(
                "range",
                &[low.into(), high.into()],
                expected,
            ));
        }
        let node = Int8Node::plain(Quantization {
            low,
            high,
            ..codes.quantization
        });
        let view = codes.held.view;
        Ok(Known::Codes(self.push(
            Layer::Relu,
            [&codes; 2],
            node,
            view,
        )?))
    }

    /// Zeros, which a convolution that reads them takes into its padding.
    pub fn pad(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let mut known = self.known(operation, 0)?;
        let value = match &known {
            Known::Codes(codes) if operation.has_input(2) => {
                f32::from(operation.code(2)?) - f32::from(codes.quantization.zero)
            }
            Known::Open(open) if matches!(open.source, LayerSource::Codes(_)) => {
                match operation.has_input(2) {
                    true => {
                        let (_, values) = self.constant_numbers(operation, 2)?;
                        values.first().copied().unwrap_or(0.0) as f32
                    }
                    false => operation.float("value", 0.0)?,
                }
            }
            _ => return Err(Fault::Zeros),
        };
        *known.held_mut() = operation.surrounded(*known.held(), value)?;
        Ok(known)
    }

    pub fn reshape(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let mut known = self.known(operation, 0)?;
        let held = known.held().without_zeros()?;
        *known.held_mut() = operation.reshaped(held, self.batch)?;
        Ok(known)
    }

    /// Is left away: the order of the codes stays.
    pub fn softmax(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let mut known = self.known(operation, 0)?;
        let held = known.held().without_zeros()?;
        operation.check_softmax(&held)?;
        self.left_out = Some(operation.label());
        known.held_mut().is_probability = true;
        Ok(known)
    }
}

/// What is known of an open layer with another behind it.
fn passed_on(known: Known, layer: Layer) -> Result<Known, Fault> {
    let Known::Open(open) = known else {
        return Err(Fault::Numbers { number: 1 });
    };
    let shape = behind(layer, open.held.shape)?;
    let held = Held {
        shape,
        zeros: Padding::NONE,
        ..open.held
    };
    Ok(Known::Open(OpenLayer {
        held,
        behind: [open.behind, vec![layer]].concat(),
        ..open
    }))
}
