//! A convolution whose kernel is a single tap, over every input: products of matrices, in tiles.
//!
//! First the whole input's gradient is made, with the weights as they were, then those of the
//! weights, a tile of filters after another, which are handed on at once. A last tile of filters or
//! positions that would reach beyond the end lies over the one before it: what both compute comes
//! out the same.

mod portable;

pub(crate) use portable::PortableTiles;

use super::{ConvSampleGradient, SampleOutputGradient};
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// Filters, channels or positions of a tile along each of its sides.
pub(crate) const TILE: usize = 4;

/// Values that are spread at a time where there is one for each map: filters, or positions.
const PANEL: usize = 32;

/// A matrix in a slice: the distance between its rows, and where it begins.
#[derive(Clone, Copy)]
pub(crate) struct StridedRows<'a> {
    pub values: &'a [f32],
    /// From a row to the next.
    pub step: usize,
}

/// How tiles are computed, `M` x `N` values each.
pub(crate) trait PointwiseTiles {
    /// Adds to a tile of the input's gradient, channels x positions, the products of weights
    /// (filters x channels) and gradients (filters x positions), filter by filter; it begins at +0
    /// where `fresh`. The tile's rows are `step` values apart.
    fn add_input_gradient<const M: usize, const N: usize>(
        filters: usize,
        weights: StridedRows<'_>,
        d_output: StridedRows<'_>,
        fresh: bool,
        tile: &mut [f32],
        step: usize,
    );

    /// Adds to a tile of the weights' gradient, filters x channels, the products of gradients
    /// (filters x positions) and inputs (channels x positions), position by position. The tile's
    /// rows are `step` values apart.
    fn add_weight_gradient<const M: usize, const N: usize>(
        positions: usize,
        d_output: StridedRows<'_>,
        input: StridedRows<'_>,
        tile: &mut [f32],
        step: usize,
    );
}

impl ConvSampleGradient<'_> {
    pub(super) fn run_tiles<T: PointwiseTiles>(mut self) {
        let g = self.geometry;
        for group in 0..g.groups {
            if !self.d_input.is_empty() {
                self.differentiate_input::<T>(group);
            }
            if !self.weights.is_frozen() {
                self.differentiate_weights::<T>(group);
            }
        }
        if !self.bias.is_frozen() && !self.bias.values().is_empty() {
            for filter in 0..g.filters {
                self.bias.take(filter, &[self.d_output.sum(&g, filter)]);
            }
        }
    }

    /// The gradient of a group's inputs.
    fn differentiate_input<T: PointwiseTiles>(&mut self, group: usize) {
        let g = &self.geometry;
        let (area, channels) = (g.input_area(), g.group_channels());
        let filters = group * g.group_filters()..(group + 1) * g.group_filters();
        let weights = &self.weights.values()[filters.start * channels..];
        let d_input = &mut self.d_input[group * channels * area..][..channels * area];
        let mut panel = [0.0; PANEL * TILE];
        for positions in tiles(area) {
            let mut fresh = true;
            let mut each = |filters: Range<usize>, d_output: StridedRows<'_>| {
                let first = filters.start - group * g.group_filters();
                for block in blocks(channels) {
                    let weights = StridedRows {
                        values: &weights[first * channels + block.start..],
                        step: channels,
                    };
                    let out = &mut d_input[block.start * area + positions.start..];
                    let run = match (block.len(), positions.len()) {
                        (TILE, TILE) => T::add_input_gradient::<TILE, TILE>,
                        (TILE, _) => T::add_input_gradient::<TILE, 1>,
                        (_, TILE) => T::add_input_gradient::<1, TILE>,
                        _ => T::add_input_gradient::<1, 1>,
                    };
                    run(filters.len(), weights, d_output, fresh, out, area);
                }
                fresh = false;
            };
            match self.d_output {
                SampleOutputGradient::Mapped(values, bits) => {
                    let mut first = filters.start;
                    while first < filters.end {
                        let part = first..filters.end.min(first + PANEL);
                        for (filter, row) in part.clone().zip(panel.chunks_exact_mut(TILE)) {
                            let start = filter * area + positions.start;
                            spread(values[filter], bits, start, &mut row[..positions.len()]);
                        }
                        first = part.end;
                        let values = &panel[..];
                        each(part, StridedRows { values, step: TILE });
                    }
                }
                SampleOutputGradient::Whole(values) | SampleOutputGradient::Pooled(values, _) => {
                    let values = &values[filters.start * area + positions.start..];
                    each(filters.clone(), StridedRows { values, step: area });
                }
            }
        }
    }

    /// The gradient of a group's weights, handed on.
    fn differentiate_weights<T: PointwiseTiles>(&mut self, group: usize) {
        let g = &self.geometry;
        let (area, channels) = (g.input_area(), g.group_channels());
        let input = &self.input[group * channels * area..][..channels * area];
        let mut panel = [0.0; PANEL * TILE];
        let mut done = 0;
        for tile in tiles(g.group_filters()) {
            let first = group * g.group_filters() + tile.start;
            let sums = &mut self.scratch[..tile.len() * channels];
            sums.fill(0.0);
            let mut each = |d_output: StridedRows<'_>, positions: Range<usize>| {
                add_positions::<T>(g, tile.len(), input, d_output, positions, sums);
            };
            match self.d_output {
                SampleOutputGradient::Mapped(values, bits) => {
                    let mut start = 0;
                    while start < area {
                        let part = start..area.min(start + PANEL);
                        for (filter, row) in panel.chunks_exact_mut(PANEL).enumerate() {
                            if filter < tile.len() {
                                let filter = first + filter;
                                let bit = filter * area + start;
                                spread(values[filter], bits, bit, &mut row[..part.len()]);
                            }
                        }
                        start = part.end;
                        let values = &panel[..];
                        let rows = StridedRows {
                            values,
                            step: PANEL,
                        };
                        each(rows, part);
                    }
                }
                SampleOutputGradient::Whole(values) | SampleOutputGradient::Pooled(values, _) => {
                    let values = &values[first * area..];
                    each(StridedRows { values, step: area }, 0..area);
                }
            }
            // Of a tile that lies over the one before, the rest.
            let new = done - tile.start;
            let at = (first + new) * channels;
            self.weights
                .take(at, &self.scratch[new * channels..tile.len() * channels]);
            done = tile.end;
        }
    }
}

