//! Where quads of neighbouring columns lie that a depthwise convolution gathers, see [`columns`](super::columns).

use super::quads::QuadGeometry;
use crate::lanes::codes::{ColumnRuns, QUAD};

impl QuadGeometry {
    /// Places in a row of quads of columns: one for each output, or for two, and those of its later quads, which are
    /// another output's first ones where the stride divides a quad.
    #[inline]
    pub fn column_places(&self) -> usize {
        match self.column_quads {
            0 => 0,
            quads => self.output[1].div_ceil(self.column_share) + (quads - 1) * self.column_step(),
        }
    }

    /// Places from one quad of columns that an output sees to the next.
    #[inline]
    pub fn column_step(&self) -> usize {
        match QUAD.is_multiple_of(self.stride[1]) {
            true => QUAD / self.stride[1],
            // Behind those of all outputs.
            false => self.output[1],
        }
    }

    /// Places whose columns are as far apart as those of outputs: all, or as many as outputs, before those of outputs'
    /// next quads.
    #[inline]
    pub fn even_places(&self) -> usize {
        match QUAD.is_multiple_of(self.stride[1]) {
            true => self.column_places(),
            false => self.output[1],
        }
    }

    /// What an output sees of rows of quads of columns.
    pub(super) fn column_runs(&self) -> ColumnRuns {
        ColumnRuns {
            rows: self.conv().kernel[0],
            row_step: self.column_places() * QUAD,
            quads: self.column_quads,
            step: self.column_step() * QUAD,
            is_shared: self.column_share > 1,
        }
    }
}
