//! Nodes that are layers.

use super::chain::Chain;
use super::error::Fault;
use super::node::{OnnxOperation, attribute_fault};
use kiln_core::{Conv2d, Layer, LayerFault, Linear, Padding, Pool2d};

/// Operators that can be imported.
const KNOWN: [&str; 21] = [
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Conv",
    "Div",
    "Dropout",
    "Flatten",
    "Gemm",
    "GlobalAveragePool",
    "Identity",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Mul",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Softmax",
    "Squeeze",
    "Sub",
];

/// Whether an operator can be imported, where it stands right.
pub fn is_known(operator: &str) -> bool {
    KNOWN.contains(&operator)
}

impl<'m> Chain<'m> {
    /// Does to the network what the node does to the value.
    pub fn apply(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<(), Fault> {
        match operation.operator() {
            "Conv" => self.convolution(operation),
            "Gemm" => self.gemm(operation),
            "MatMul" => self.matrix_product(operation),
            "Relu" => self.push(Layer::Relu, None),
            "MaxPool" => {
                operation.require("storage_order", 0)?;
                let pool = self.pool(operation, "storage_order")?;
                self.push(Layer::MaxPool2d(pool), None)
            }
            "AveragePool" => {
                let pool = self.pool(operation, "count_include_pad")?;
                self.push(Layer::AvgPool2d(pool), None)
            }
            "GlobalAveragePool" => {
                operation.only(&[])?;
                self.maps()?;
                self.push(Layer::GlobalAvgPool2d, None)
            }
            "ReduceMean" => self.mean(operation),
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(operation),
            "BatchNormalization" => self.batch_norm(operation),
            "Flatten" | "Reshape" | "Squeeze" => self.reshape(operation),
            "Identity" => Ok(()),
            "Dropout" => {
                self.remark(format!("left out {}", operation.label()));
                Ok(())
            }
            "Cast" => operation.require("to", 1),
            "Softmax" | "LogSoftmax" => self.softmax(operation),
            _ => Err(Fault::Operator),
        }
    }

    fn convolution(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        let known = [
            "auto_pad",
            "dilations",
            "group",
            "kernel_shape",
            "pads",
            "strides",
        ];
        operation.only(&known)?;
        operation.require_explicit_padding()?;
        operation.require_all("dilations", 1)?;
        self.maps()?;
        let (shape, weights) = operation.floats(1)?;
        let [filters, inputs, rows, columns] = *shape.as_slice() else {
            return Err(operation.misshapen(
                1,
                &shape,
                "filters x channels x rows x columns".into(),
            ));
        };
        let groups = operation.int("group", 1)?;
        let conv = Conv2d {
            filters: small(filters)?,
            kernel: [small(rows)?, small(columns)?],
            stride: operation.pair("strides", [1, 1])?,
            padding: padding(operation)?,
            dilation: [1, 1],
            groups: u16::try_from(groups).map_err(|_| Fault::Layer(LayerFault::TooLarge))?,
            bias: true,
        };
        let kernel = operation.pair("kernel_shape", conv.kernel)?;
        let channels = inputs.checked_mul(usize::from(conv.groups));
        if kernel != conv.kernel || channels != Some(self.shape.channels as usize) {
            let [rows, columns] = kernel;
            let wanted = self.shape.channels / u32::from(conv.groups).max(1);
            let expected = format!("{filters}x{wanted}x{rows}x{columns}");
            return Err(operation.misshapen(1, &shape, expected));
        }
        let biases = match operation.node.inputs.get(2) {
            Some(name) if !name.is_empty() => operation.shaped(2, &[filters])?,
            _ => vec![0.0; filters],
        };
        self.push(Layer::Conv2d(conv), Some((wide(&weights), wide(&biases))))
    }

    fn gemm(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["alpha", "beta", "transA", "transB"])?;
        operation.require("transA", 0)?;
        let transposed = operation.int("transB", 0)? != 0;
        let mut weights = self.weights(operation, transposed)?;
        let (alpha, beta) = (
            operation.float("alpha", 1.0)?,
            operation.float("beta", 1.0)?,
        );
        let outputs = weights.len() / self.shape.elements();
        let mut biases = vec![0.0; outputs];
        if operation
            .node
            .inputs
            .get(2)
            .is_some_and(|name| !name.is_empty())
        {
            let (shape, values) = operation.floats(2)?;
            let values = super::elementwise::per_channel(&shape, &values, outputs, true);
            let values =
                values.ok_or_else(|| operation.misshapen(2, &shape, outputs.to_string()))?;
            let scaled = values
                .iter()
                .map(|value| f64::from(*value) * f64::from(beta));
            biases = scaled.collect();
        }
        weights
            .iter_mut()
            .for_each(|weight| *weight *= f64::from(alpha));
        self.linear(outputs, weights, biases)
    }

