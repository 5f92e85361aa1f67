//! A value of a graph, between its nodes.

use super::constants::BATCH;
use super::draft::Number;
use super::error::Fault;
use kiln_core::{Padding, Shape};

/// A value that depends on the image.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its number in the draft.
    pub number: Number,
    /// Its shape there.
    pub shape: Shape,
    /// Whether it is a row and not maps.
    pub is_flat: bool,
    /// Zeros around it that its readers have to take into their own padding.
    pub zeros: Padding,
    /// Whether a softmax was left out before it.
    pub is_probability: bool,
}

impl Held {
    /// Rows and columns with the zeros around.
    pub fn padded(&self) -> [u32; 2] {
        let [rows, columns] = self.zeros.total();
        [self.shape.height + rows, self.shape.width + columns]
    }

    /// Extents as ONNX counts them.
    pub fn extents(&self) -> Vec<i64> {
        let [rows, columns] = self.padded();
        match self.is_flat {
            true => vec![BATCH, self.shape.elements() as i64],
            false => vec![
                BATCH,
                self.shape.channels.into(),
                rows.into(),
                columns.into(),
            ],
        }
    }

    /// Refuses a row of values.
    pub fn maps(&self) -> Result<(), Fault> {
        let found = self.shape.elements();
        match self.is_flat {
            true => Err(Fault::Row { found }),
            false => Ok(()),
        }
    }

    /// The value, if no zeros around it would have to become padding.
    pub fn without_zeros(self) -> Result<Self, Fault> {
        match self.zeros == Padding::NONE {
            true => Ok(self),
            false => Err(Fault::Zeros),
        }
    }

    /// Refuses maps.
    pub fn row(&self) -> Result<(), Fault> {
        let found = self.shape.to_string();
        match self.is_flat {
            true => Ok(()),
            false => Err(Fault::Maps { found }),
        }
    }
}
