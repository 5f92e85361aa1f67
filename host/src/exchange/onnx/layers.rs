//! Nodes that are layers with weights, or leave values as they are.

use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::matrix::{is_of_pixels, matrix};
use super::message::{F32, FLOATS};
use super::node::{OnnxOperation, attribute_fault};
use super::view::AxisPart;
use crate::exchange::Ending;
use kiln_core::{Conv2d, Layer, LayerFault, Linear};

impl<'m> Importer<'m> {
    /// Does what the node does; gives its value.
    pub fn apply(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        match operation.operator() {
            "Conv" => self.convolution(operation),
            "Gemm" => self.gemm(operation),
            "MatMul" => self.matrix_product(operation),
            "Relu" => {
                let input = self.input(operation)?;
                self.push_plain(operation, Layer::Relu, &input)
            }
            "Clip" => self.clip(operation),
            "Min" | "Max" => self.limit(operation),
            "MaxPool" => self.max_pool(operation),
            "AveragePool" => self.average_pool(operation),
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(operation),
            "ReduceMean" | "ReduceMax" | "ReduceSum" => self.reduce(operation),
            "Pad" => self.pad(operation),
            "Add" | "Sub" | "Mul" | "Div" | "Sum" => self.arithmetic(operation),
            "BatchNormalization" => self.batch_norm(operation),
            "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze" | "Transpose" => {
                self.reshape(operation)
            }
            "Identity" => self.unchanged(operation),
            "Dropout" => {
                let input = self.padded_input(operation, 0)?;
                self.remark(format!("left out {}", operation.label()));
                Ok(input)
            }
            "Cast" | "CastLike" => self.cast_value(operation),
            "Softmax" | "LogSoftmax" | "Sigmoid" => self.softmax(operation),
            _ => Err(Fault::Operator),
        }
    }

    /// A number as a float of another width, which is all the same here.
    fn cast_value(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let first = operation.node.inputs.first();
        let held = first.and_then(|name| self.held(name)).copied();
        let held = held.ok_or(Fault::Inputs { found: 0 })?;
        let to = operation.int("to", F32.into())?;
        match i32::try_from(to).is_ok_and(|to| FLOATS.contains(&to)) {
            true => Ok(held),
            false => Err(attribute_fault(
                "to",
                &[to],
                "a kind of floats (1, 10, 11 or 16)",
            )),
        }
    }

    pub fn unchanged(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        match self.computed(operation)?.as_slice() {
            [(0, held)] => Ok(*held),
            several => Err(Fault::Inputs {
                found: several.len(),
            }),
        }
    }

    fn convolution(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.padded_input(operation, 0)?;
        let (shape, weights) = operation.floats(1)?;
        let has_bias = operation.has_input(2);
        let conv = operation.convolution(&input, (1, &shape), has_bias)?;
        let biases = match has_bias {
            true => operation.shaped(2, &[conv.filters.into()])?,
            false => Vec::new(),
        };
        self.push(
            operation,
            Layer::Conv2d(conv),
            [&input; 2],
            [weights, biases],
        )
        .map(Held::as_maps)
    }

