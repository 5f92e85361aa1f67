//! Operators that take codes and give codes.

use super::known::{HeldCodes, Known, OpenLayer};
use super::layers::{mean_of, opened, sums_of_convolution, sums_of_matrix};
use super::values::CodesImporter;
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;
use crate::exchange::onnx::node::OnnxOperation;
use crate::exchange::onnx::view::AxesView;
use kiln_core::Padding;

impl<'m> CodesImporter<'m> {
    /// QLinearConv.
    pub fn codes_convolution(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        let input = self.codes(operation, [0, 1, 2])?;
        let own = operation.codes_parameter([3, 4, 5], Some(0))?;
        let has_bias = operation.has_input(8);
        let conv = operation.convolution(&input.held, (3, &own.dims), has_bias)?;
        let filters = usize::from(conv.filters);
        let scales = own.scales_along(0, filters).unwrap_or_default();
        let biases = match has_bias {
            true => self.biases(operation, 8, input, &scales)?,
            false => vec![0.0; filters],
        };
        let sums = sums_of_convolution(operation, input, (conv, 3), &own, biases)?;
        self.closed(operation, opened(sums, AxesView::MAPS)?, [6, 7])
    }

    /// QLinearMatMul.
    pub fn codes_product(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.only(&[])?;
        let input = self.codes(operation, [0, 1, 2])?.without_zeros()?;
        let own = operation.codes_parameter([3, 4, 5], Some(1))?;
        let sums = sums_of_matrix(operation, input, (&own, 3), false)?;
        self.closed(operation, opened(sums, AxesView::ROW)?, [6, 7])
    }

    /// QGemm, whose output may be numbers.
    pub fn codes_gemm(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.only(&["alpha", "transA", "transB"])?;
        operation.require("transA", 0)?;
        operation.require_one("alpha")?;
        let is_transposed = operation.int("transB", 0)? != 0;
        let input = self.codes(operation, [0, 1, 2])?.without_zeros()?;
        let own = operation.codes_parameter([3, 4, 5], Some(usize::from(!is_transposed)))?;
        let mut sums = sums_of_matrix(operation, input, (&own, 3), is_transposed)?;
        if operation.has_input(6) {
            sums.biases = self.biases(operation, 6, input, &sums.scales)?;
        }
        let open = opened(sums, AxesView::ROW)?;
        match operation.has_input(7) {
            true => self.closed(operation, open, [7, 8]),
            false => Ok(open),
        }
    }

    /// QLinearAveragePool or QLinearGlobalAveragePool.
    pub fn codes_average(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Known, Fault> {
        operation.require("channels_last", 0)?;
        let input = self.codes(operation, [0, 1, 2])?;
        let (source, view) = mean_of(operation, input)?;
        let open = OpenLayer {
            source,
            held: Held {
                zeros: Padding::NONE,
                view,
                ..input.held
            },
            behind: Vec::new(),
        };
        self.closed(operation, Known::Open(open), [3, 4])
    }

    /// Biases in units of the products, as numbers.
    fn biases(
        &self,
        operation: &OnnxOperation<'_, 'm>,
        index: usize,
        input: HeldCodes,
        scales: &[f32],
    ) -> Result<Vec<f64>, Fault> {
        let biases = operation.wide_ints(index, scales.len())?;
        let unit = |scale: f32| f64::from(input.quantization.scale) * f64::from(scale);
        let biases = biases.iter().zip(scales);
        Ok(biases
            .map(|(bias, scale)| *bias as f64 * unit(*scale))
            .collect())
    }

    /// What an open layer gives in codes of the scale and the zero at these places.
    pub fn closed(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        known: Known,
        ends: [usize; 2],
    ) -> Result<Known, Fault> {
        let quantization = operation.quantization(ends)?;
        match known {
            Known::Open(open) => Ok(Known::Codes(self.close(open, quantization)?)),
            known => Ok(known),
        }
    }
}

impl HeldCodes {
    /// The codes, if no zeros around them would have to become padding.
    pub fn without_zeros(self) -> Result<Self, Fault> {
        let held = self.held.without_zeros()?;
        Ok(Self { held, ..self })
    }
}
