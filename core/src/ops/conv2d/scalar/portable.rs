//! What every processor can run.
//!
//! The tile is 4 filters x 2 x 2 outputs, which 32 registers hold with a row of weights and two rows
//! of input, and offsets are checked before the innermost loop, not in it.

use super::{ScalarForward, rectified};
use crate::ops::activation::Activation;
use crate::ops::conv2d::ConvGeometry;
use crate::ops::pool::pool_2x2;
use core::slice::from_mut;
use core::sync::atomic::{Ordering, compiler_fence};

/// Whether every product and sum is a call, which leaves too few registers for a tile: then a sum takes
/// a row of taps at a time, so that it need not go to memory and back for each.
const CALLS: bool = cfg!(all(target_arch = "arm", target_abi = "eabi"));

/// Two rows of two outputs, in scan order.
type Window = [f32; 4];

impl ScalarForward<'_> {
    /// All outputs, with the activation but for a ceiling, and the pool.
    pub fn convolve_portably(&mut self) {
        let g = self.geometry;
        for group in 0..g.groups {
            let end = (group + 1) * g.group_filters();
            let mut filter = group * g.group_filters();
            while filter + 4 <= end {
                self.filters::<4>(group, filter);
                filter += 4;
            }
            while filter < end {
                self.filters::<1>(group, filter);
                filter += 1;
            }
        }
    }

    /// All outputs of `F` filters.
    fn filters<const F: usize>(&mut self, group: usize, filter: usize) {
        let g = self.geometry;
        let len = g.group_channels() * g.input_area();
        let channels = &self.input[group * len..][..len];
        let (rows, columns) = (g.interior(0), g.interior(1));
        let inside = |range: &core::ops::Range<usize>, at| range.start <= at && at + 2 <= range.end;
        let mut kernels: [&[f32]; F] = [&[]; F];
        for f in 0..F {
            kernels[f] = &self.weights[(filter + f) * g.taps()..][..g.taps()];
        }
        let bias: [f32; F] =
            core::array::from_fn(|f| self.bias.get(filter + f).copied().unwrap_or(0.0));
        let [height, width] = g.output;
        let ends = if self.pool {
            [height - 1, width - 1]
        } else {
            [height, width]
        };
        let is_plain = g.is_plain_3x3();
        for y in (0..ends[0]).step_by(2) {
            for x in (0..ends[1]).step_by(2) {
                let tile = if is_plain && inside(&rows, y) && inside(&columns, x) {
                    let corner = (y - g.padding[0]) * g.input[1] + x - g.padding[1];
                    tile_3x3(&g, channels, corner, kernels, bias)
                } else {
                    let mut tiles = [[0.0; 4]; F];
                    edge(&g, channels, [y, x], &kernels, &bias, &mut tiles);
                    tiles
                };
                self.store(filter, y, x, tile);
            }
        }
    }

    #[inline(always)]
    fn store<const F: usize>(&mut self, filter: usize, y: usize, x: usize, tile: [Window; F]) {
        let [height, width] = self.geometry.output;
        let relu = self.activation == Activation::Relu;
        let floor = self.floor();
        for f in 0..F {
            if self.pool {
                let row = (filter + f) * (height / 2) + y / 2;
                let at = row * (width / 2) + x / 2;
                self.output[at] = match self.winners.get_mut(at) {
                    Some(winner) => pool_2x2(tile[f], relu, from_mut(winner)),
                    None => rectified(pool_2x2(tile[f], false, &mut []), floor),
                };
                continue;
            }
            for (place, value) in tile[f].into_iter().enumerate() {
                let (y, x) = (y + place / 2, x + place % 2);
                if y < height && x < width {
                    let value = if relu && value <= 0.0 { 0.0 } else { value };
                    self.output[((filter + f) * height + y) * width + x] = value;
                }
            }
        }
    }
}

/// 2 x 2 outputs of `F` filters with a 3 x 3 kernel and stride 1, all of whose taps are inside the
/// input. `corner` is the offset of their first tap.
#[inline(always)]
fn tile_3x3<const F: usize>(
    g: &ConvGeometry,
    channels: &[f32],
    corner: usize,
    kernels: [&[f32]; F],
    bias: [f32; F],
) -> [Window; F] {
    let (area, width) = (g.input_area(), g.input[1]);
    let kernels = kernels.map(|kernel| kernel.as_chunks::<9>().0);
    // Said once, so that the loop need not ask again.
    assert!(
        kernels
            .iter()
            .all(|kernel| kernel.len() == g.group_channels())
    );
    let reach = 3 * width + 4;
    let mut sums = bias.map(|bias| [bias; 4]);
    let mut rest = &channels[corner..];
    for c in 0..g.group_channels() {
        let kernels = kernels.map(|kernel| &kernel[c]);
        let patch = &rest[..reach];
        let (first, patch) = patch.split_at(width);
        let (second, patch) = patch.split_at(width);
        let (third, fourth) = patch.split_at(width);
        // Spelled out: a loop over kernel rows costs a quarter more instructions.
        let [first, second] = [four(first), four(second)];
        add_row(&mut sums, kernels, 0, first, second);
        let third = four(third);
        add_row(&mut sums, kernels, 1, second, third);
        let fourth = four(fourth);
        add_row(&mut sums, kernels, 2, third, fourth);
        rest = rest.get(area..).unwrap_or(&[]);
    }
    sums
}

