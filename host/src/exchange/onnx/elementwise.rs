//! Nodes that multiply, add or cut off value by value.

use super::draft::{DraftLine, NormTensors};
use super::error::Fault;
use super::held::Held;
use super::importer::{Importer, MAX_LINES};
use super::node::OnnxOperation;
use super::view::AxisPart;
use kiln_core::Layer;

impl<'m> Importer<'m> {
    /// An addition of two values, or any arithmetic with a constant.
    pub fn arithmetic(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        match self.computed(operation)?.as_slice() {
            [_, _] if matches!(operation.operator(), "Add" | "Sum") => self.addition(operation),
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
        first.check_addend(&second)?;
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
        let length = (input.view.rank() > 1).then(|| input.axis_length(1));
        let shape = [length
            .flatten()
            .ok_or_else(|| Fault::Lies { found: input.lie() })?];
        let norm = NormTensors {
            weight: operation.shaped(1, &shape)?,
            bias: operation.shaped(2, &shape)?,
            mean: operation.shaped(3, &shape)?,
            variance: operation.shaped(4, &shape)?,
            epsilon: operation.float("epsilon", 1e-5)?,
        };
        let own = norm.line();
        // The second axis is the channels', or each value of flattened maps has statistics of its own.
        let mut dims = vec![1; input.view.rank() - 1];
        dims[0] = shape[0];
        let spread = |values: &[f64]| spread(&dims, values, &input).ok_or(Fault::Fold);
        let mut line = DraftLine {
            scale: spread(&own.scale)?,
            shift: spread(&own.shift)?,
            norm: None,
        };
        let channels = input.shape.channels as usize;
        if line.scale.len() != line.shift.len() {
            line = own.each_by_itself(&dims, &input).ok_or(Fault::Fold)?;
        }
        let is_layer = norm.epsilon > 0.0
            && norm.epsilon <= 1.0
            && input
                .long_parts(1)
                .iter()
                .all(|part| *part == AxisPart::Channels)
            && line.scale.len() == channels;
        line.norm = is_layer.then_some(norm);
        self.push_line(operation, line, &input)
    }

    /// A Max with 0, or a Min of values from 0 with 6.
    pub fn limit(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        operation.only(&[])?;
        let computed = self.computed(operation)?;
        let (&[(place, held)], 2) = (computed.as_slice(), operation.node.inputs.len()) else {
            return Err(Fault::Inputs {
                found: computed.len(),
            });
        };
        if held.is_probability {
            return Err(Fault::BehindSoftmax);
        }
        let input = held.without_zeros()?;
        let (_, values) = operation.floats(1 - place)?;
        let layer = match (operation.operator(), values.as_slice()) {
            ("Max", [0.0]) => Layer::Relu,
            ("Min", [6.0]) if self.is_positive(&input) => Layer::Relu6,
            (_, values) => {
                return Err(Fault::Attribute {
                    name: "limit",
                    found: values.first().map_or_else(String::new, f32::to_string),
                    expected: "Max with 0, or Min with 6 behind a Relu,".into(),
                });
            }
        };
        self.push_plain(operation, layer, &input)
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
        let found = self.node.inputs.len();
        let other = 1_usize.checked_sub(place).filter(|_| found == 2);
        let other = other.ok_or(Fault::Inputs { found })?;
        let (shape, values) = self.floats(other)?;
        let values = spread(&shape, &values, input).ok_or_else(|| {
            let channels = input.shape.channels;
            let expected = format!("one number for each of {channels} channels");
            self.misshapen(other, &shape, expected)
        })?;
        let map = |of: fn(f64) -> f64| values.iter().map(|value| of(f64::from(*value))).collect();
        let ones = || vec![1.0; values.len()];
        let zeros = || vec![-0.0; values.len()];
        let (scale, shift) = match (self.operator(), place) {
            ("Add" | "Sum", _) => (ones(), map(|value| value)),
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

impl Held {
    /// Refuses another value that cannot be added to this one value by value.
    pub fn check_addend(&self, other: &Self) -> Result<(), Fault> {
        if other.lies_as(&self.view) && self.lies_as(&other.view) {
            return Ok(());
        }
        let is_row = self.is_row();
        match is_row != other.is_row() {
            true => Err(Fault::Maps {
                found: if is_row { other } else { self }.shape.to_string(),
            }),
            false => Err(Fault::Lies {
                found: format!("{} beside {}", self.lie(), other.lie()),
            }),
        }
    }
}

impl DraftLine {
    /// The same for each of an image's values.
    fn each_by_itself(&self, dims: &[usize], held: &Held) -> Option<Self> {
        Some(Self {
            scale: each(dims, &self.scale, held)?,
            shift: each(dims, &self.shift, held)?,
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

/// A constant's value for each channel, or for each of an image's values where it is not the same all
/// over a map.
pub fn spread<T: Copy + PartialEq>(dims: &[usize], values: &[T], held: &Held) -> Option<Vec<T>> {
    let all = each(dims, values, held)?;
    let mut maps = all.chunks(held.shape.map_elements());
    match maps.all(|map| map.iter().all(|value| *value == map[0])) {
        true => Some(all.into_iter().step_by(held.shape.map_elements()).collect()),
        false => Some(all),
    }
}

/// A constant's value for each of an image's values, if it can be broadcast to them.
fn each<T: Copy>(dims: &[usize], values: &[T], held: &Held) -> Option<Vec<T>> {
    let rank = held.view.rank();
    let missing = rank.checked_sub(dims.len())?;
    let count = held.shape.elements();
    if count > MAX_LINES || values.is_empty() {
        return None;
    }
    let mut steps = [0; 3];
    let mut step = 1;
    for axis in (missing..rank).rev() {
        let extent = dims[axis - missing];
        if extent != 1 {
            if held.axis_length(axis) != Some(extent) {
                return None;
            }
            let own = held.steps(axis);
            steps
                .iter_mut()
                .zip(own)
                .for_each(|(all, own)| *all += own * step);
        }
        step *= extent;
    }
    let [channels, rows, columns] = [held.shape.channels, held.shape.height, held.shape.width];
    let mut spread = Vec::with_capacity(count);
    for channel in 0..channels as usize {
        for row in 0..rows as usize {
            let start = channel * steps[0] + row * steps[1];
            let places = (0..columns as usize).map(|column| start + column * steps[2]);
            spread.extend(places.map(|place| values[place]));
        }
    }
    Some(spread)
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
