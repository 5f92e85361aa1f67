//! A value of a graph, between its operators.

use super::error::TfliteFault;
use crate::exchange::extents;
use kiln_core::{Padding, Quantization, Shape, Value};

/// A value that depends on the input.
#[derive(Clone, Debug)]
pub struct TfliteHeld {
    /// Its place in the network.
    pub value: Value,
    /// Its shape there.
    pub shape: Shape,
    /// Its extents in the file.
    pub dims: Vec<usize>,
    /// What its codes stand for; all of them, whatever an activation leaves out.
    pub quantization: Quantization,
    /// Zeros around it that its readers have to take into their own padding.
    pub zeros: Padding,
    /// The operator left out before it, behind which nothing may come.
    pub last: Option<&'static str>,
}

impl TfliteHeld {
    /// Rows and columns with the zeros around.
    pub fn padded(&self) -> [u32; 2] {
        let [rows, columns] = self.zeros.total();
        [self.shape.height + rows, self.shape.width + columns]
    }

    /// Refuses what are no maps in the file.
    pub fn maps(&self) -> Result<(), TfliteFault> {
        match is_maps(&self.dims) {
            true => Ok(()),
            false => Err(TfliteFault::Row {
                found: extents(&self.dims),
            }),
        }
    }

    /// Whether another value's codes stand for the same numbers.
    pub fn has_scale_of(&self, other: &Quantization) -> bool {
        self.quantization.scale == other.scale && self.quantization.zero == other.zero
    }
}

/// Whether these are the extents of maps: 1 x rows x columns x channels.
pub fn is_maps(dims: &[usize]) -> bool {
    matches!(dims, [1, _, _, _])
}

/// The shape of maps, or of anything else as one row; `None` where no network has it.
pub fn shape_of(dims: &[usize]) -> Option<Shape> {
    let extent = |extent: usize| u32::try_from(extent).ok();
    match *dims {
        [1, rows, columns, channels] => Some(Shape::new(
            extent(channels)?,
            extent(rows)?,
            extent(columns)?,
        )),
        _ => {
            let elements = dims
                .iter()
                .try_fold(1_usize, |product, &extent| product.checked_mul(extent));
            Some(Shape::new(extent(elements?)?, 1, 1))
        }
    }
}
