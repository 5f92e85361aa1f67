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

/// A 3 x 3 kernel that moves by one, all nine taps unrolled. At most two rows; `corner` is the index of
/// the tile's first tap in a channel.
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
            let weight = &taps[f][ky * 3 + kx];
            for r in 0..R {
                for c in 0..C {
                    sums[f][r][c] = sums[f][r][c].add_scaled(lines[r + ky][c + kx], weight);
                }
            }
        }
    }
}
