//! Nodes that turn maps into a row, or a row into maps of one pixel.

use super::constants::BATCH;
use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};

impl<'m> Importer<'m> {
    /// Flatten, Reshape or Squeeze.
    pub fn reshape(&self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.input(operation)?;
        operation.reshaped(input, |extent| self.is_batch(extent))
    }
}

impl OnnxOperation<'_, '_> {
    /// What Flatten, Reshape or Squeeze makes of a value.
    pub fn reshaped(&self, input: Held, is_batch: impl Fn(i64) -> bool) -> Result<Held, Fault> {
        let is_flat = match self.operator() {
            "Flatten" => flatten(&input, self)?,
            "Squeeze" => squeeze(&input, self)?,
            _ => self.reshape_to(&input, is_batch)?,
        };
        Ok(Held { is_flat, ..input })
    }

    /// Whether the reshaped value is a row.
    fn reshape_to(&self, input: &Held, is_batch: impl Fn(i64) -> bool) -> Result<bool, Fault> {
        self.only(&["allowzero"])?;
        let copies_zero = self.int("allowzero", 0)? == 0;
        let from = input.extents();
        let asked = self.ints(1)?;
        let target: Vec<i64> = asked
            .iter()
            .enumerate()
            .map(|(axis, &extent)| match from.get(axis) {
                Some(&copied) if extent == 0 && copies_zero => copied,
                _ => extent,
            })
            .collect();
        let elements = input.shape.elements() as i64;
        let fits = |found: i64, expected: i64, free: bool| found == expected || free && found == -1;
        let fault = || Fault::Reshape {
            target: target
                .iter()
                .map(|&extent| match extent {
                    BATCH => "N".into(),
                    extent => extent.to_string(),
                })
                .collect::<Vec<_>>()
                .join(", "),
        };
        let (&batch, rest) = target.split_first().ok_or_else(fault)?;
        // At most one extent may be left to be computed.
        let free = batch != -1;
        let flat = match *rest {
            [values] if fits(values, elements, free) => true,
            [channels, 1, 1] if input.is_flat && fits(channels, elements, free) => false,
            _ if target.get(1..) == from.get(1..) => input.is_flat,
            _ => return Err(fault()),
        };
        if !is_batch(batch) {
            return Err(fault());
        }
        // The values of a row are maps of one pixel behind a linear layer, and behind maps of one
        // pixel, but not where larger maps were flattened.
        if input.is_flat && !flat && input.shape.map_elements() != 1 {
            return Err(fault());
        }
        Ok(flat)
    }
}

fn flatten(input: &Held, operation: &OnnxOperation<'_, '_>) -> Result<bool, Fault> {
    operation.only(&["axis"])?;
    let axis = operation.int("axis", 1)?;
    let from_end = if input.is_flat { -1 } else { -3 };
    match axis == 1 || axis == from_end {
        true => Ok(true),
        false => Err(attribute_fault("axis", &[axis], "1")),
    }
}

fn squeeze(input: &Held, operation: &OnnxOperation<'_, '_>) -> Result<bool, Fault> {
    operation.only(&["axes"])?;
    input.maps()?;
    let axes = operation.axes(4)?;
    match axes == [2, 3] && input.shape.map_elements() == 1 {
        true => Ok(true),
        false => Err(attribute_fault("axes", &axes, "2, 3 of maps of one pixel")),
    }
}

impl OnnxOperation<'_, '_> {
    /// The axes of an attribute, or since opset 13 or 18 of input 2, sorted and counted from 0.
    pub fn axes(&self, rank: i64) -> Result<Vec<i64>, Fault> {
        let given = match self.list("axes")? {
            Some(list) => list.to_vec(),
            None => self.ints(1)?,
        };
        let counted = |axis: i64| {
            if axis < 0 {
                axis.saturating_add(rank)
            } else {
                axis
            }
        };
        let mut axes: Vec<i64> = given.into_iter().map(counted).collect();
        axes.sort_unstable();
        Ok(axes)
    }
}
