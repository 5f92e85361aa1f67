//! Where the places of a rectangle lie, and what their sums are made of.

use super::ConvGeometry;
use super::segments::{Direction, Segment};
use crate::lanes::Nest;

/// A rectangle of places whose sums have the same taps, and how all lies in memory.
pub(super) struct Layout {
    pub rows: Segment,
    pub columns: Segment,
    /// Columns of the values' maps, and of the sums'.
    pub widths: [usize; 2],
    /// Packets of their maps.
    pub areas: [usize; 2],
    /// Channels of a group that there are values of, and sums.
    pub channels: [usize; 2],
    /// From the weights of a sum's channel to those of the next.
    pub weight_stride: usize,
    /// The place of a group's first tap.
    pub tap: usize,
    /// Weights of a group.
    pub group_weights: usize,
    /// From a sum's first value to the last one in the scan order of a map.
    pub reach: usize,
    pub nest: Nest,
}

impl Layout {
    #[inline(always)]
    pub fn new(g: &ConvGeometry, direction: Direction, rows: Segment, columns: Segment) -> Self {
        let input = (g.input, g.group_channels(), g.kernel_area());
        let output = (g.output, g.group_filters(), g.taps());
        let (values, sums) = match direction {
            Direction::Forward => (input, output),
            Direction::Backward => (output, input),
        };
        let area = values.0[0] * values.0[1];
        let nest = Nest::new(
            [values.1, rows.taps, columns.taps],
            [
                values.2 as isize,
                (rows.tap_step * g.kernel[1]) as isize,
                columns.tap_step as isize,
            ],
            [
                area as isize,
                rows.tap_value_step * values.0[1] as isize,
                columns.tap_value_step,
            ],
        );
        Self {
            rows,
            columns,
            widths: [values.0[1], sums.0[1]],
            areas: [area, sums.0[0] * sums.0[1]],
            channels: [values.1, sums.1],
            weight_stride: sums.2,
            tap: rows.tap * g.kernel[1] + columns.tap,
            group_weights: g.group_filters() * g.taps(),
            reach: reach(&rows) * values.0[1] + reach(&columns),
            nest,
        }
    }

    pub fn places(&self) -> usize {
        self.rows.len * self.columns.len
    }

    /// Of `P` places from number `first` on, in scan order: where the first tap's value lies in its
    /// map, and where the sum does.
    #[inline(always)]
    pub fn at<const P: usize>(&self, first: usize) -> [[usize; P]; 2] {
        let (rows, columns) = (&self.rows, &self.columns);
        let (mut row, mut column) = (first / columns.len, first % columns.len);
        let mut at = [[0; P]; 2];
        for p in 0..P {
            at[0][p] = (rows.value + row * rows.value_stride) * self.widths[0]
                + columns.value
                + column * columns.value_stride;
            at[1][p] = (rows.first + row * rows.stride) * self.widths[1]
                + columns.first
                + column * columns.stride;
            column += 1;
            if column == columns.len {
                (row, column) = (row + 1, 0);
            }
        }
        at
    }
}

/// From a place's first value to the last one of a map in scan order, along an axis.
#[inline(always)]
fn reach(segment: &Segment) -> usize {
    let step = usize::try_from(segment.tap_value_step).unwrap_or(0);
    segment.taps.saturating_sub(1) * step
}
