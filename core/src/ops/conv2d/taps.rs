//! The innermost loops of the gradient of 3 x 3 kernels: output positions in scan order, added to
//! sums of several taps and filters in registers.

use super::ConvGeometry;
use crate::lanes::{Kernel, Lanes};
use core::ops::Range;

/// Adds output rows of `F` filters to their 3 x 3 kernels on one channel, all rows of a kernel at
/// once.
// A kernel of its own: compiled once for all that calls it.
pub(super) struct Taps3x3<'a, L, const F: usize> {
    pub g: &'a ConvGeometry,
    pub channel: &'a [L],
    /// filters x `rows` x columns
    pub maps: &'a [L],
    pub rows: &'a Range<usize>,
    /// From the channel's kernel of the first filter on.
    pub kernels: &'a mut [L],
}

impl<L: Lanes, const F: usize> Kernel for Taps3x3<'_, L, F> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (g, rows) = (self.g, self.rows);
        let mut y = rows.start;
        while y < rows.end {
            let taps = g.valid_taps(0, y);
            let mut end = y + 1;
            while end < rows.end && g.valid_taps(0, end) == taps {
                end += 1;
            }
            match taps.len() {
                3 => self.add_rows::<3>(y..end, 0),
                2 => self.add_rows::<2>(y..end, taps.start),
                // A loop, not a closure, which would be compiled without the packet's instructions.
                _ => {
                    for tap in taps {
                        self.add_rows::<1>(y..end, tap);
                    }
                }
            }
            y = end;
        }
    }
}

impl<L: Lanes, const F: usize> Taps3x3<'_, L, F> {
    /// Output rows `rows`, for which kernel rows `first..first + R` are inside the input.
    #[inline(always)]
    fn add_rows<const R: usize>(&mut self, rows: Range<usize>, first: usize) {
        self.channel[0].vectorize(KernelRows::<L, F, R> {
            work: self,
            rows,
            first,
        });
    }
}

/// Output rows for which kernel rows `first..first + R` are inside the input. Apart, so that registers are dealt
/// out among the sums of one tile alone.
struct KernelRows<'w, 'a, L, const F: usize, const R: usize> {
    work: &'w mut Taps3x3<'a, L, F>,
    rows: Range<usize>,
    first: usize,
}

impl<L: Lanes, const F: usize, const R: usize> Kernel for KernelRows<'_, '_, L, F, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { work, rows, first } = self;
        let g = work.g;
        let mut sums = [[[work.channel[0]; 3]; R]; F];
        for f in 0..F {
            for r in 0..R {
                let at = f * g.taps() + (first + r) * 3;
                for kx in 0..3 {
                    sums[f][r][kx] = work.kernels[at + kx];
                }
            }
        }
        let area = work.rows.len() * g.output[1];
        let inside = g.interior(1);
        for y in rows {
            let mut gradients: [&[L]; F] = [&[]; F];
            for f in 0..F {
                let start = f * area + (y - work.rows.start) * g.output[1];
                gradients[f] = &work.maps[start..][..g.output[1]];
            }
            let mut lines: [&[L]; R] = [&[]; R];
            for r in 0..R {
                let row = y * g.stride[0] + first + r - g.padding[0];
                lines[r] = &work.channel[row * g.input[1]..][..g.input[1]];
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
                for kx in 0..3 {
                    work.kernels[at + kx] = sums[f][r][kx];
                }
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
    for kx in 0..3 {
        // Not asked of the geometry: a call leaves no sum in its register. What lies before the input
        // wraps around, far beyond its end.
        let column = (x * g.stride[1] + kx).wrapping_sub(g.padding[1]);
        if column >= g.input[1] {
            continue;
        }
        for r in 0..R {
            for f in 0..F {
                sums[f][r][kx] = sums[f][r][kx].add_product(gradients[f][x], lines[r][column]);
            }
        }
    }
}
