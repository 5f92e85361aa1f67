//! Gradient of a convolution's weights and biases.
//!
//! Each sample's gradient is summed from zero over output positions in scan order, in its own
//! lane; the lanes are then added in the order of the samples.

use super::facts::{BAND, padded_copy, pooled_band};
use super::positions::{AddDepthwise, AddPositions};
use super::taps::Taps3x3;
use super::{ConvGeometry, FILTER_BLOCK};
use crate::lanes::{Kernel, Lanes};
use crate::ops::add_lanes;
use crate::ops::channel_sums::add_channel_sums;
use core::ops::Range;

/// Adds the gradients of one packet of samples to a group's sums.
pub(crate) struct ConvParameterGradient<'a, L> {
    pub geometry: ConvGeometry,
    /// channels x rows x columns
    pub input: &'a [L],
    pub d_output: Gradient<'a, L>,
    /// Kernels and biases of a block of filters, then, for a pooled gradient, two rows of it.
    pub scratch: &'a mut [L],
    /// The group's sums of weights, then biases where there are some.
    pub sums: &'a mut [f32],
    /// Samples in the packet; the lanes behind them hold nothing.
    pub samples: usize,
}

/// A gradient behind a convolution.
#[derive(Clone, Copy)]
pub(crate) enum Gradient<'a, L> {
    /// filters x rows x columns, of the geometry's output extent
    Whole(&'a [L]),
    /// filters x half the rows x half the columns, and the byte of each window's winner
    Pooled(&'a [L], &'a [u8]),
}

impl<L: Lanes> Kernel for ConvParameterGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = self.geometry;
        if let Gradient::Whole(d_output) = self.d_output
            && g.group_channels() == 1
            && g.group_filters() == 1
            && !has_unrolled_taps::<L>(&g)
        {
            self.depthwise(d_output);
            return;
        }
        if let Some(extents) = padded_copy(&g) {
            self.copy_padded(extents);
        }
        for group in 0..g.groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            while filter < end {
                let block = FILTER_BLOCK.min(end - filter);
                self.filter_block(filter, block);
                filter += block;
            }
        }
    }
}

/// Whether the kernel has tiles of its own, which know which of its taps are in the padding: of two
/// filters they take 24 registers, of a single one 13, and then three channels side by side are
/// faster.
#[inline(always)]
fn has_unrolled_taps<L: Lanes>(g: &ConvGeometry) -> bool {
    g.is_3x3() && (L::REGISTERS >= 32 || g.group_channels() < 3)
}

impl<L: Lanes> ConvParameterGradient<'_, L> {
    /// Takes the input from a copy with its padding around it.
    #[inline(always)]
    fn copy_padded(&mut self, extents: [usize; 2]) {
        let g = &mut self.geometry;
        let inside = |axis: usize| {
            let end = g.input[axis].min(extents[axis].saturating_sub(g.padding[axis]));
            (g.padding[axis], end)
        };
        let (mut rows, columns) = (inside(0), inside(1));
        if columns.1 == 0 {
            // A pool takes only outputs that see padding: rows begin beyond the copy's ends.
            rows.1 = 0;
        }
        let scratch = core::mem::take(&mut self.scratch);
        let (copy, rest) = scratch.split_at_mut(g.channels * extents[0] * extents[1]);
        copy.fill(self.input[0].splat(0.0));
        let maps = copy.chunks_exact_mut(extents[0] * extents[1]);
        for (map, channel) in maps.zip(self.input.chunks_exact(g.input_area())) {
            for row in 0..rows.1 {
                let to = (row + rows.0) * extents[1] + columns.0;
                map[to..to + columns.1].copy_from_slice(&channel[row * g.input[1]..][..columns.1]);
            }
        }
        (g.input, g.padding) = (extents, [0, 0]);
        (self.input, self.scratch) = (copy, rest);
    }

    #[inline(always)]
    fn depthwise(self, d_output: &[L]) {
        let g = self.geometry;
        let (weights, biases) = self.sums.split_at_mut(g.filters * g.taps());
        d_output[0].vectorize(AddDepthwise {
            geometry: g,
            input: self.input,
            d_output,
            samples: self.samples,
            sums: weights,
        });
        if biases.is_empty() {
            return;
        }
        add_channel_sums(
            [d_output],
            g.output_area(),
            self.samples,
            #[inline(always)]
            |_| (),
            #[inline(always)]
            |(), [d]| [d],
            [biases],
        );
    }

    #[inline(always)]
    fn filter_block(&mut self, filter: usize, block: usize) {
        let g = &self.geometry;
        let biased = self.sums.len() > g.filters * g.taps();
        let widest = FILTER_BLOCK.min(g.group_filters());
        let (kernels, spread_rows) = self.scratch.split_at_mut(widest * (g.taps() + 1));
        kernels.fill(self.input[0].splat(0.0));
        let (kernels, biases) = kernels.split_at_mut(block * g.taps());
        let biases = &mut biases[..block];
        let len = g.group_channels() * g.input_area();
        let channels = &self.input[filter / g.group_filters() * len..][..len];
        match self.d_output {
            Gradient::Whole(gradient) => {
                let maps = &gradient[filter * g.output_area()..][..block * g.output_area()];
                add_rows(g, channels, maps, 0..g.output[0], kernels);
                if biased {
                    add_biases(maps, g.output_area(), biases);
                }
            }
            Gradient::Pooled(gradient, winners) => {
                let [band, width] = pooled_band(g.output);
                for first in (0..g.output[0]).step_by(band) {
                    let rows = first..g.output[0].min(first + band);
                    let maps = &mut spread_rows[..block * rows.len() * width];
                    let windows = rows.start / 2..rows.end / 2;
                    spread(g, filter..filter + block, windows, gradient, winners, maps);
                    let area = rows.len() * width;
                    add_rows(g, channels, maps, rows, kernels);
                    if biased {
                        add_biases(maps, area, biases);
                    }
                }
            }
        }
        let (weights, bias_sums) = self.sums.split_at_mut(g.filters * g.taps());
        let weights = &mut weights[filter * g.taps()..][..kernels.len()];
        add_lanes(kernels, self.samples, weights);
        if biased {
            add_lanes(biases, self.samples, &mut bias_sums[filter..][..block]);
        }
    }
}

