//! The innermost loops of the forward pass: taps added in the order (channel, kernel row, kernel
//! column) to a tile of sums in registers.

use super::ConvGeometry;
use crate::lanes::Lanes;

/// The weights of `F` consecutive filters, `taps` each.
#[inline(always)]
pub(super) fn rows<const F: usize>(weights: &[f32], filter: usize, taps: usize) -> [&[f32]; F] {
    let mut rows: [&[f32]; F] = [&[]; F];
    for f in 0..F {
        rows[f] = &weights[(filter + f) * taps..][..taps];
    }
    rows
}

/// Any kernel and stride, without dilation; `corner` is the index of the tile's first tap in a
/// channel.
#[inline(always)]
pub(super) fn tile<L: Lanes, const F: usize, const R: usize, const C: usize>(
    g: &ConvGeometry,
    channels: &[L],
    corner: usize,
    kernels: [&[f32]; F],
    mut sums: [[[L; C]; R]; F],
) -> [[[L; C]; R]; F] {
    let span = (C - 1) * g.stride[1] + g.kernel[1];
    let mut tap = 0;
    for channel in channels.chunks_exact(g.input_area()) {
        for ky in 0..g.kernel[0] {
            let mut lines: [&[L]; R] = [&[]; R];
            for r in 0..R {
                lines[r] = &channel[corner + (r * g.stride[0] + ky) * g.input[1]..][..span];
            }
            for kx in 0..g.kernel[1] {
                for f in 0..F {
                    let weight = channel[0].splat(kernels[f][tap]);
                    for r in 0..R {
                        for c in 0..C {
                            sums[f][r][c] =
                                sums[f][r][c].add_product(weight, lines[r][c * g.stride[1] + kx]);
                        }
                    }
                }
                tap += 1;
            }
        }
    }
    sums
}

/// A 3 x 3 kernel that moves by one, all nine taps unrolled. At most two rows.
#[inline(always)]
pub(super) fn tile_3x3<L: Lanes, const F: usize, const R: usize, const C: usize>(
    g: &ConvGeometry,
    channels: &[L],
    corner: usize,
    kernels: [&[f32]; F],
    mut sums: [[[L; C]; R]; F],
) -> [[[L; C]; R]; F] {
    for (index, channel) in channels.chunks_exact(g.input_area()).enumerate() {
        let mut taps: [&[f32]; F] = [&[]; F];
        for f in 0..F {
            taps[f] = &kernels[f][index * 9..][..9];
        }
        let mut lines: [&[L]; 4] = [&[]; 4];
        for (row, line) in lines.iter_mut().enumerate().take(R + 2) {
            *line = &channel[corner + row * g.input[1]..][..C + 2];
        }
        // Spelled out: the compiler would keep a loop of this size, and its overhead.
        add_kernel_row(&lines, 0, taps, &mut sums);
        add_kernel_row(&lines, 1, taps, &mut sums);
        add_kernel_row(&lines, 2, taps, &mut sums);
    }
    sums
}

/// The three taps of kernel row `ky`.
#[inline(always)]
fn add_kernel_row<L: Lanes, const F: usize, const R: usize, const C: usize>(
    lines: &[&[L]; 4],
    ky: usize,
    taps: [&[f32]; F],
    sums: &mut [[[L; C]; R]; F],
) {
    for kx in 0..3 {
        for f in 0..F {
            let weight = lines[0][0].splat(taps[f][ky * 3 + kx]);
            for r in 0..R {
                for c in 0..C {
                    sums[f][r][c] = sums[f][r][c].add_product(weight, lines[r + ky][c + kx]);
                }
            }
        }
    }
}

/// One output position `[row, column]`, whose taps in the padding are left out.
#[inline(always)]
pub(super) fn edge<L: Lanes, const F: usize>(
    g: &ConvGeometry,
    channels: &[L],
    at: [usize; 2],
    kernels: [&[f32]; F],
    mut sums: [L; F],
) -> [L; F] {
    let (rows, columns) = (g.valid_taps(0, at[0]), g.valid_taps(1, at[1]));
    if rows.is_empty() || columns.is_empty() {
        return sums;
    }
    let row = at[0] * g.stride[0] + rows.start * g.dilation[0] - g.padding[0];
    let column = at[1] * g.stride[1] + columns.start * g.dilation[1] - g.padding[1];
    let (corner, line) = (row * g.input[1] + column, g.dilation[0] * g.input[1]);
    // Places run along beside the taps: products of indices would cost as much as those of values.
    for (index, channel) in channels.chunks_exact(g.input_area()).enumerate() {
        let mut start = corner;
        let mut first = index * g.kernel_area() + rows.start * g.kernel[1] + columns.start;
        for _ in rows.clone() {
            let mut place = start;
            for tap in first..first + columns.len() {
                let value = channel[place];
                for f in 0..F {
                    sums[f] = sums[f].add_product(value.splat(kernels[f][tap]), value);
                }
                place += g.dilation[1];
            }
            start += line;
            first += g.kernel[1];
        }
    }
    sums
}
