//! The outputs that have a gradient, in scan order or its reverse.

use super::SampleOutputGradient;
use crate::ops::conv2d::ConvGeometry;

/// What is told of the outputs of a filter.
pub(super) trait Visit {
    /// The next outputs lie in row `y`.
    fn begin_row(&mut self, y: usize);
    /// The output in column `x` has a gradient, which is not 0.
    fn output(&mut self, x: usize, gradient: f32);
}

/// Visits the outputs of a filter whose gradient is not 0, in scan order, or in its reverse.
#[inline(always)]
pub(super) fn each_position<const REVERSE: bool>(
    g: &ConvGeometry,
    d_output: &SampleOutputGradient<'_>,
    filter: usize,
    visit: &mut impl Visit,
) {
    match *d_output {
        SampleOutputGradient::Whole(values) => {
            let len = g.output_area();
            whole::<REVERSE>(g, &values[filter * len..][..len], visit);
        }
        SampleOutputGradient::Pooled(values, winners) => {
            let len = g.output_area() / 4;
            let (values, winners) = (&values[filter * len..][..len], &winners[filter * len..]);
            pooled::<REVERSE>(g, values, &winners[..len], visit);
        }
        SampleOutputGradient::Mapped(values, bits) if values[filter] != 0.0 => {
            mapped::<REVERSE>(g, values[filter], bits, filter * g.output_area(), visit);
        }
        SampleOutputGradient::Mapped(..) => {}
    }
}

#[inline(always)]
const fn turn<const REVERSE: bool>(at: usize, end: usize) -> usize {
    if REVERSE { end - 1 - at } else { at }
}

#[inline(always)]
fn whole<const REVERSE: bool>(g: &ConvGeometry, values: &[f32], visit: &mut impl Visit) {
    let [rows, columns] = g.output;
    for row in 0..rows {
        let y = turn::<REVERSE>(row, rows);
        let line = &values[y * columns..][..columns];
        visit.begin_row(y);
        for column in 0..columns {
            let x = turn::<REVERSE>(column, columns);
            if line[x] != 0.0 {
                visit.output(x, line[x]);
            }
        }
    }
}

#[inline(always)]
fn pooled<const REVERSE: bool>(
    g: &ConvGeometry,
    values: &[f32],
    winners: &[u8],
    visit: &mut impl Visit,
) {
    let [rows, columns] = g.output.map(|extent| extent / 2);
    for row in 0..rows {
        let row = turn::<REVERSE>(row, rows);
        let line = &values[row * columns..][..columns];
        let winners = &winners[row * columns..][..columns];
        for half in 0..2 {
            let half = turn::<REVERSE>(half, 2);
            visit.begin_row(2 * row + half);
            for column in 0..columns {
                let column = turn::<REVERSE>(column, columns);
                let winner = usize::from(winners[column]);
                // That of no winner is in neither half.
                if winner / 2 == half && line[column] != 0.0 {
                    visit.output(2 * column + winner % 2, line[column]);
                }
            }
        }
    }
}

#[inline(always)]
fn mapped<const REVERSE: bool>(
    g: &ConvGeometry,
    value: f32,
    bits: &[u8],
    start: usize,
    visit: &mut impl Visit,
) {
    let [rows, columns] = g.output;
    for row in 0..rows {
        let y = turn::<REVERSE>(row, rows);
        visit.begin_row(y);
        for column in 0..columns {
            let x = turn::<REVERSE>(column, columns);
            if bits.is_empty() || is_set(bits, start + y * columns + x) {
                visit.output(x, value);
            }
        }
    }
}

/// Bit `index` of a mask.
#[inline(always)]
pub(super) fn is_set(bits: &[u8], index: usize) -> bool {
    bits[index / 8] >> (index % 8) & 1 != 0
}
