//! A row of outputs, as far as it has gradients.

use super::{SampleOutputGradient, TapPosition};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// A row of one filter's outputs. Its *units* are the columns, or, behind a pool, the windows.
#[derive(Clone, Copy)]
pub(super) enum OutputRow<'a> {
    Whole(&'a [f32]),
    /// The gradients and winners of a row of windows, and which of the windows' rows this is.
    Pooled(&'a [f32], &'a [u8], usize),
    /// The gradient of all; the bits of a mask, and which is the first column's; how many columns.
    Mapped(f32, &'a [u8], usize, usize),
}

impl<'a> OutputRow<'a> {
    /// Calls `visit` with the rows of a filter's outputs, each with its number, in their order or in
    /// its reverse.
    #[inline(always)]
    pub fn each<const REVERSE: bool>(
        g: &ConvGeometry,
        d_output: &SampleOutputGradient<'a>,
        filter: usize,
        mut visit: impl FnMut(usize, Self),
    ) {
        let [rows, columns] = g.output;
        for row in 0..rows {
            let y = if REVERSE { rows - 1 - row } else { row };
            let line = match *d_output {
                SampleOutputGradient::Whole(values) => {
                    Self::Whole(&values[(filter * rows + y) * columns..][..columns])
                }
                SampleOutputGradient::Pooled(values, winners) => {
                    let start = (filter * (rows / 2) + y / 2) * (columns / 2);
                    let windows = start..start + columns / 2;
                    Self::Pooled(&values[windows.clone()], &winners[windows], y % 2)
                }
                SampleOutputGradient::Mapped(values, bits) => {
                    Self::Mapped(values[filter], bits, (filter * rows + y) * columns, columns)
                }
            };
            visit(y, line);
        }
    }

    /// Number of its units.
    pub const fn units(&self) -> usize {
        match self {
            Self::Whole(values) | Self::Pooled(values, ..) => values.len(),
            Self::Mapped(.., columns) => *columns,
        }
    }

    /// The column of a unit in which it has a gradient, and the gradient, if there is one that is
    /// not 0.
    #[inline(always)]
    pub fn unit(&self, unit: usize) -> Option<(usize, f32)> {
        let (column, gradient) = match *self {
            Self::Whole(values) => (unit, values[unit]),
            Self::Pooled(values, winners, row) => {
                let winner = usize::from(winners[unit]);
                // That of no winner is in neither row.
                let wins = winner / 2 == row;
                (2 * unit + winner % 2, if wins { values[unit] } else { 0.0 })
            }
            Self::Mapped(value, bits, start, _) => {
                let is_there = bits.is_empty() || is_set(bits, start + unit);
                (unit, if is_there { value } else { 0.0 })
            }
        };
        (!is_zero(gradient)).then_some((column, gradient))
    }

    /// Puts the gradients of units, of which there are no more than places, on a list, all with the
    /// same code; `first` is where the first column's taps begin, `stride` how far apart two
    /// columns' begin. Adds them to `sum`, and gives their number.
    #[inline(never)]
    pub fn list<const REVERSE: bool>(
        &self,
        units: Range<usize>,
        [code, first, stride]: [usize; 3],
        places: &mut [TapPosition],
        sum: &mut f32,
    ) -> usize {
        let mut own = *sum;
        let mut listed = 0;
        // Copied into each loop, so that each has registers of its own.
        macro_rules! put {
            ($at:expr, $gradient:expr) => {
                if let Some(place) = places.get_mut(listed) {
                    own += $gradient;
                    *place = TapPosition {
                        code,
                        at: $at,
                        gradient: $gradient,
                    };
                    listed += 1;
                }
            };
        }
        match *self {
            Self::Whole(values) => {
                let values = &values[units.clone()];
                let mut at = first.wrapping_add(units.start * stride);
                if REVERSE {
                    at = at.wrapping_add(values.len() * stride);
                    for gradient in values.iter().rev() {
                        at = at.wrapping_sub(stride);
                        if !is_zero(*gradient) {
                            put!(at, *gradient);
                        }
                    }
                } else {
                    for gradient in values {
                        if !is_zero(*gradient) {
                            put!(at, *gradient);
                        }
                        at = at.wrapping_add(stride);
                    }
                }
            }
            Self::Pooled(values, winners, row) => {
                let pairs = values[units.clone()].iter().zip(&winners[units.clone()]);
                let mut at = first.wrapping_add(2 * units.start * stride);
                let low = 2 * row as u8;
                if REVERSE {
                    at = at.wrapping_add(2 * units.len() * stride);
                    for (gradient, winner) in pairs.rev() {
                        at = at.wrapping_sub(2 * stride);
                        if winner & !1 == low && !is_zero(*gradient) {
                            let column = if winner & 1 == 0 { 0 } else { stride };
                            put!(at.wrapping_add(column), *gradient);
                        }
                    }
                } else {
                    for (gradient, winner) in pairs {
                        if winner & !1 == low && !is_zero(*gradient) {
                            let column = if winner & 1 == 0 { 0 } else { stride };
                            put!(at.wrapping_add(column), *gradient);
                        }
                        at = at.wrapping_add(2 * stride);
                    }
                }
            }
            Self::Mapped(value, ..) if is_zero(value) => {}
            Self::Mapped(value, bits, start, _) => {
                let count = units.len();
                for index in 0..count {
                    let unit = units.start + if REVERSE { count - 1 - index } else { index };
                    if bits.is_empty() || is_set(bits, start + unit) {
                        put!(first.wrapping_add(unit * stride), value);
                    }
                }
            }
        }
        *sum = own;
        listed
    }
}

impl SampleOutputGradient<'_> {
    /// The units of a line that have all of their columns among these.
    pub(super) fn units_within(&self, columns: &Range<usize>) -> Range<usize> {
        match self {
            Self::Pooled(..) => {
                let start = columns.start.div_ceil(2);
                start..(columns.end / 2).max(start)
            }
            _ => columns.clone(),
        }
    }

    /// The sum of a filter's gradients in scan order, which is that of its bias.
    pub(super) fn sum(&self, g: &ConvGeometry, filter: usize) -> f32 {
        let (mut sum, area) = (0.0, g.output_area());
        match *self {
            // Zeros leave a sum that began at +0 as it is.
            Self::Whole(values) => {
                let values = &values[filter * area..][..area];
                values.iter().for_each(|gradient| sum += gradient);
            }
            Self::Mapped(values, bits) => {
                let value = values[filter];
                each_bit(bits, filter * area, area, |is_set| {
                    if is_set {
                        sum += value;
                    }
                });
            }
            Self::Pooled(..) => OutputRow::each::<false>(g, self, filter, |_, line| {
                for unit in 0..line.units() {
                    if let Some((_, gradient)) = line.unit(unit) {
                        sum += gradient;
                    }
                }
            }),
        }
        sum
    }
}

/// Calls `visit` with whether each of `count` bits of a mask is set, from bit `start` on; without a
/// mask all are.
#[inline(always)]
fn each_bit(bits: &[u8], start: usize, count: usize, mut visit: impl FnMut(bool)) {
    let mut left = start % 8;
    let mut bytes = bits.get(start / 8..).unwrap_or(&[]).iter();
    let mut byte = bytes.next().map_or(0xFF, |byte| u32::from(*byte)) >> left;
    left = 8 - left;
    for _ in 0..count {
        if left == 0 {
            byte = bytes.next().map_or(0xFF, |byte| u32::from(*byte));
            left = 8;
        }
        visit(byte & 1 != 0);
        byte >>= 1;
        left -= 1;
    }
}

/// Whether a value is +0 or -0, asked of its bits, which is faster on a microcontroller.
#[inline(always)]
const fn is_zero(value: f32) -> bool {
    value.to_bits() << 1 == 0
}

/// Bit `index` of a mask.
#[inline(always)]
fn is_set(bits: &[u8], index: usize) -> bool {
    bits[index / 8] >> (index % 8) & 1 != 0
}