/// Adds row `ky` of each kernel, laid over two rows of input, to two rows of sums.
#[inline(always)]
fn add_row<const F: usize>(
    sums: &mut [Window; F],
    kernels: [&[f32; 9]; F],
    ky: usize,
    top: [f32; 4],
    bottom: [f32; 4],
) {
    for (sums, kernel) in sums.iter_mut().zip(kernels) {
        // Keeps the loads of weights beside their use: more of them at once than these three would
        // not fit into registers.
        compiler_fence(Ordering::SeqCst);
        if CALLS {
            for (place, sum) in sums.iter_mut().enumerate() {
                let row = if place < 2 { top } else { bottom };
                let mut own = *sum;
                for kx in 0..3 {
                    own += kernel[3 * ky + kx] * row[place % 2 + kx];
                }
                *sum = own;
            }
            continue;
        }
        for kx in 0..3 {
            let weight = kernel[3 * ky + kx];
            sums[0] += weight * top[kx];
            sums[1] += weight * top[kx + 1];
            sums[2] += weight * bottom[kx];
            sums[3] += weight * bottom[kx + 1];
        }
    }
}

#[inline(always)]
fn four(values: &[f32]) -> [f32; 4] {
    [values[0], values[1], values[2], values[3]]
}

/// 2 x 2 outputs of any kernel, stride and dilation, some of whose taps, or themselves, may be
/// outside.
#[inline(never)]
fn edge(
    g: &ConvGeometry,
    channels: &[f32],
    [y, x]: [usize; 2],
    kernels: &[&[f32]],
    bias: &[f32],
    tiles: &mut [Window],
) {
    for place in 0..4 {
        let (y, x) = (y + place / 2, x + place % 2);
        if y >= g.output[0] || x >= g.output[1] {
            continue;
        }
        for ((tile, kernel), bias) in tiles.iter_mut().zip(kernels).zip(bias) {
            tile[place] = if g.is_dilated() {
                dilated_output(g, channels, [y, x], kernel, *bias)
            } else {
                output(g, channels, [y, x], kernel, *bias)
            };
        }
    }
}

/// One output of a kernel whose taps lie side by side.
fn output(
    g: &ConvGeometry,
    channels: &[f32],
    [y, x]: [usize; 2],
    kernel: &[f32],
    bias: f32,
) -> f32 {
    let (rows, columns) = (g.valid_taps(0, y), g.valid_taps(1, x));
    if rows.is_empty() || columns.is_empty() {
        return bias;
    }
    let row = y * g.stride[0] + rows.start - g.padding[0];
    let corner = row * g.input[1] + x * g.stride[1] + columns.start - g.padding[1];
    let maps = channels.chunks_exact(g.input_area());
    let mut sum = bias;
    for (channel, kernel) in maps.zip(kernel.chunks_exact(g.kernel_area())) {
        let (mut place, mut tap) = (corner, rows.start * g.kernel[1] + columns.start);
        for _ in rows.clone() {
            let weights = &kernel[tap..][..columns.len()];
            for (weight, value) in weights.iter().zip(&channel[place..]) {
                sum += weight * value;
            }
            place += g.input[1];
            tap += g.kernel[1];
        }
    }
    sum
}

/// One output, whatever the dilation.
#[inline(never)]
fn dilated_output(
    g: &ConvGeometry,
    channels: &[f32],
    [y, x]: [usize; 2],
    kernel: &[f32],
    bias: f32,
) -> f32 {
    let (rows, columns) = (g.valid_taps(0, y), g.valid_taps(1, x));
    let maps = channels.chunks_exact(g.input_area());
    let mut sum = bias;
    for (channel, kernel) in maps.zip(kernel.chunks_exact(g.kernel_area())) {
        for ky in rows.clone() {
            let row = y * g.stride[0] + ky * g.dilation[0] - g.padding[0];
            for kx in columns.clone() {
                let column = x * g.stride[1] + kx * g.dilation[1] - g.padding[1];
                sum += kernel[ky * g.kernel[1] + kx] * channel[row * g.input[1] + column];
            }
        }
    }
    sum
}