/// Spreads a pooled gradient over all of the convolution's output that the pool looked at.
pub(crate) struct Spread<'a, L> {
    pub geometry: ConvGeometry,
    /// filters x half the rows x half the columns
    pub gradient: &'a [L],
    pub winners: &'a [u8],
    /// filters x rows x columns
    pub maps: &'a mut [L],
}

impl<L: Lanes> Kernel for Spread<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = &self.geometry;
        let rows = 0..g.output[0] / 2;
        spread(
            g,
            0..g.filters,
            rows,
            self.gradient,
            self.winners,
            self.maps,
        );
    }
}

/// Spreads the pooled gradient of some filters over the rows of windows asked for: each value
/// goes to the winner of its window, 0 to the others.
#[inline(always)]
fn spread<L: Lanes>(
    g: &ConvGeometry,
    filters: Range<usize>,
    rows: Range<usize>,
    gradient: &[L],
    winners: &[u8],
    maps: &mut [L],
) {
    let [pooled_rows, columns] = g.pooled_output();
    let mut lines = maps.chunks_exact_mut(4 * columns);
    for f in filters {
        for (row, line) in rows.clone().zip(&mut lines) {
            let at = (f * pooled_rows + row) * columns;
            let bytes = &winners[at * L::LANES..][..columns * L::LANES];
            let (upper, lower) = line.split_at_mut(2 * columns);
            for c in 0..columns {
                let value = gradient[at + c];
                let byte = &bytes[c * L::LANES..][..L::LANES];
                upper[2 * c] = value.where_byte(byte, 0);
                upper[2 * c + 1] = value.where_byte(byte, 1);
                lower[2 * c] = value.where_byte(byte, 2);
                lower[2 * c + 1] = value.where_byte(byte, 3);
            }
        }
    }
}

/// Adds output rows `rows` of a block of filters, `maps`, to the block's kernels.
#[inline(always)]
fn add_rows<L: Lanes>(
    g: &ConvGeometry,
    channels: &[L],
    maps: &[L],
    rows: Range<usize>,
    kernels: &mut [L],
) {
    let area = rows.len() * g.output[1];
    if has_unrolled_taps::<L>(g) {
        add_rows_3x3(g, channels, maps, rows, kernels);
        return;
    }
    let band = BAND.div_ceil(g.output[1]);
    for first in rows.clone().step_by(band) {
        maps[0].vectorize(AddPositions {
            geometry: *g,
            channels,
            maps: &maps[(first - rows.start) * g.output[1]..],
            stride: area,
            rows: first..rows.end.min(first + band),
            kernels: &mut *kernels,
        });
    }
}

/// By tiles of whole kernels, for which there must be registers enough. The filters' gradients stay in the first cache while
/// the channels pass by.
#[inline(always)]
fn add_rows_3x3<L: Lanes>(
    g: &ConvGeometry,
    channels: &[L],
    maps: &[L],
    rows: Range<usize>,
    kernels: &mut [L],
) {
    let area = rows.len() * g.output[1];
    let block = maps.len() / area;
    let mut f = 0;
    while const { L::REGISTERS >= 32 } && f + 2 <= block {
        let kernels = &mut kernels[f * g.taps()..];
        add_filters_3x3::<L, 2>(g, channels, &maps[f * area..], &rows, kernels);
        f += 2;
    }
    while f < block {
        let kernels = &mut kernels[f * g.taps()..];
        add_filters_3x3::<L, 1>(g, channels, &maps[f * area..], &rows, kernels);
        f += 1;
    }
}

/// Adds to the kernels of `F` filters on all channels.
#[inline(always)]
fn add_filters_3x3<L: Lanes, const F: usize>(
    g: &ConvGeometry,
    channels: &[L],
    maps: &[L],
    rows: &Range<usize>,
    kernels: &mut [L],
) {
    for (c, channel) in channels.chunks_exact(g.input_area()).enumerate() {
        channel[0].vectorize(Taps3x3::<L, F> {
            g,
            channel,
            maps,
            rows,
            kernels: &mut kernels[c * 9..],
        });
    }
}

/// Adds the gradients of a block of filters to their biases.
#[inline(always)]
fn add_biases<L: Lanes>(maps: &[L], area: usize, biases: &mut [L]) {
    let (blocks, rest) = biases.as_chunks_mut::<4>();
    let whole = 4 * blocks.len() * area;
    for (block, maps) in blocks.iter_mut().zip(maps.chunks_exact(4 * area)) {
        add_maps(maps, area, block);
    }
    for (bias, map) in rest.iter_mut().zip(maps[whole..].chunks_exact(area)) {
        add_maps(map, area, core::array::from_mut(bias));
    }
}

#[inline(always)]
fn add_maps<L: Lanes, const F: usize>(maps: &[L], area: usize, biases: &mut [L; F]) {
    let mut sums = *biases;
    let mut filters: [&[L]; F] = [&[]; F];
    for f in 0..F {
        filters[f] = &maps[f * area..][..area];
    }
    for at in 0..area {
        for f in 0..F {
            sums[f] = sums[f].add(filters[f][at]);
        }
    }
    *biases = sums;
}
