//! Operators between a DequantizeLinear and a QuantizeLinear, whose weights are numbers of codes.

use super::known::{HeldCodes, Known, LayerSource, OpenLayer, OpenSums, behind};
use super::operator;
use super::parameters::CodesParameter;
use super::values::CodesImporter;
use crate::exchange::onnx::elementwise::along;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::layers::small;
use crate::exchange::onnx::node::{OnnxOperation, attribute_fault};
use crate::exchange::onnx::view::AxesView;
use kiln_core::{Conv2d, Layer, Linear, Padding};

impl<'m> CodesImporter<'m> {
    pub fn convolution(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let input = self.padded_numbers(operation, 0)?;
        let own = self.parameter_at(operation, 1)?.clone();
        let has_bias = operation.has_input(2);
        let conv = operation.convolution(&input.held, (1, &own.dims), has_bias)?;
        let biases = match has_bias {
            true => self.constant_numbers(operation, 2)?.1,
            false => vec![0.0; conv.filters.into()],
        };
        let sums = sums_of_convolution(operation, input, (conv, 1), &own, biases)?;
        opened(sums, AxesView::MAPS)
    }

    /// A linear layer: a Gemm, or a MatMul.
    pub fn product(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let is_transposed = match operator(operation) {
            "MatMul" => {
                operation.only(&[])?;
                false
            }
            _ => {
                operation.only(&["alpha", "beta", "transA", "transB"])?;
                operation.require("transA", 0)?;
                operation.require_one("alpha")?;
                operation.require_one("beta")?;
                operation.int("transB", 0)? != 0
            }
        };
        let input = self.numbers(operation, 0)?;
        let own = self.parameter_at(operation, 1)?.clone();
        let mut sums = sums_of_matrix(operation, input, (&own, 1), is_transposed)?;
        if operation.has_input(2) {
            let (shape, values) = self.constant_numbers(operation, 2)?;
            let values = along(&shape, &values, sums.scales.len(), true);
            let outputs = sums.scales.len().to_string();
            sums.biases = values.ok_or_else(|| operation.misshapen(2, &shape, outputs))?;
        }
        opened(sums, AxesView::ROW)
    }

    pub fn average(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let input = self.padded_numbers(operation, 0)?;
        let (open, view) = mean_of(operation, input)?;
        let held = Held {
            shape: behind(open.layer(), input.held.shape)?,
            zeros: Padding::NONE,
            view,
            ..input.held
        };
        Ok(Known::Open(OpenLayer {
            source: open,
            held,
            behind: Vec::new(),
        }))
    }
}

impl LayerSource {
    /// The layer of a mean.
    fn layer(&self) -> Layer {
        match self {
            Self::Mean { layer, .. } => *layer,
            Self::Sums(sums) => sums.layer,
            Self::Pair(_) => Layer::Add,
            Self::Codes(_) => Layer::Relu,
        }
    }
}

/// An average pool, or a mean over whole maps; and the axes of what it leaves.
pub fn mean_of(
    operation: &OnnxOperation<'_, '_>,
    input: HeldCodes,
) -> Result<(LayerSource, AxesView), Fault> {
    let (layer, count, view) = match operator(operation) {
        "AveragePool" | "QLinearAveragePool" => {
            input.held.maps()?;
            let pool = operation.average_window(&input.held)?;
            let count = u64::from(pool.window[0]) * u64::from(pool.window[1]);
            (Layer::AvgPool2d(pool), count, AxesView::MAPS)
        }
        name => {
            input.held.without_zeros()?;
            let view = match name {
                "ReduceMean" => mean_over_maps(operation, &input.held)?,
                _ => {
                    input.held.maps()?;
                    AxesView::MAPS
                }
            };
            let count = input.held.shape.map_elements() as u64;
            (Layer::GlobalAvgPool2d, count, view)
        }
    };
    let source = LayerSource::Mean {
        layer,
        input,
        count,
    };
    Ok((source, view))
}

