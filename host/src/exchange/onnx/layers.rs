//! Nodes that are layers with weights, or leave values as they are.

use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};
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
            "MaxPool" => self.max_pool(operation),
            "AveragePool" => self.average_pool(operation),
            "GlobalAveragePool" => {
                operation.only(&[])?;
                let input = self.input(operation)?;
                input.maps()?;
                self.push_plain(operation, Layer::GlobalAvgPool2d, &input)
            }
            "ReduceMean" => self.mean(operation),
            "Pad" => self.pad(operation),
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(operation),
            "BatchNormalization" => self.batch_norm(operation),
            "Flatten" | "Reshape" | "Squeeze" => self.reshape(operation),
            "Identity" => self.unchanged(operation),
            "Dropout" => {
                let input = self.padded_input(operation, 0)?;
                self.remark(format!("left out {}", operation.label()));
                Ok(input)
            }
            "Cast" => {
                operation.require("to", 1)?;
                self.unchanged(operation)
            }
            "Softmax" | "LogSoftmax" => self.softmax(operation),
            _ => Err(Fault::Operator),
        }
    }

    fn unchanged(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
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
    }

    fn gemm(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&["alpha", "beta", "transA", "transB"])?;
        operation.require("transA", 0)?;
        let input = self.input(operation)?;
        let transposed = operation.int("transB", 0)? != 0;
        let weights = weights(operation, &input, transposed)?;
        let outputs = weights.len() / input.shape.elements();
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
        self.linear(
            operation,
            &input,
            [times(weights, factors[0]), times(biases, factors[1])],
        )
    }

    fn matrix_product(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        let input = self.input(operation)?;
        let weights = weights(operation, &input, false)?;
        self.linear(operation, &input, [weights, Vec::new()])
    }

    fn linear(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        input: &Held,
        [weights, biases]: [Vec<f32>; 2],
    ) -> Result<Held, Fault> {
        let linear = Linear {
            outputs: small(weights.len() / input.shape.elements())?,
            bias: !biases.is_empty(),
        };
        self.push(
            operation,
            Layer::Linear(linear),
            [input; 2],
            [weights, biases],
        )
    }

    /// A mean over whole maps.
    fn mean(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&["axes", "keepdims", "noop_with_empty_axes"])?;
        let input = self.input(operation)?;
        input.maps()?;
        let axes = operation.axes(4)?;
        if axes != [2, 3] {
            return Err(attribute_fault("axes", &axes, "2, 3"));
        }
        let is_flat = operation.int("keepdims", 1)? == 0;
        let mean = self.push_plain(operation, Layer::GlobalAvgPool2d, &input)?;
        Ok(Held { is_flat, ..mean })
    }

    fn softmax(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&["axis"])?;
        let input = self.padded_input(operation, 0)?.without_zeros()?;
        input.row()?;
        let axis = operation.int("axis", 1)?;
        if !matches!(axis, 1 | -1) {
            return Err(attribute_fault("axis", &[axis], "1"));
        }
        self.remark(format!(
            "left out {}, which changes no class: outputs are logits",
            operation.label()
        ));
        Ok(Held {
            is_probability: true,
            ..input
        })
    }
}

impl OnnxOperation<'_, '_> {
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

/// The matrix of input 2, a row for each output; so it lies in the file if it is `transposed`.
fn weights(
    operation: &OnnxOperation<'_, '_>,
    input: &Held,
    transposed: bool,
) -> Result<Vec<f32>, Fault> {
    input.row()?;
    let inputs = input.shape.elements();
    let (shape, values) = operation.floats(1)?;
    match *shape.as_slice() {
        [_, found] if transposed && found == inputs => Ok(values),
        [found, outputs] if !transposed && found == inputs => {
            let places = (0..outputs).flat_map(|row| (row..values.len()).step_by(outputs));
            Ok(places.map(|place| values[place]).collect())
        }
        _ => {
            let expected = format!("a matrix with {inputs} inputs");
            Err(operation.misshapen(1, &shape, expected))
        }
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
