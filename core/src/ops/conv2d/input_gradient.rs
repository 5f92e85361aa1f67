//! Gradient of a convolution's input: each value is summed from zero in the order (filter, kernel
//! row, kernel column).

use super::ConvGeometry;
use crate::lanes::{Kernel, Lanes};
use core::ops::Range;

/// Input gradient of one packet of samples.
pub(crate) struct ConvInputGradient<'a, L> {
    pub geometry: ConvGeometry,
    pub weights: &'a [f32],
    /// filters x rows x columns, of the geometry's output extent
    pub d_output: &'a [L],
    /// channels x rows x columns
    pub d_input: &'a mut [L],
}

impl<L: Lanes> Kernel for ConvInputGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = self.geometry;
        for group in 0..g.groups {
            for y in 0..g.input[0] {
                let reached = if g.is_plain_3x3() {
                    g.input[1].min((g.output[1] + 2).saturating_sub(g.padding[1]))
                } else {
                    g.input[1]
                };
                let done = if g.is_plain_3x3() && reached >= 8 {
                    self.row_3x3(group, y, reached);
                    reached
                } else {
                    0
                };
                for x in done..reached {
                    self.edges(group, y, x);
                }
                self.clear(group, y, reached);
            }
        }
    }
}

impl<L: Lanes> ConvInputGradient<'_, L> {
    /// The columns of a row before `end`, those that some output reaches; at least eight.
    ///
    /// The line of outputs behind the first tile lacks as many values as the padding falls short
    /// of 2, and the line behind the last tile likewise.
    #[inline(always)]
    fn row_3x3(&mut self, group: usize, y: usize, end: usize) {
        let g = self.geometry;
        let (left, right) = (
            2_usize.saturating_sub(g.padding[1]),
            (end + g.padding[1]).saturating_sub(g.output[1]),
        );
        match left {
            2 => self.tiles_3x3::<4, 2, 0>(group, y, 0),
            1 => self.tiles_3x3::<4, 1, 0>(group, y, 0),
            _ => self.tiles_3x3::<4, 0, 0>(group, y, 0),
        }
        let mut x = 4;
        while x + 8 <= end {
            self.tiles_3x3::<4, 0, 0>(group, y, x);
            x += 4;
        }
        let rest = end - 4 - x;
        match rest {
            3 => self.tiles_3x3::<3, 0, 0>(group, y, x),
            2 => self.tiles_3x3::<2, 0, 0>(group, y, x),
            1 => self.tiles_3x3::<1, 0, 0>(group, y, x),
            _ => {}
        }
        x += rest;
        match right {
            2 => self.tiles_3x3::<4, 0, 2>(group, y, x),
            1 => self.tiles_3x3::<4, 0, 1>(group, y, x),
            _ => self.tiles_3x3::<4, 0, 0>(group, y, x),
        }
    }

    /// The columns from `start` on, which no output reaches.
    #[inline(always)]
    fn clear(&mut self, group: usize, y: usize, start: usize) {
        let g = self.geometry;
        let zero = self.d_output[0].splat(0.0);
        for channel in self.group_channels(group) {
            let line = &mut self.d_input[(channel * g.input[0] + y) * g.input[1]..][..g.input[1]];
            line[start..].fill(zero);
        }
    }

    /// `P` columns of all channels of a group. Channels run innermost, so that the outputs they
    /// share stay in the first cache.
    #[inline(always)]
    fn tiles_3x3<const P: usize, const LEFT: usize, const RIGHT: usize>(
        &mut self,
        group: usize,
        y: usize,
        x: usize,
    ) {
        let channels = self.group_channels(group);
        let mut channel = channels.start;
        if L::REGISTERS >= 32 || P <= 2 {
            while channel + 4 <= channels.end {
                self.tile_3x3::<4, P, LEFT, RIGHT>(group, channel, y, x);
                channel += 4;
            }
        }
        while channel + 2 <= channels.end {
            self.tile_3x3::<2, P, LEFT, RIGHT>(group, channel, y, x);
            channel += 2;
        }
        if channel < channels.end {
            self.tile_3x3::<1, P, LEFT, RIGHT>(group, channel, y, x);
        }
    }

    #[inline(always)]
    fn edges(&mut self, group: usize, y: usize, x: usize) {
        let channels = self.group_channels(group);
        let mut channel = channels.start;
        while channel + 4 <= channels.end {
            self.edge::<4>(group, channel, y, x);
            channel += 4;
        }
        while channel < channels.end {
            self.edge::<1>(group, channel, y, x);
            channel += 1;
        }
    }

    /// `C` channels x `P` columns of a 3 x 3 kernel's input, where the line of outputs they are
    /// reached from, `P + 2` long, lacks its first `LEFT` and its last `RIGHT` values.
    #[inline(always)]
    fn tile_3x3<const C: usize, const P: usize, const LEFT: usize, const RIGHT: usize>(
        &mut self,
        group: usize,
        channel: usize,
        y: usize,
        x: usize,
    ) {
        let g = &self.geometry;
        let zero = self.d_output[0].splat(0.0);
        let mut sums = [[zero; P]; C];
        let (first, last) = kernel_rows(g, y);
        let column = x + g.padding[1] + LEFT - 2;
        let place = channel - self.group_channels(group).start;
        for f in self.group_filters(group) {
            let kernels = self.kernels(f, place, C);
            let map = &self.d_output[f * g.output_area()..][..g.output_area()];
            let line = |ky: usize| {
                let start = (y + g.padding[0] - ky) * g.output[1] + column;
                &map[start..][..P + 2 - LEFT - RIGHT]
            };
            // Spelled out, but only where registers hold it all: the compiler would keep a loop of
            // this size, and its overhead.
            if L::REGISTERS >= 32 && first == 0 && last == 3 {
                add_kernel_row::<L, C, P, LEFT, RIGHT>(line(0), kernels, &mut sums);
                add_kernel_row::<L, C, P, LEFT, RIGHT>(line(1), &kernels[3..], &mut sums);
                add_kernel_row::<L, C, P, LEFT, RIGHT>(line(2), &kernels[6..], &mut sums);
            } else {
                for ky in first..last {
                    let kernels = &kernels[ky * 3..];
                    add_kernel_row::<L, C, P, LEFT, RIGHT>(line(ky), kernels, &mut sums);
                }
            }
        }
        self.store(channel, y, x, sums);
    }

    /// One position of `C` channels, whatever the kernel, the stride and the edge.
    #[inline(always)]
    fn edge<const C: usize>(&mut self, group: usize, channel: usize, y: usize, x: usize) {
        let g = &self.geometry;
        let mut sums = [self.d_output[0].splat(0.0); C];
        let place = channel - self.group_channels(group).start;
        for f in self.group_filters(group) {
            let kernels = self.kernels(f, place, C);
            let map = &self.d_output[f * g.output_area()..][..g.output_area()];
            for ky in 0..g.kernel[0] {
                let Some(row) = output_at(g, 0, y, ky) else {
                    continue;
                };
                for kx in 0..g.kernel[1] {
                    let Some(column) = output_at(g, 1, x, kx) else {
                        continue;
                    };
                    let d = map[row * g.output[1] + column];
                    for c in 0..C {
                        let weight = d.splat(kernels[c * g.kernel_area() + ky * g.kernel[1] + kx]);
                        sums[c] = sums[c].add_product(weight, d);
                    }
                }
            }
        }
        self.store(channel, y, x, sums.map(|sum| [sum]));
    }

    #[inline(always)]
    fn group_channels(&self, group: usize) -> Range<usize> {
        let channels = self.geometry.group_channels();
        group * channels..(group + 1) * channels
    }

    #[inline(always)]
    fn group_filters(&self, group: usize) -> Range<usize> {
        let filters = self.geometry.group_filters();
        group * filters..(group + 1) * filters
    }

    /// The kernels of filter `f` on the channels of its group from `channel` on, counted within
    /// the group, one behind another.
    #[inline(always)]
    fn kernels(&self, f: usize, channel: usize, channels: usize) -> &[f32] {
        let g = &self.geometry;
        let first = f * g.group_channels() + channel;
        &self.weights[first * g.kernel_area()..][..channels * g.kernel_area()]
    }

    #[inline(always)]
    fn store<const C: usize, const P: usize>(
        &mut self,
        channel: usize,
        y: usize,
        x: usize,
        tile: [[L; P]; C],
    ) {
        let g = &self.geometry;
        for c in 0..C {
            let at = ((channel + c) * g.input[0] + y) * g.input[1] + x;
            self.d_input[at..at + P].copy_from_slice(&tile[c]);
        }
    }
}

