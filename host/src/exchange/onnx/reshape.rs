//! Nodes that turn maps into a row, or a row into maps of one pixel.

use super::chain::Chain;
use super::constants::BATCH;
use super::error::Fault;
use super::node::{OnnxOperation, attribute_fault};

impl Chain<'_> {
    /// Flatten, Reshape or Squeeze.
    pub fn reshape(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        match operation.operator() {
            "Flatten" => self.flatten(operation),
            "Squeeze" => self.squeeze(operation),
            _ => self.reshape_to(operation),
        }
    }

    fn flatten(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["axis"])?;
        let axis = operation.int("axis", 1)?;
        let from_end = if self.flat { -1 } else { -3 };
        if axis != 1 && axis != from_end {
            return Err(attribute_fault("axis", &[axis], "1"));
        }
        self.flat = true;
        Ok(())
    }

    fn squeeze(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["axes"])?;
        self.maps()?;
        let axes = operation.axes(4)?;
        if axes != [2, 3] || self.shape.map_elements() != 1 {
            return Err(attribute_fault("axes", &axes, "2, 3 of maps of one pixel"));
        }
        self.flat = true;
        Ok(())
    }

    fn reshape_to(&mut self, operation: &OnnxOperation<'_, '_>) -> Result<(), Fault> {
        operation.only(&["allowzero"])?;
        let copies_zero = operation.int("allowzero", 0)? == 0;
        let from = self.extents();
        let asked = operation.ints(1)?;
        let target: Vec<i64> = asked
            .iter()
            .enumerate()
            .map(|(axis, &extent)| match from.get(axis) {
                Some(&copied) if extent == 0 && copies_zero => copied,
                _ => extent,
            })
            .collect();
        let elements = self.shape.elements() as i64;
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
            [channels, 1, 1] if self.flat && fits(channels, elements, free) => false,
            _ if target.get(1..) == from.get(1..) => self.flat,
            _ => return Err(fault()),
        };
        if !self.is_batch(batch) {
            return Err(fault());
        }
        if self.flat && !flat && !self.is_row_of_maps() {
            return Err(fault());
        }
        self.flat = flat;
        Ok(())
    }

    /// Whether the values of the row are maps of one pixel: so they are behind a linear layer, and
    /// behind maps of one pixel, but not where larger maps were flattened.
    fn is_row_of_maps(&self) -> bool {
        self.shape.map_elements() == 1
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