    fn gemm(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&["alpha", "beta", "transA", "transB"])?;
        operation.require("transA", 0)?;
        let input = self.input(operation)?;
        let transposed = operation.int("transB", 0)? != 0;
        let (matrix, outputs) = matrix(operation, &input, transposed)?;
        let mut biases = Vec::new();
        if operation.has_input(2) {
            let (shape, values) = operation.floats(2)?;
            let values = super::elementwise::along(&shape, &values, outputs, true);
            biases = values.ok_or_else(|| operation.misshapen(2, &shape, outputs.to_string()))?;
        }
        let factors = [
            operation.float("alpha", 1.0)?,
            operation.float("beta", 1.0)?,
        ];
        let tensors = [times(matrix, factors[0]), times(biases, factors[1])];
        self.linear(operation, &input, outputs, tensors)
    }

    fn matrix_product(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        let input = self.input(operation)?;
        let (matrix, outputs) = matrix(operation, &input, false)?;
        self.linear(operation, &input, outputs, [matrix, Vec::new()])
    }

    fn linear(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        input: &Held,
        outputs: usize,
        [matrix, biases]: [Vec<f32>; 2],
    ) -> Result<Held, Fault> {
        let (outputs, bias) = (small(outputs)?, !biases.is_empty());
        // Of maps whose channels are the last axis, it is a convolution of each pixel by itself.
        let layer = match is_of_pixels(input) {
            true => Layer::Conv2d(Conv2d {
                bias,
                ..Conv2d::new(outputs, 1)
            }),
            false => Layer::Linear(Linear { outputs, bias }),
        };
        let view = input.view.with_channels_last();
        let value = self.push(operation, layer, [input; 2], [matrix, biases])?;
        Ok(Held { view, ..value })
    }

    fn softmax(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.input(operation)?;
        operation.only(&["axis"])?;
        operation.check_softmax(&input)?;
        self.remark(format!(
            "left out {}, which changes no class: outputs are logits",
            operation.label()
        ));
        self.ends.ending = match operation.operator() {
            "LogSoftmax" => Ending::LogSoftmax,
            "Sigmoid" => Ending::Sigmoid,
            _ => Ending::Softmax,
        };
        Ok(Held {
            is_probability: true,
            ..input
        })
    }
}

impl OnnxOperation<'_, '_> {
    /// Refuses a softmax, or a sigmoid, over anything but all of an image's values.
    pub fn check_softmax(&self, input: &Held) -> Result<(), Fault> {
        if self.operator() == "Sigmoid" {
            let found = input.shape.elements();
            return match found {
                1 => Ok(()),
                _ => Err(Fault::Sigmoids { found }),
            };
        }
        let rank = input.view.rank();
        let given = self.int("axis", if rank == 2 { 1 } else { -1 })?;
        let counted = if given < 0 {
            given + rank as i64
        } else {
            given
        };
        let is_other = |axis: usize| axis as i64 != counted;
        let mut others = (0..rank).filter(|axis| is_other(*axis));
        let leaves_none = others.all(|axis| {
            let parts = input.long_parts(axis);
            parts.iter().all(|part| *part == AxisPart::Batch)
        });
        match leaves_none && (0..rank as i64).contains(&counted) {
            true => Ok(()),
            false => Err(attribute_fault("axis", &[given], "that of all classes")),
        }
    }

    /// The convolution of `input` by a kernel of this shape, which is that of input `at`.
    pub fn convolution(
        &self,
        input: &Held,
        (at, shape): (usize, &[usize]),
        has_bias: bool,
    ) -> Result<Conv2d, Fault> {
        let known = [
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "pads",
            "strides",
        ];
        self.only(&known)?;
        input.maps()?;
        let [filters, inputs, rows, columns] = *shape else {
            let expected = "filters x channels x rows x columns";
            return Err(self.misshapen(at, shape, expected.into()));
        };
        let groups = self.int("group", 1)?;
        let mut conv = Conv2d {
            kernel: [small(rows)?, small(columns)?],
            stride: self.pair("strides", [1, 1])?,
            dilation: self.pair("dilations", [1, 1])?,
            groups: u16::try_from(groups).map_err(|_| Fault::Layer(LayerFault::TooLarge))?,
            bias: has_bias,
            ..Conv2d::new(small(filters)?, 1)
        };
        let kernel = self.pair("kernel_shape", conv.kernel)?;
        let channels = inputs.checked_mul(usize::from(conv.groups));
        if kernel != conv.kernel || channels != Some(input.shape.channels as usize) {
            let [rows, columns] = kernel;
            let wanted = input.shape.channels / u32::from(conv.groups).max(1);
            let expected = format!("{filters}x{wanted}x{rows}x{columns}");
            return Err(self.misshapen(at, shape, expected));
        }
        let padding = self.padding(input, conv.kernel, conv.stride, conv.dilation)?;
        conv.padding = padding.with_zeros(input)?;
        Ok(conv)
    }
}

/// Each value times a factor, rounded once.
fn times(mut values: Vec<f32>, factor: f32) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value *= factor);
    values
}

pub fn small(extent: usize) -> Result<u16, Fault> {
    u16::try_from(extent).map_err(|_| Fault::Layer(LayerFault::TooLarge))
}
