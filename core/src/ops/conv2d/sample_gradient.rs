//! Backward pass of one sample at a time: what a microcontroller runs.
//!
//! Output positions whose gradient is 0 are left out; behind a pool these are all but the windows'
//! winners. Per filter, first the input's gradient is added to with the weights as they were, then
//! the filter's own gradient is summed, then it is applied, so that no more of it is ever kept
//! than one filter's.
//!
//! The orders are the contract's. An input's sum runs over (filter, kernel row, kernel column), and
//! of one filter a later tap meets an earlier output: so positions are gone through from the last
//! to the first. A weight's sum runs over positions from the first to the last.

use super::{ConvGeometry, Gradient};
use crate::ops::tensor::Tensor;
use core::ops::Range;

/// Gradients of a convolution's input, weights and biases.
pub(crate) struct ConvSampleGradient<'a> {
    /// Its output extent is twice the pooled one behind a pool.
    pub geometry: ConvGeometry,
    /// channels x rows x columns. Not read, and may be anything, where the weights are frozen.
    pub input: &'a [f32],
    pub d_output: Gradient<'a, f32>,
    /// Empty where it is not wanted.
    pub d_input: &'a mut [f32],
    /// filters x (channels / groups) x rows x columns
    pub weights: Tensor<'a>,
    /// Of length 0 where there are no biases.
    pub bias: Tensor<'a>,
    /// As many values as a filter has weights; empty where they are frozen.
    pub scratch: &'a mut [f32],
}

impl ConvSampleGradient<'_> {
    pub fn run(mut self) {
        self.d_input.fill(0.0);
        let biased = !self.bias.is_frozen() && !self.bias.values().is_empty();
        for filter in 0..self.geometry.filters {
            if !self.d_input.is_empty() {
                self.scatter(filter);
            }
            let bias = if !self.weights.is_frozen() {
                self.differentiate(filter)
            } else if biased {
                self.sum(filter)
            } else {
                continue;
            };
            if biased {
                self.bias.take(filter, &[bias]);
            }
        }
    }

    /// Adds a filter's gradients, times its weights, to the input's.
    fn scatter(&mut self, filter: usize) {
        let g = &self.geometry;
        let kernels = &self.weights.values()[filter * g.taps()..][..g.taps()];
        let channels = &mut self.d_input[group_range(g, filter)];
        let patches = Patches::new(g);
        each_position::<true>(g, &self.d_output, filter, |at, d| {
            let Some(corner) = patches.corner(at) else {
                return patches.scatter_edge(at, d, kernels, channels);
            };
            let kernels = kernels.as_chunks::<9>().0;
            let mut rest = &mut channels[corner..];
            for kernel in kernels {
                scatter_3x3(kernel, d, rest, g.input[1]);
                rest = rest.get_mut(g.input_area()..).unwrap_or(&mut []);
            }
        });
    }

    /// Sums the gradient of a filter's weights, hands it on, and gives its bias's.
    fn differentiate(&mut self, filter: usize) -> f32 {
        let g = &self.geometry;
        let channels = &self.input[group_range(g, filter)];
        let patches = Patches::new(g);
        let sums = &mut *self.scratch;
        let mut bias = 0.0;
        sums.fill(0.0);
        each_position::<false>(g, &self.d_output, filter, |at, d| {
            bias += d;
            let Some(corner) = patches.corner(at) else {
                return patches.gather_edge(at, d, channels, sums);
            };
            let mut rest = &channels[corner..];
            for sums in sums.as_chunks_mut::<9>().0 {
                gather_3x3(sums, d, rest, g.input[1]);
                rest = rest.get(g.input_area()..).unwrap_or(&[]);
            }
        });
        self.weights.take(filter * g.taps(), sums);
        bias
    }

    /// Gradient of a filter's bias.
    fn sum(&self, filter: usize) -> f32 {
        let mut sum = 0.0;
        each_position::<false>(&self.geometry, &self.d_output, filter, |_, d| sum += d);
        sum
    }
}

/// The input channels that a filter sees.
fn group_range(g: &ConvGeometry, filter: usize) -> Range<usize> {
    let len = g.group_channels() * g.input_area();
    let start = filter / g.group_filters() * len;
    start..start + len
}

/// Calls `visit([row, column], gradient)` for the outputs of a filter whose gradient is not 0, in
/// scan order, or in its reverse.
#[inline(always)]
fn each_position<const REVERSE: bool>(
    g: &ConvGeometry,
    d_output: &Gradient<'_, f32>,
    filter: usize,
    mut visit: impl FnMut([usize; 2], f32),
) {
    let turn = |at: usize, end: usize| if REVERSE { end - 1 - at } else { at };
    let (values, winners, [rows, columns]) = match d_output {
        Gradient::Whole(values) => (*values, None, g.output),
        Gradient::Pooled(values, winners) => {
            (*values, Some(*winners), g.output.map(|extent| extent / 2))
        }
    };
    let len = rows * columns;
    let values = &values[filter * len..][..len];
    let winners = winners.map(|winners| &winners[filter * len..][..len]);
    for row in 0..rows {
        let row = turn(row, rows);
        let line = &values[row * columns..][..columns];
        let Some(winners) = winners else {
            for column in 0..columns {
                let column = turn(column, columns);
                if line[column] != 0.0 {
                    visit([row, column], line[column]);
                }
            }
            continue;
        };
        let winners = &winners[row * columns..][..columns];
        for half in 0..2 {
            let half = turn(half, 2);
            for column in 0..columns {
                let column = turn(column, columns);
                let winner = usize::from(winners[column]);
                // That of no winner is in neither half.
                if winner / 2 == half && line[column] != 0.0 {
                    visit([2 * row + half, 2 * column + winner % 2], line[column]);
                }
            }
        }
    }
}

