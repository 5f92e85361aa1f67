//! The innermost loops of the gradient of 3 x 3 kernels: output positions in scan order, added to
//! sums of several taps and filters in registers.

use super::ConvGeometry;
use crate::lanes::Lanes;
use core::ops::Range;

/// Adds output rows `rows` of `F` filters to their 3 x 3 kernels on one channel, all rows of a kernel
/// at once.
///
/// `maps` are filters x `rows` x columns; `kernels` starts at the channel's kernel of the first
/// filter.
#[inline(always)]
pub(super) fn add_3x3<L: Lanes, const F: usize>(
    g: &ConvGeometry,
    channel: &[L],
    maps: &[L],
    rows: &Range<usize>,
    kernels: &mut [L],
) {
    let mut work = Taps3x3::<L, F> {
        g,
        channel,
        maps,
        rows,
        kernels,
    };
    let mut y = rows.start;
    while y < rows.end {
        let taps = g.valid_taps(0, y);
        let mut end = y + 1;
        while end < rows.end && g.valid_taps(0, end) == taps {
            end += 1;
        }
        match taps.len() {
            3 => work.add_rows::<3>(y..end, 0),
            2 => work.add_rows::<2>(y..end, taps.start),
            // A loop, not a closure, which would be compiled without the packet's instructions.
            _ => {
                for tap in taps {
                    work.add_rows::<1>(y..end, tap);
                }
            }
        }
        y = end;
    }
}

struct Taps3x3<'a, L, const F: usize> {
    g: &'a ConvGeometry,
    channel: &'a [L],
    maps: &'a [L],
    rows: &'a Range<usize>,
    kernels: &'a mut [L],
}

impl<L: Lanes, const F: usize> Taps3x3<'_, L, F> {
    /// Output rows `rows`, for which kernel rows `first..first + R` are inside the input.
    #[inline(always)]
    fn add_rows<const R: usize>(&mut self, rows: Range<usize>, first: usize) {
        let g = self.g;
        let mut sums = [[[self.channel[0]; 3]; R]; F];
        for f in 0..F {
            for r in 0..R {
                let at = f * g.taps() + (first + r) * 3;
                sums[f][r].copy_from_slice(&self.kernels[at..at + 3]);
            }
        }
        let area = self.rows.len() * g.output[1];
        let inside = g.interior(1);
        for y in rows {
            let mut gradients: [&[L]; F] = [&[]; F];
            for f in 0..F {
                let start = f * area + (y - self.rows.start) * g.output[1];
                gradients[f] = &self.maps[start..][..g.output[1]];
            }
            let mut lines: [&[L]; R] = [&[]; R];
            for r in 0..R {
                let row = y * g.stride[0] + first + r - g.padding[0];
                lines[r] = &self.channel[row * g.input[1]..][..g.input[1]];
            }
            for x in 0..inside.start {
                add_edge(g, lines, gradients, x, &mut sums);
            }
            add_inside(g, lines, gradients, &inside, &mut sums);
            for x in inside.end..g.output[1] {
                add_edge(g, lines, gradients, x, &mut sums);
            }
        }
        for f in 0..F {
            for r in 0..R {
                let at = f * g.taps() + (first + r) * 3;
                self.kernels[at..at + 3].copy_from_slice(&sums[f][r]);
            }
        }
    }
}

/// The outputs of a row all three of whose columns of taps are inside the input.
#[inline(always)]
fn add_inside<L: Lanes, const F: usize, const R: usize>(
    g: &ConvGeometry,
    lines: [&[L]; R],
    gradients: [&[L]; F],
    columns: &Range<usize>,
    sums: &mut [[[L; 3]; R]; F],
) {
    if columns.is_empty() {
        return;
    }
    let count = columns.len();
    let mut inner: [&[L]; F] = [&[]; F];
    for f in 0..F {
        inner[f] = &gradients[f][columns.start..][..count];
    }
    let mut start = columns.start * g.stride[1] - g.padding[1];
    for x in 0..count {
        for r in 0..R {
            let values = &lines[r][start..start + 3];
            for kx in 0..3 {
                for f in 0..F {
                    sums[f][r][kx] = sums[f][r][kx].add_product(inner[f][x], values[kx]);
                }
            }
        }
        start += g.stride[1];
    }
}

/// Output `x` of a row, some of whose taps are in the padding.
#[inline(always)]
fn add_edge<L: Lanes, const F: usize, const R: usize>(
    g: &ConvGeometry,
    lines: [&[L]; R],
    gradients: [&[L]; F],
    x: usize,
    sums: &mut [[[L; 3]; R]; F],
) {
    let taps = g.valid_taps(1, x);
    for kx in 0..3 {
        if !taps.contains(&kx) {
            continue;
        }
        let column = x * g.stride[1] + kx - g.padding[1];
        for r in 0..R {
            for f in 0..F {
                sums[f][r][kx] = sums[f][r][kx].add_product(gradients[f][x], lines[r][column]);
            }
        }
    }
}
