//! The innermost loops of the kernels' gradient: output positions in scan order, added to sums of
//! several taps and filters in registers.

use super::ConvGeometry;
use crate::lanes::Lanes;
use core::ops::Range;

/// Kernel rows `first..first + R` of a 3 x 3 kernel with stride 1, for `F` filters and one channel.
///
/// `kernels` starts at the channel's kernel of the first filter.
#[inline(always)]
pub(super) fn add_3x3<L: Lanes, const F: usize, const R: usize>(
    g: &ConvGeometry,
    channel: &[L],
    maps: &[L],
    rows: &Range<usize>,
    first: usize,
    kernels: &mut [L],
) {
    let mut sums = [[[channel[0]; 3]; R]; F];
    for f in 0..F {
        for r in 0..R {
            let at = f * g.taps() + (first + r) * 3;
            sums[f][r].copy_from_slice(&kernels[at..at + 3]);
        }
    }
    let area = rows.len() * g.output[1];
    for y in rows.clone() {
        let mut gradients: [&[L]; F] = [&[]; F];
        for f in 0..F {
            gradients[f] = &maps[f * area + (y - rows.start) * g.output[1]..][..g.output[1]];
        }
        let inside = inside_columns(g, y, first, R);
        for x in 0..inside.start {
            add_edge(g, channel, gradients, [y, x], first, &mut sums);
        }
        if !inside.is_empty() {
            add_inside(g, channel, gradients, y, &inside, first, &mut sums);
        }
        for x in inside.end..g.output[1] {
            add_edge(g, channel, gradients, [y, x], first, &mut sums);
        }
    }
    for f in 0..F {
        for r in 0..R {
            let at = f * g.taps() + (first + r) * 3;
            kernels[at..at + 3].copy_from_slice(&sums[f][r]);
        }
    }
}

/// Any kernel, stride and dilation: one tap at a time for `F` filters and one channel.
#[inline(always)]
pub(super) fn add_each<L: Lanes, const F: usize>(
    g: &ConvGeometry,
    channel: &[L],
    maps: &[L],
    rows: &Range<usize>,
    kernels: &mut [L],
) {
    let area = rows.len() * g.output[1];
    for ky in 0..g.kernel[0] {
        for kx in 0..g.kernel[1] {
            let tap = ky * g.kernel[1] + kx;
            let mut sums = [channel[0]; F];
            for f in 0..F {
                sums[f] = kernels[f * g.taps() + tap];
            }
            let (reached, columns) = (reaching(g, 0, ky), reaching(g, 1, kx));
            let shift = [ky * g.dilation[0], kx * g.dilation[1]];
            for y in rows.start.max(reached.start)..rows.end.min(reached.end) {
                let line = (y * g.stride[0] + shift[0] - g.padding[0]) * g.input[1];
                let start = (y - rows.start) * g.output[1];
                for x in columns.clone() {
                    let value = channel[line + x * g.stride[1] + shift[1] - g.padding[1]];
                    for f in 0..F {
                        sums[f] = sums[f].add_product(maps[f * area + start + x], value);
                    }
                }
            }
            for f in 0..F {
                kernels[f * g.taps() + tap] = sums[f];
            }
        }
    }
}

/// Columns of output row `y` for which none of the kernel rows' taps is in the padding.
#[inline(always)]
fn inside_columns(g: &ConvGeometry, y: usize, first: usize, rows: usize) -> Range<usize> {
    let valid = plain_taps(g, 0, y);
    if valid.start <= first && first + rows <= valid.end {
        g.interior(1)
    } else {
        0..0
    }
}

/// As [`ConvGeometry::valid_taps`], of a 3 x 3 kernel that moves by one and is not dilated.
#[inline(always)]
fn plain_taps(g: &ConvGeometry, axis: usize, at: usize) -> Range<usize> {
    let end = (g.input[axis] + g.padding[axis]).saturating_sub(at);
    g.padding[axis].saturating_sub(at)..end.min(3)
}

#[inline(always)]
fn add_inside<L: Lanes, const F: usize, const R: usize>(
    g: &ConvGeometry,
    channel: &[L],
    gradients: [&[L]; F],
    y: usize,
    columns: &Range<usize>,
    first: usize,
    sums: &mut [[[L; 3]; R]; F],
) {
    let count = columns.len();
    let mut lines: [&[L]; R] = [&[]; R];
    for r in 0..R {
        let start = (y + first + r - g.padding[0]) * g.input[1] + columns.start - g.padding[1];
        lines[r] = &channel[start..][..count + 2];
    }
    let mut inner: [&[L]; F] = [&[]; F];
    for f in 0..F {
        inner[f] = &gradients[f][columns.start..][..count];
    }
    for x in 0..count {
        for r in 0..R {
            for kx in 0..3 {
                let value = lines[r][x + kx];
                for f in 0..F {
                    sums[f][r][kx] = sums[f][r][kx].add_product(inner[f][x], value);
                }
            }
        }
    }
}

#[inline(always)]
fn add_edge<L: Lanes, const F: usize, const R: usize>(
    g: &ConvGeometry,
    channel: &[L],
    gradients: [&[L]; F],
    [y, x]: [usize; 2],
    first: usize,
    sums: &mut [[[L; 3]; R]; F],
) {
    let (rows, columns) = (plain_taps(g, 0, y), plain_taps(g, 1, x));
    for r in 0..R {
        for kx in 0..3 {
            if !rows.contains(&(first + r)) || !columns.contains(&kx) {
                continue;
            }
            let row = y + first + r - g.padding[0];
            let value = channel[row * g.input[1] + x + kx - g.padding[1]];
            for f in 0..F {
                sums[f][r][kx] = sums[f][r][kx].add_product(gradients[f][x], value);
            }
        }
    }
}

/// Along `axis`, the outputs whose tap `tap` falls inside the input.
#[inline(always)]
fn reaching(g: &ConvGeometry, axis: usize, tap: usize) -> Range<usize> {
    let shift = tap * g.dilation[axis];
    let first = g.padding[axis].saturating_sub(shift);
    let first = first.div_ceil(g.stride[axis]);
    let reach = g.input[axis] + g.padding[axis];
    if reach <= shift {
        return 0..0;
    }
    let end = (reach - shift).div_ceil(g.stride[axis]);
    let end = end.min(g.output[axis]);
    first.min(end)..end
}