    fn matrix_product(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&[])?;
        let weights = self.weights(operation, false)?;
        let outputs = weights.len() / self.shape.elements();
        self.linear(outputs, weights, vec![0.0; outputs])
    }

    fn linear(&mut self, outputs: usize, weights: Vec<f64>, biases: Vec<f64>) -> Result<(), Fault> {
        let outputs = small(outputs)?;
        self.push(Layer::Linear(Linear::new(outputs)), Some((weights, biases)))
    }

    /// The matrix of input 2, a row for each output; so it lies in the file if it is `transposed`.
    fn weights(
        &self,
        operation: &OnnxOperation<'_, '_>,
        transposed: bool,
    ) -> Result<Vec<f64>, Fault> {
        if !self.flat {
            let found = self.shape.to_string();
            return Err(Fault::Maps { found });
        }
        let inputs = self.shape.elements();
        let (shape, values) = operation.floats(1)?;
        match *shape.as_slice() {
            [_, found] if transposed && found == inputs => Ok(wide(&values)),
            [found, outputs] if !transposed && found == inputs => {
                let places = (0..outputs).flat_map(|row| (row..values.len()).step_by(outputs));
                Ok(places.map(|place| values[place].into()).collect())
            }
            _ => {
                let expected = format!("a matrix with {inputs} inputs");
                Err(operation.misshapen(1, &shape, expected))
            }
        }
    }

    fn pool(&self, operation: &OnnxOperation<'_, '_>, own: &str) -> Result<Pool2d, Fault> {
        let known = [
            "auto_pad",
            "ceil_mode",
            "dilations",
            "kernel_shape",
            "pads",
            "strides",
            own,
        ];
        operation.only(&known)?;
        operation.require_explicit_padding()?;
        operation.require_all("dilations", 1)?;
        operation.require_all("pads", 0)?;
        self.maps()?;
        let pool = Pool2d {
            window: operation.pair("kernel_shape", [0, 0])?,
            stride: operation.pair("strides", [1, 1])?,
            ..Pool2d::new(1)
        };
        let extent = [self.shape.height, self.shape.width];
        // Where the windows end at the edge there is nothing to round.
        let even = (0..2).all(|axis| {
            let rest = extent[axis].checked_sub(pool.window[axis].into());
            rest.is_some_and(|rest| rest.checked_rem(pool.stride[axis].into()) == Some(0))
        });
        if !even {
            operation.require("ceil_mode", 0)?;
        }
        Ok(pool)
    }

    /// A mean over whole maps.
    fn mean(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["axes", "keepdims", "noop_with_empty_axes"])?;
        self.maps()?;
        let axes = operation.axes(4)?;
        if axes != [2, 3] {
            return Err(attribute_fault("axes", &axes, "2, 3"));
        }
        self.push(Layer::GlobalAvgPool2d, None)?;
        self.flat = operation.int("keepdims", 1)? == 0;
        Ok(())
    }

    fn softmax(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["axis"])?;
        if !self.flat {
            let found = self.shape.to_string();
            return Err(Fault::Maps { found });
        }
        let axis = operation.int("axis", 1)?;
        if !matches!(axis, 1 | -1) {
            return Err(attribute_fault("axis", &[axis], "1"));
        }
        if self.has_ended() {
            return Err(Fault::BehindSoftmax);
        }
        self.end();
        self.remark(format!(
            "left out {}, which changes no class: outputs are logits",
            operation.label()
        ));
        Ok(())
    }

    /// Refuses a row of values.
    pub fn maps(&self) -> Result<(), Fault> {
        let found = self.shape.elements();
        match self.flat {
            true => Err(Fault::Row { found }),
            false => Ok(()),
        }
    }
}

/// Rows and columns of padding, if they are the same on both sides.
fn padding(operation: &OnnxOperation<'_, '_>) -> Result<Padding, Fault> {
    let fault = |list| attribute_fault("pads", list, "padding that is the same on both sides");
    match operation.list("pads")? {
        None => Ok(Padding::NONE),
        Some(list @ &[top, left, bottom, right]) if top == bottom && left == right => {
            let pair = (u16::try_from(top), u16::try_from(left));
            match pair {
                (Ok(rows), Ok(columns)) => Ok(Padding::each(rows, columns)),
                _ => Err(fault(list)),
            }
        }
        Some(list) => Err(fault(list)),
    }
}

fn small(extent: usize) -> Result<u16, Fault> {
    u16::try_from(extent).map_err(|_| Fault::Layer(LayerFault::TooLarge))
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}