/// The three taps of a kernel row for `C` channels, whose kernels begin nine apart in `kernels`.
#[inline(always)]
fn add_kernel_row<L, const C: usize, const P: usize, const LEFT: usize, const RIGHT: usize>(
    line: &[L],
    kernels: &[f32],
    sums: &mut [[L; P]; C],
) where
    L: Lanes,
{
    for kx in 0..3 {
        for c in 0..C {
            let weight = line[0].splat(kernels[c * 9 + kx]);
            for p in 0..P {
                if (LEFT..P + 2 - RIGHT).contains(&(p + 2 - kx)) {
                    sums[c][p] = sums[c][p].add_product(weight, line[p + 2 - kx - LEFT]);
                }
            }
        }
    }
}

/// Kernel rows that reach input row `y` from an output, with stride 1.
#[inline(always)]
fn kernel_rows(g: &ConvGeometry, y: usize) -> (usize, usize) {
    let reach = y + g.padding[0];
    let first = (reach + 1).saturating_sub(g.output[0]);
    (first, g.kernel[0].min(reach + 1))
}

/// The output, along `axis`, that input position `at` reaches through kernel tap `tap`.
#[inline(always)]
fn output_at(g: &ConvGeometry, axis: usize, at: usize, tap: usize) -> Option<usize> {
    let reach = (at + g.padding[axis]).checked_sub(tap * g.dilation[axis])?;
    if g.stride[axis] == 1 {
        return (reach < g.output[axis]).then_some(reach);
    }
    let output = reach / g.stride[axis];
    (reach % g.stride[axis] == 0 && output < g.output[axis]).then_some(output)
}