/// The axes that a mean over all rows and columns leaves.
fn mean_over_maps(operation: &OnnxOperation<'_, '_>, held: &Held) -> Result<AxesView, Fault> {
    let reduction = operation.reduction(held)?;
    match reduction.is_global {
        true => Ok(reduction.view),
        false => Err(attribute_fault(
            "axes",
            &operation.axes(held.view.rank() as i64)?,
            "rows and columns",
        )),
    }
}

/// What sums give.
pub fn opened(sums: OpenSums, view: AxesView) -> Result<Known, Fault> {
    let held = Held {
        shape: behind(sums.layer, sums.input.held.shape)?,
        zeros: Padding::NONE,
        view,
        ..sums.input.held
    };
    Ok(Known::Open(OpenLayer {
        source: LayerSource::Sums(Box::new(sums)),
        held,
        behind: Vec::new(),
    }))
}

/// A convolution's sums, whose kernel is input `at`.
pub fn sums_of_convolution(
    operation: &OnnxOperation<'_, '_>,
    input: HeldCodes,
    (conv, at): (Conv2d, usize),
    own: &CodesParameter,
    biases: Vec<f64>,
) -> Result<OpenSums, Fault> {
    let filters = usize::from(conv.filters);
    let scales = own.scales_along(0, filters);
    let scales = scales.ok_or_else(|| {
        operation.misshapen(
            at + 1,
            &[own.scales.len()],
            format!("one scale, or {filters}"),
        )
    })?;
    if biases.len() != filters {
        return Err(operation.misshapen(at + 1, &[biases.len()], filters.to_string()));
    }
    let channels = own.dims.get(1).copied().unwrap_or(1).max(1);
    Ok(OpenSums {
        layer: Layer::Conv2d(Conv2d { bias: true, ..conv }),
        input,
        weights: channels_last(&own.weights()?, filters, channels),
        scales,
        biases,
    })
}

/// A linear layer's sums, whose matrix is input `at`, a row for each output if it is transposed.
pub fn sums_of_matrix(
    operation: &OnnxOperation<'_, '_>,
    input: HeldCodes,
    (own, at): (&CodesParameter, usize),
    is_transposed: bool,
) -> Result<OpenSums, Fault> {
    input.held.row()?;
    let inputs = input.held.shape.elements();
    let outputs = match (own.dims.as_slice(), is_transposed) {
        (&[outputs, found], true) | (&[found, outputs], false) if found == inputs => outputs,
        (found, _) => {
            let expected = format!("a matrix with {inputs} inputs");
            return Err(operation.misshapen(at, found, expected));
        }
    };
    let scales = own.scales_along(usize::from(!is_transposed), outputs);
    let scales = scales.ok_or_else(|| {
        operation.misshapen(
            at + 1,
            &[own.scales.len()],
            format!("one scale, or {outputs}"),
        )
    })?;
    let weights = own.weights()?;
    let rows: Vec<i8> = match is_transposed {
        true => weights,
        false => (0..outputs)
            .flat_map(|row| weights.iter().skip(row).step_by(outputs))
            .copied()
            .collect(),
    };
    let channels = input.held.shape.channels as usize;
    Ok(OpenSums {
        layer: Layer::Linear(Linear::new(small(outputs)?)),
        input,
        weights: channels_last(&rows, outputs, channels),
        scales,
        biases: vec![0.0; outputs],
    })
}

/// Rows of weights, each with its channels innermost instead of its places.
pub fn channels_last(weights: &[i8], rows: usize, channels: usize) -> Vec<i8> {
    let taps = (weights.len() / rows.max(1)).max(1);
    let places = (taps / channels.max(1)).max(1);
    let turned = |row: &[i8]| -> Vec<i8> {
        let planes = (0..places).flat_map(|place| row.iter().skip(place).step_by(places));
        planes.copied().collect()
    };
    weights.chunks_exact(taps).flat_map(turned).collect()
}
