//! Zeros around maps, which whoever reads them takes into its own padding.

use super::error::Fault;
use super::held::Held;
use super::importer::Importer;
use super::node::{OnnxOperation, attribute_fault};
use super::view::{AxesView, AxisPart};
use super::windows::{four, sum};
use kiln_core::{LayerFault, Padding};

impl<'m> Importer<'m> {
    /// Zeros, which the reader takes into its padding.
    pub fn pad(&mut self, operation: &OnnxOperation<'_, 'm>) -> Result<Held, Fault> {
        let input = self.padded_input(operation, 0)?;
        let value = match operation.has_input(2) {
            true => operation.floats(2)?.1.first().copied().unwrap_or(0.0),
            false => operation.float("value", 0.0)?,
        };
        operation.surrounded(input, value)
    }
}

impl OnnxOperation<'_, '_> {
    /// A value with the zeros around it that a Pad adds, if `value` is what those are.
    pub fn surrounded(&self, input: Held, value: f32) -> Result<Held, Fault> {
        self.only(&["mode", "pads", "value"])?;
        let mode = self.text("mode", "constant")?;
        if mode != b"constant" {
            return Err(Fault::Attribute {
                name: "mode",
                found: String::from_utf8_lossy(mode).escape_debug().to_string(),
                expected: "constant".into(),
            });
        }
        if value != 0.0 {
            return Err(Fault::Attribute {
                name: "value",
                found: value.to_string(),
                expected: "0".into(),
            });
        }
        let list = match self.list("pads")? {
            Some(list) => list.to_vec(),
            None => self.ints(1)?,
        };
        let axes = match self.has_input(3) {
            true => self.ints(3)?,
            false => (0..input.view.rank() as i64).collect(),
        };
        let added = around_maps(&input, &list, &axes)
            .ok_or_else(|| attribute_fault("pads", &list, "zeros around maps"))?;
        let zeros = sum(input.zeros, added)?;
        let held = Held { zeros, ..input };
        match held
            .padded()
            .iter()
            .all(|&extent| extent <= u16::MAX.into())
        {
            true => Ok(held),
            false => Err(Fault::Layer(LayerFault::TooLarge)),
        }
    }
}

/// The padding of a list of all axes' starts, then all their ends.
fn around_maps(held: &Held, list: &[i64], axes: &[i64]) -> Option<Padding> {
    if list.len() != 2 * axes.len() {
        return None;
    }
    let rank = held.view.rank() as i64;
    let [mut rows, mut columns] = [[0; 2]; 2];
    for (place, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 {
            axis.checked_add(rank)?
        } else {
            axis
        };
        let axis = usize::try_from(axis)
            .ok()
            .filter(|&it| (it as i64) < rank)?;
        let added = [list[place], list[place + axes.len()]];
        if added == [0; 2] {
            continue;
        }
        match held.map_part(axis)? {
            AxisPart::Rows => rows = added,
            _ => columns = added,
        }
    }
    four(&[rows[0], columns[0], rows[1], columns[1]])
}

impl Held {
    /// What an axis is: rows, or columns, and nothing else that is longer than one.
    fn map_part(&self, axis: usize) -> Option<AxisPart> {
        let is_of_maps = |part: &AxisPart| matches!(part, AxisPart::Rows | AxisPart::Columns);
        let long = self.long_parts(axis);
        let parts: Vec<AxisPart> = self.view.parts(axis).filter(is_of_maps).collect();
        match (long.as_slice(), parts.as_slice()) {
            ([part], _) | ([], [part]) if is_of_maps(part) => Some(*part),
            _ => None,
        }
    }

    /// The same as N x channels x rows x columns.
    pub fn as_maps(self) -> Self {
        let view = AxesView::MAPS;
        Self { view, ..self }
    }
}