/// Adds some positions to the gradient of the weights of `filters` filters, [`TILE`] or one, by all
/// channels.
fn add_positions<T: PointwiseTiles>(
    g: &ConvGeometry,
    filters: usize,
    input: &[f32],
    d_output: StridedRows<'_>,
    positions: Range<usize>,
    sums: &mut [f32],
) {
    let (area, channels) = (g.input_area(), g.group_channels());
    for block in blocks(channels) {
        let input = StridedRows {
            values: &input[block.start * area + positions.start..],
            step: area,
        };
        let run = match (filters, block.len()) {
            (TILE, TILE) => T::add_weight_gradient::<TILE, TILE>,
            (TILE, _) => T::add_weight_gradient::<TILE, 1>,
            (_, TILE) => T::add_weight_gradient::<1, TILE>,
            _ => T::add_weight_gradient::<1, 1>,
        };
        let sums = &mut sums[block.start..];
        run(positions.len(), d_output, input, sums, channels);
    }
}

/// Runs of [`TILE`] that cover `len`, the last over the one before where that is needed; single
/// ones where `len` is less.
fn tiles(len: usize) -> impl Iterator<Item = Range<usize>> {
    let size = if len < TILE { 1 } else { TILE };
    (0..len).step_by(size).map(move |start| {
        let start = start.min(len - size);
        start..start + size
    })
}

/// Runs of [`TILE`], and single ones behind the last.
fn blocks(len: usize) -> impl Iterator<Item = Range<usize>> {
    let whole = len - len % TILE;
    let blocks = (0..whole).step_by(TILE).map(|start| start..start + TILE);
    blocks.chain((whole..len).map(|single| single..single + 1))
}

/// Writes one map's gradient, from bit `start` of its mask on, which has a bit for each of a row.
#[inline(always)]
fn spread(value: f32, bits: &[u8], start: usize, row: &mut [f32]) {
    let value = value.to_bits();
    // As integers: a bit spread over a word, and both.
    let chosen = |four: u32, place: usize| {
        let mask = ((four << (31 - place)) as i32 >> 31) as u32;
        f32::from_bits(value & mask)
    };
    let (fours, rest) = row.as_chunks_mut::<4>();
    let mut bit = start;
    for row in fours {
        let four = four_bits(bits, bit);
        *row = [0, 1, 2, 3].map(|place| chosen(four, place));
        bit += 4;
    }
    if !rest.is_empty() {
        let four = four_bits(bits, bit);
        for (place, d) in rest.iter_mut().enumerate() {
            *d = chosen(four, place);
        }
    }
}

/// Four bits of a mask and others behind them, all set where there is no mask.
#[inline(always)]
fn four_bits(bits: &[u8], start: usize) -> u32 {
    let Some(low) = bits.get(start / 8) else {
        return u32::MAX;
    };
    let high = bits.get(start / 8 + 1).copied().unwrap_or(0);
    u32::from(u16::from_le_bytes([*low, high])) >> (start % 8)
}