/// Where the taps of an output lie.
struct Patches<'a> {
    geometry: &'a ConvGeometry,
    /// Rows and columns of outputs whose taps are a whole 3 x 3, side by side; none for other
    /// kernels.
    whole: [Range<usize>; 2],
}

impl<'a> Patches<'a> {
    fn new(geometry: &'a ConvGeometry) -> Self {
        let whole = if geometry.kernel == [3, 3] {
            [geometry.interior(0), geometry.interior(1)]
        } else {
            [0..0, 0..0]
        };
        Self { geometry, whole }
    }

    /// Index in a channel of the first of an output's 3 x 3 taps, if it has all of them.
    #[inline(always)]
    fn corner(&self, [y, x]: [usize; 2]) -> Option<usize> {
        let g = self.geometry;
        let whole = self.whole[0].contains(&y) && self.whole[1].contains(&x);
        whole.then(|| {
            let row = y * g.stride[0] - g.padding[0];
            row * g.input[1] + x * g.stride[1] - g.padding[1]
        })
    }

    /// Any kernel, and taps of which some may be in the padding.
    #[inline(never)]
    fn scatter_edge(&self, at: [usize; 2], d: f32, kernels: &[f32], channels: &mut [f32]) {
        let taps = self.valid_taps(at);
        let maps = channels.chunks_exact_mut(self.geometry.input_area());
        for (kernel, channel) in kernels.chunks_exact(self.geometry.kernel_area()).zip(maps) {
            self.each_run(at, &taps, |taps, inputs| {
                for (sum, weight) in channel[inputs].iter_mut().zip(&kernel[taps]) {
                    *sum += weight * d;
                }
            });
        }
    }

    /// Any kernel, and taps of which some may be in the padding.
    #[inline(never)]
    fn gather_edge(&self, at: [usize; 2], d: f32, channels: &[f32], sums: &mut [f32]) {
        let taps = self.valid_taps(at);
        let maps = channels.chunks_exact(self.geometry.input_area());
        for (sums, channel) in sums.chunks_exact_mut(self.geometry.kernel_area()).zip(maps) {
            self.each_run(at, &taps, |taps, inputs| {
                for (sum, value) in sums[taps].iter_mut().zip(&channel[inputs]) {
                    *sum += value * d;
                }
            });
        }
    }

    /// An output's kernel rows and columns inside the input.
    #[inline(always)]
    fn valid_taps(&self, [y, x]: [usize; 2]) -> [Range<usize>; 2] {
        [
            self.geometry.valid_taps(0, y),
            self.geometry.valid_taps(1, x),
        ]
    }

    /// An output's taps inside the input, by runs of neighbours, a row or, where the kernel is
    /// dilated, a tap: where they are in the kernel, and in the channel.
    #[inline(always)]
    fn each_run(
        &self,
        [y, x]: [usize; 2],
        [rows, columns]: &[Range<usize>; 2],
        mut visit: impl FnMut(Range<usize>, Range<usize>),
    ) {
        let g = self.geometry;
        if columns.is_empty() {
            return;
        }
        let run = if g.dilation[1] == 1 { columns.len() } else { 1 };
        let column = x * g.stride[1] + columns.start * g.dilation[1] - g.padding[1];
        for ky in rows.clone() {
            let row = y * g.stride[0] + ky * g.dilation[0] - g.padding[0];
            let mut start = row * g.input[1] + column;
            let mut tap = ky * g.kernel[1] + columns.start;
            let end = ky * g.kernel[1] + columns.end;
            while tap < end {
                visit(tap..tap + run, start..start + run);
                tap += run;
                start += g.dilation[1];
            }
        }
    }
}

/// Adds a kernel times `d` to the patch that starts `channel`.
#[inline(always)]
fn scatter_3x3(kernel: &[f32; 9], d: f32, channel: &mut [f32], width: usize) {
    let (first, rest) = channel.split_at_mut(width);
    let (second, third) = rest.split_at_mut(width);
    for (ky, line) in [first, second, third].into_iter().enumerate() {
        let line = &mut line[..3];
        for kx in 0..3 {
            line[kx] += kernel[3 * ky + kx] * d;
        }
    }
}

/// Adds the patch that starts `channel`, times `d`, to a kernel's gradient.
#[inline(always)]
fn gather_3x3(sums: &mut [f32; 9], d: f32, channel: &[f32], width: usize) {
    let (first, rest) = channel.split_at(width);
    let (second, third) = rest.split_at(width);
    for (ky, line) in [first, second, third].into_iter().enumerate() {
        let line = &line[..3];
        for kx in 0..3 {
            sums[3 * ky + kx] += line[kx] * d;
        }
    }
}
