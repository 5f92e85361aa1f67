//! Nodes that multiply, add or cut off value by value.

use super::draft::{DraftLine, NormTensors};
use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::OnnxOperation;
use kiln_core::Layer;

impl<'m> Importer<'m> {
    /// An addition of two values, or any arithmetic with a constant.
    pub fn arithmetic(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        match self.computed(operation)?.as_slice() {
            [_, _] if operation.operator() == "Add" => self.addition(operation),
            [_, _] => Err(Fault::NotConstant { number: 2 }),
            [(place, _)] => self.with_constant(operation, *place),
            several => Err(Fault::Inputs {
                found: several.len(),
            }),
        }
    }

    fn addition(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let mut addends = Vec::new();
        for (_, held) in self.computed(operation)? {
            if held.is_probability {
                return Err(Fault::BehindSoftmax);
            }
            addends.push(held.without_zeros()?);
        }
        let [first, second] = [addends[0], addends[1]];
        if first.is_flat != second.is_flat {
            let maps = if first.is_flat { second } else { first };
            return Err(Fault::Maps {
                found: maps.shape.to_string(),
            });
        }
        self.push(
            operation,
            Layer::Add,
            [&first, &second],
            [Vec::new(), Vec::new()],
        )
    }

    fn with_constant(
        &mut self,
        operation: &OnnxOperation<'_, 'm>,
        place: usize,
    ) -> Result<Held, Fault> {
        let input = self.padded_input(operation, place)?.without_zeros()?;
        let line = operation.line(&input, place)?;
        self.push_line(operation, line, &input)
    }

    /// A batch normalisation with the statistics it learned.
    pub fn batch_norm(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&["epsilon", "momentum", "spatial", "training_mode"])?;
        operation.require("training_mode", 0)?;
        operation.require("spatial", 1)?;
        let input = self.input(operation)?;
        let shape = [axis(&input)];
        let norm = NormTensors {
            weight: operation.shaped(1, &shape)?,
            bias: operation.shaped(2, &shape)?,
            mean: operation.shaped(3, &shape)?,
            variance: operation.shaped(4, &shape)?,
            epsilon: operation.float("epsilon", 1e-5)?,
        };
        let mut line = norm.line();
        // Of flattened maps each value has statistics of its own: such a layer Kiln does not have.
        let is_layer = norm.epsilon > 0.0
            && norm.epsilon <= 1.0
            && norm.weight.len() == input.shape.channels as usize;
        line.norm = is_layer.then_some(norm);
        self.push_line(operation, line, &input)
    }

    /// A ReLU or a ReLU6.
    pub fn clip(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.input(operation)?;
        let layer = operation.rectifier()?;
        self.push_plain(operation, layer, &input)
    }
}

impl OnnxOperation<'_, '_> {
    /// The layer of a Clip of numbers.
    pub fn rectifier(&self) -> Result<Layer, Fault> {
        self.only(&["min", "max"])?;
        let bound = |index, name, default| match self.has_input(index) {
            true => Ok(self.floats(index)?.1.first().copied().unwrap_or(default)),
            false => self.float(name, default),
        };
        let (min, max) = (bound(1, "min", f32::MIN)?, bound(2, "max", f32::MAX)?);
        let layer = match (min == 0.0, max) {
            (true, 6.0) => Layer::Relu6,
            (true, f32::MAX..) => Layer::Relu,
            _ => {
                return Err(Fault::Attribute {
                    name: "range",
                    found: format!("{min} to {max}"),
                    expected: "0 to 6, or 0 and no limit above".into(),
                });
            }
        };
        Ok(layer)
    }

    /// What arithmetic with a constant does to a value that is the input at `place`.
    pub fn line(&self, input: &Held, place: usize) -> Result<DraftLine, Fault> {
        self.only(&[])?;
        let (shape, values) = self.floats(1 - place)?;
        let values = spread(&shape, &values, input).ok_or_else(|| {
            let channels = axis(input);
            let expected = format!("one number for each of {channels} channels");
            self.misshapen(1 - place, &shape, expected)
        })?;
        let map = |of: fn(f64) -> f64| values.iter().map(|value| of(f64::from(*value))).collect();
        let ones = || vec![1.0; values.len()];
        let zeros = || vec![-0.0; values.len()];
        let (scale, shift) = match (self.operator(), place) {
            ("Add", _) => (ones(), map(|value| value)),
            ("Sub", 0) => (ones(), map(|value| -value)),
            ("Sub", _) => (vec![-1.0; values.len()], map(|value| value)),
            ("Mul", _) => (map(|value| value), zeros()),
            ("Div", 0) => (map(|value| 1.0 / value), zeros()),
            _ => return Err(Fault::NotConstant { number: 2 }),
        };
        Ok(DraftLine {
            scale,
            shift,
            norm: None,
        })
    }
}

impl NormTensors {
    /// The line that the statistics make of it.
    fn line(&self) -> DraftLine {
        let factors = self.weight.iter().zip(&self.variance);
        let epsilon = f64::from(self.epsilon);
        let scale: Vec<f64> = factors
            .map(|(weight, variance)| f64::from(*weight) / (f64::from(*variance) + epsilon).sqrt())
            .collect();
        let shifts = self.bias.iter().zip(&self.mean).zip(&scale);
        let shift = shifts
            .map(|((bias, mean), scale)| f64::from(*bias) - f64::from(*mean) * scale)
            .collect();
        DraftLine {
            scale,
            shift,
            norm: None,
        }
    }
}

/// Length of the second axis: maps, or values of a row.
fn axis(input: &Held) -> usize {
    match input.is_flat {
        true => input.shape.elements(),
        false => input.shape.channels as usize,
    }
}

/// A constant's value for each channel, or for each value of maps that were flattened.
fn spread(shape: &[usize], values: &[f32], input: &Held) -> Option<Vec<f32>> {
    let channels = input.shape.channels as usize;
    if let [_] = values {
        return along(shape, values, channels, input.is_flat);
    }
    let values = along(shape, values, axis(input), input.is_flat)?;
    let map = input.shape.map_elements();
    let mut maps = values.chunks(map);
    match input.is_flat && maps.all(|map| map.iter().all(|value| *value == map[0])) {
        true => Some(values.iter().step_by(map).copied().collect()),
        false => Some(values),
    }
}

/// A constant's value for each place of the second axis, if it is broadcast along all others.
pub fn along<T: Copy>(
    shape: &[usize],
    values: &[T],
    length: usize,
    is_flat: bool,
) -> Option<Vec<T>> {
    let rank = if is_flat { 2 } else { 4 };
    if shape.len() > rank {
        return None;
    }
    if let [value] = values {
        return Some(vec![*value; length]);
    }
    let mut aligned = vec![1; rank - shape.len()];
    aligned.extend(shape);
    let mut expected = vec![1; rank];
    expected[1] = length;
    (aligned == expected).then(|| values.to_vec())
}
