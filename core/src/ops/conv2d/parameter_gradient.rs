//! Gradient of a convolution's weights and biases.
//!
//! Each sample's gradient is summed from zero over output positions in scan order, in its own
//! lane; the lanes are then added in the order of the samples.

use super::positions::{AddDepthwise, AddPositions};
use super::{ConvGeometry, FILTER_BLOCK, taps};
use crate::lanes::{Kernel, Lanes};
use crate::ops::add_lanes;
use crate::ops::channel_sums::add_channel_sums;
use core::ops::Range;

/// Positions whose gradients and inputs the first cache holds, of a block of filters and a few
/// channels.
const BAND: usize = 64;

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
            && !g.is_3x3()
        {
            self.depthwise(d_output);
            return;
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

impl<L: Lanes> ConvParameterGradient<'_, L> {
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
                let maps = &mut spread_rows[..block * 2 * g.output[1]];
                for row in 0..g.output[0] / 2 {
                    let rows = row..row + 1;
                    spread(g, filter..filter + block, rows, gradient, winners, maps);
                    add_rows(g, channels, maps, 2 * row..2 * row + 2, kernels);
                    if biased {
                        add_biases(maps, 2 * g.output[1], biases);
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
    let [pooled_rows, columns] = g.output.map(|extent| extent / 2);
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
    if g.is_3x3() {
        add_rows_3x3(g, channels, maps, rows, kernels);
        return;
    }
    // As many rows at once as leave the first cache room for them.
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

/// By tiles that fit the processor's registers. The filters' gradients stay in the first cache while
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
    while L::REGISTERS >= 32 && f + 2 <= block {
        let kernels = &mut kernels[f * g.taps()..];
        add_filters_3x3::<L, 2, true>(g, channels, &maps[f * area..], &rows, kernels);
        f += 2;
    }
    while L::REGISTERS < 32 && f + 4 <= block {
        let kernels = &mut kernels[f * g.taps()..];
        add_filters_3x3::<L, 4, false>(g, channels, &maps[f * area..], &rows, kernels);
        f += 4;
    }
    while f < block {
        let kernels = &mut kernels[f * g.taps()..];
        add_filters_3x3::<L, 1, true>(g, channels, &maps[f * area..], &rows, kernels);
        f += 1;
    }
}

/// Adds to the kernels of `F` filters on all channels.
#[inline(always)]
fn add_filters_3x3<L: Lanes, const F: usize, const ONCE: bool>(
    g: &ConvGeometry,
    channels: &[L],
    maps: &[L],
    rows: &Range<usize>,
    kernels: &mut [L],
) {
    for (c, channel) in channels.chunks_exact(g.input_area()).enumerate() {
        taps::add_3x3::<L, F, ONCE>(g, channel, maps, rows, &mut kernels[c * 9..]);
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
