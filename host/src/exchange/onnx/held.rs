//! A value of a graph, between its nodes.

use super::constants::BATCH;
use super::draft::Number;
use super::error::Fault;
use super::view::AxesView;
use kiln_core::{Padding, Shape};

/// A value that depends on the image.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its number in the draft.
    pub number: Number,
    /// Its shape there.
    pub shape: Shape,
    /// How the graph's axes lie over that.
    pub view: AxesView,
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
        let axes = 0..self.view.rank();
        axes.map(|axis| self.axis_length(axis).map_or(BATCH, |length| length as i64))
            .collect()
    }

    /// The value, if no zeros around it would have to become padding.
    pub fn without_zeros(self) -> Result<Self, Fault> {
        match self.zeros == Padding::NONE {
            true => Ok(self),
            false => Err(Fault::Zeros),
        }
    }
}
