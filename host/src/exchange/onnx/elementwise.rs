//! Nodes that multiply and add by constants, folded into what is before them.

use super::chain::Chain;
use super::error::Fault;
use super::node::OnnxOperation;

impl Chain<'_> {
    /// Addition, subtraction, multiplication or division with a constant.
    pub fn arithmetic(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&[])?;
        let constant_first = operation.input(0).is_some();
        let index = usize::from(!constant_first);
        let (shape, values) = operation.floats(index)?;
        let channels = self.channels();
        let values = per_channel(&shape, &values, channels, self.flat).ok_or_else(|| {
            operation.misshapen(
                index,
                &shape,
                format!("one number for each of {channels} channels"),
            )
        })?;
        let map = |of: fn(f64) -> f64| values.iter().map(|value| of(f64::from(*value))).collect();
        let ones = || vec![1.0; channels];
        let zeros = || vec![-0.0; channels];
        let (scale, shift): (Vec<f64>, Vec<f64>) = match (operation.operator(), constant_first) {
            ("Add", _) => (ones(), map(|value| value)),
            ("Sub", false) => (ones(), map(|value| -value)),
            ("Sub", true) => (vec![-1.0; channels], map(|value| value)),
            ("Mul", _) => (map(|value| value), zeros()),
            ("Div", false) => (map(|value| 1.0 / value), zeros()),
            _ => return Err(Fault::NotConstant { number: 2 }),
        };
        self.fold(operation, &scale, &shift)
    }

    /// Folds a BatchNorm with the statistics it learned.
    pub fn batch_norm(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["epsilon", "momentum", "spatial", "training_mode"])?;
        operation.require("training_mode", 0)?;
        operation.require("spatial", 1)?;
        let shape = [self.channels()];
        let epsilon = f64::from(operation.float("epsilon", 1e-5)?);
        let [gamma, beta, mean, variance] = [
            operation.shaped(1, &shape)?,
            operation.shaped(2, &shape)?,
            operation.shaped(3, &shape)?,
            operation.shaped(4, &shape)?,
        ];
        let factors = gamma.iter().zip(&variance);
        let scale: Vec<f64> = factors
            .map(|(gamma, variance)| f64::from(*gamma) / (f64::from(*variance) + epsilon).sqrt())
            .collect();
        let shifts = beta.iter().zip(&mean).zip(&scale);
        let shift: Vec<f64> = shifts
            .map(|((beta, mean), scale)| f64::from(*beta) - f64::from(*mean) * scale)
            .collect();
        self.fold(operation, &scale, &shift)
    }

    /// The second axis: maps, or values of a row.
    fn channels(&self) -> usize {
        match self.flat {
            true => self.shape.elements(),
            false => self.shape.channels as usize,
        }
    }

    /// Folds `x * scale[c] + shift[c]` into the layer before it, or into the input's scaling.
    fn fold(
        &mut self,
        operation: &OnnxOperation<'_, '_>,
        scale: &[f64],
        shift: &[f64],
    ) -> Result<(), Fault> {
        if self.has_ended() {
            return Err(Fault::BehindSoftmax);
        }
        let what = operation.label();
        if let Some(scaling) = self.scaling() {
            *scaling = scaling.then(&super::super::Affine {
                scale: scale.to_vec(),
                shift: shift.to_vec(),
            });
            self.remark(format!("folded {what} into the input's scaling"));
            return Ok(());
        }
        let part = self.last_part().ok_or(Fault::Fold)?;
        // Maps of several pixels that were flattened have more values than the filters before.
        if part.biases.len() != scale.len() {
            return Err(Fault::Fold);
        }
        let row = part.weights.len() / part.biases.len();
        let rows = part.weights.chunks_exact_mut(row).zip(&mut part.biases);
        for ((weights, bias), (scale, shift)) in rows.zip(scale.iter().zip(shift)) {
            weights.iter_mut().for_each(|weight| *weight *= scale);
            *bias = *bias * scale + shift;
        }
        let layer = self.last_layer();
        self.remark(format!("folded {what} into {layer}"));
        Ok(())
    }
}

/// A constant's value for each channel, if it is broadcast along all other axes.
pub fn per_channel(
    shape: &[usize],
    values: &[f32],
    channels: usize,
    flat: bool,
) -> Option<Vec<f32>> {
    let rank = if flat { 2 } else { 4 };
    if shape.len() > rank {
        return None;
    }
    if let [value] = values {
        return Some(vec![*value; channels]);
    }
    let mut aligned = vec![1; rank - shape.len()];
    aligned.extend(shape);
    let mut expected = vec![1; rank];
    expected[1] = channels;
    (aligned == expected).then(|| values.to_vec())
}
