//! How a value lies in a graph: what its axes are made of, and whether they suit who reads it.

use super::{AxesView, AxisPart, GraphAxis, name_short_sides};
use crate::exchange::onnx::error::Fault;
use crate::exchange::onnx::held::Held;

impl Held {
    /// Length of a part, zeros around included; `None` for the batch.
    pub fn length(&self, part: AxisPart) -> Option<u32> {
        let [rows, columns] = self.padded();
        match part {
            AxisPart::Batch => None,
            AxisPart::Channels => Some(self.shape.channels),
            AxisPart::Rows => Some(rows),
            AxisPart::Columns => Some(columns),
        }
    }

    /// The parts of an axis that are longer than one.
    pub fn long_parts(&self, axis: usize) -> Vec<AxisPart> {
        let parts = self.view.parts(axis);
        parts.filter(|part| self.length(*part) != Some(1)).collect()
    }

    /// The long parts of all axes, in order.
    fn all_long_parts(&self) -> Vec<Vec<AxisPart>> {
        (0..self.view.rank())
            .map(|axis| self.long_parts(axis))
            .collect()
    }

    /// Values along an axis; `None` where the batch is part of it.
    pub fn axis_length(&self, axis: usize) -> Option<usize> {
        let lengths = self.view.parts(axis).map(|part| self.length(part));
        lengths
            .map(|length| length.map(|it| it as usize))
            .try_fold(1_usize, |product, length| product.checked_mul(length?))
    }

    /// Whether an axis has several parts that are longer than one.
    pub fn has_joined_axes(&self) -> bool {
        self.all_long_parts().iter().any(|parts| parts.len() > 1)
    }

    /// Whether the axes are these, but for parts of one value.
    pub fn lies_as(&self, view: &AxesView) -> bool {
        let other = Self {
            view: *view,
            ..*self
        };
        self.all_long_parts() == other.all_long_parts()
    }

    /// Whether each image's values come in the order that they are kept in.
    pub fn is_in_order(&self) -> bool {
        let parts: Vec<AxisPart> = self.all_long_parts().concat();
        let order = [
            AxisPart::Batch,
            AxisPart::Channels,
            AxisPart::Rows,
            AxisPart::Columns,
        ];
        let places = parts
            .iter()
            .map(|part| order.iter().position(|it| it == part));
        places.is_sorted()
    }

    /// Steps along channels, rows and columns within one axis; 0 of what is no part of it.
    pub fn steps(&self, axis: usize) -> [usize; 3] {
        let mut steps = [0; 3];
        let mut step = 1;
        let parts: Vec<AxisPart> = self.view.parts(axis).collect();
        for part in parts.into_iter().rev() {
            let place = match part {
                AxisPart::Batch => continue,
                AxisPart::Channels => 0,
                AxisPart::Rows => 1,
                AxisPart::Columns => 2,
            };
            steps[place] = step;
            step *= self.length(part).unwrap_or(1) as usize;
        }
        steps
    }

    /// The axes in words.
    pub fn lie(&self) -> String {
        let name = |part: &AxisPart| match part {
            AxisPart::Batch => "N",
            AxisPart::Channels => "channels",
            AxisPart::Rows => "rows",
            AxisPart::Columns => "columns",
        };
        let axes = self.all_long_parts().into_iter().map(|parts| {
            let names: Vec<&str> = parts.iter().map(name).collect();
            match names.as_slice() {
                [] => "1".into(),
                names => names.join("*"),
            }
        });
        axes.collect::<Vec<String>>().join(" x ")
    }

    /// The value with axes of these lengths, of which the first is the batch's unless it was taken out.
    pub fn regrouped(&self, lengths: &[i64], has_batch: bool) -> Option<Self> {
        let mut parts = self.all_long_parts().concat().into_iter().peekable();
        let mut axes = Vec::new();
        let mut lengths = lengths.iter();
        if parts.next_if_eq(&AxisPart::Batch).is_some() && has_batch {
            lengths.next()?;
            axes.push(GraphAxis::one(AxisPart::Batch));
        }
        for &length in lengths {
            let (mut own, mut product) = (Vec::new(), 1_i64);
            while product != length {
                let part = parts.next()?;
                own.push(part);
                product = product.checked_mul(self.length(part)?.into())?;
                if length % product != 0 {
                    return None;
                }
            }
            axes.push(GraphAxis::of(own));
        }
        name_short_sides(&mut axes);
        match parts.next() {
            None => Some(Self {
                view: AxesView::with(axes)?,
                ..*self
            }),
            Some(_) => None,
        }
    }

    /// Refuses anything but N x channels x rows x columns.
    pub fn maps(&self) -> Result<(), Fault> {
        if self.lies_as(&AxesView::MAPS) {
            return Ok(());
        }
        match self.is_row() {
            true => Err(Fault::Row {
                found: self.shape.elements(),
            }),
            false => Err(Fault::Lies { found: self.lie() }),
        }
    }

    /// Whether it is a row of values in the order that they are kept in.
    pub fn is_row(&self) -> bool {
        self.lies_as(&AxesView::ROW)
    }

    /// Refuses anything but such a row.
    pub fn row(&self) -> Result<(), Fault> {
        match self.is_row() {
            true => Ok(()),
            false if self.lies_as(&AxesView::MAPS) => Err(Fault::Maps {
                found: self.shape.to_string(),
            }),
            false => Err(Fault::Lies { found: self.lie() }),
        }
    }
}
