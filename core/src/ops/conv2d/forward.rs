//! ConvForward pass: tiles of filters x rows x columns held in registers, with the activation and the
//! pool behind the convolution applied before anything is stored.

use super::ConvGeometry;
use super::gather::Gather;
use super::segments::Direction;
use crate::lanes::{Kernel, Lanes, Nest, Weights, WindowPatch, add_products, add_window_3x3};
use crate::ops::activation::{Activation, GradientMask};
use crate::ops::pool::pool_2x2;
use core::ops::Range;

/// Convolution, activation and 2 x 2 max pool of one packet of samples.
pub(crate) struct ConvForward<'a, L> {
    pub geometry: ConvGeometry,
    pub activation: Activation,
    /// Only behind no activation or a ReLU.
    pub pool: bool,
    /// channels x rows x columns
    pub input: &'a [L],
    pub weights: &'a [f32],
    /// Empty where sums begin at +0.
    pub bias: &'a [f32],
    /// filters x rows x columns, pooled where `pool` is set
    pub output: &'a mut [L],
    /// Where training keeps which value of each window won; empty for inference.
    pub winners: &'a mut [u8],
}

impl<L: Lanes> Kernel for ConvForward<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = self.geometry;
        debug_assert!([0, g.filters].contains(&self.bias.len()));
        debug_assert!(!self.pool || self.activation != Activation::Relu6);
        if !self.pool {
            self.input[0].vectorize(Gather {
                geometry: g,
                direction: Direction::Forward,
                values: self.input,
                weights: self.weights,
                bias: self.bias,
                activation: self.activation,
                mask: GradientMask::NONE,
                sums: self.output,
            });
            return;
        }
        for group in 0..g.groups {
            let filters = group * g.group_filters()..(group + 1) * g.group_filters();
            let len = g.group_channels() * g.input_area();
            let channels = &self.input[group * len..][..len];
            for row in 0..g.output[0] / 2 {
                self.pooled_row(channels, &filters, row);
            }
        }
    }
}

/// Calls a method for tiles of filters, as many at once as the registers allow. Filters run
/// innermost, so that the patch of input they share stays in the first cache.
macro_rules! each_filter_tile {
    ($self:ident, $filters:ident, $takes_four:expr, $method:ident ($($argument:expr),*)) => {{
        let mut filter = $filters.start;
        while const { $takes_four } && filter + 4 <= $filters.end {
            $self.$method::<4>(filter, $($argument),*);
            filter += 4;
        }
        while filter + 2 <= $filters.end {
            $self.$method::<2>(filter, $($argument),*);
            filter += 2;
        }
        if filter < $filters.end {
            $self.$method::<1>(filter, $($argument),*);
        }
    }};
}

impl<L: Lanes> ConvForward<'_, L> {
    #[inline(always)]
    fn pooled_row(&mut self, channels: &[L], filters: &Range<usize>, row: usize) {
        let g = self.geometry;
        let (rows, columns) = (g.interior(0), g.interior(1));
        let inside_row = rows.start <= 2 * row && 2 * row + 2 <= rows.end;
        let nest = taps_nest(&g, g.kernel[0], g.kernel[1]);
        for column in 0..g.output[1] / 2 {
            let inside = columns.start <= 2 * column && 2 * column + 2 <= columns.end;
            if !(inside_row && inside) {
                each_filter_tile!(self, filters, true, pooled_edge(channels, row, column));
            } else if g.is_plain_3x3() {
                each_filter_tile!(
                    self,
                    filters,
                    L::REGISTERS >= 32,
                    pooled_3x3(channels, row, column)
                );
            } else {
                each_filter_tile!(
                    self,
                    filters,
                    L::REGISTERS >= 32,
                    pooled_tile(channels, &nest, row, column)
                );
            }
        }
    }

    /// A window of `F` filters of 3 x 3 that move by one, all of whose taps are inside the input.
    #[inline(always)]
    fn pooled_3x3<const F: usize>(
        &mut self,
        filter: usize,
        channels: &[L],
        row: usize,
        column: usize,
    ) {
        let g = &self.geometry;
        let patch = WindowPatch {
            area: g.input_area(),
            width: g.input[1],
            corner: self.corner(2 * row, 2 * column),
        };
        let mut tile = self.bias_tile(filter);
        let weights = &self.weights[filter * g.taps()..];
        add_window_3x3::<L, F>(channels, patch, weights, g.taps(), &mut tile);
        self.store_pooled(filter, row, column, tile);
    }

    /// The same of any filters, whose taps `nest` walks.
    #[inline(always)]
    fn pooled_tile<const F: usize>(
        &mut self,
        filter: usize,
        channels: &[L],
        nest: &Nest,
        row: usize,
        column: usize,
    ) {
        let g = &self.geometry;
        let corner = self.corner(2 * row, 2 * column);
        let below = corner + g.stride[0] * g.input[1];
        let at = [corner, corner + g.stride[1], below, below + g.stride[1]];
        let mut sums = self.bias_line::<F, 4>(filter);
        add_products::<L, Weights, F, 4>(
            nest,
            self.weights,
            (filter * g.taps(), g.taps()),
            channels,
            at,
            &mut sums,
        );
        let mut tile = [[[self.input[0]; 2]; 2]; F];
        for f in 0..F {
            let [a, b, c, d] = sums[f];
            tile[f] = [[a, b], [c, d]];
        }
        self.store_pooled(filter, row, column, tile);
    }

    /// The index, in its channel, of the first tap of an output none of whose taps is in the padding.
    #[inline(always)]
    fn corner(&self, y: usize, x: usize) -> usize {
        let g = &self.geometry;
        (y * g.stride[0] - g.padding[0]) * g.input[1] + x * g.stride[1] - g.padding[1]
    }

    #[inline(always)]
    fn pooled_edge<const F: usize>(
        &mut self,
        filter: usize,
        channels: &[L],
        row: usize,
        column: usize,
    ) {
        let g = &self.geometry;
        let mut tile: [[[L; 2]; 2]; F] = self.bias_tile(filter);
        let [y, x] = [2 * row, 2 * column];
        // Outputs with the same taps run in pairs: one alone has too few sums to add to at once.
        if g.valid_taps(1, x) == g.valid_taps(1, x + 1) {
            for r in 0..2 {
                let at = [[y + r, x], [y + r, x + 1]];
                let pair = self.edge::<F, 2>(channels, filter, at);
                for f in 0..F {
                    tile[f][r] = pair[f];
                }
            }
        } else if g.valid_taps(0, y) == g.valid_taps(0, y + 1) {
            for c in 0..2 {
                let at = [[y, x + c], [y + 1, x + c]];
                let pair = self.edge::<F, 2>(channels, filter, at);
                for f in 0..F {
                    (tile[f][0][c], tile[f][1][c]) = (pair[f][0], pair[f][1]);
                }
            }
        } else {
            for (r, c) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let alone = self.edge::<F, 1>(channels, filter, [[y + r, x + c]]);
                for f in 0..F {
                    tile[f][r][c] = alone[f][0];
                }
            }
        }
        self.store_pooled(filter, row, column, tile);
    }

    /// Outputs of `F` filters that have the same taps, some of which are in the padding.
    #[inline(always)]
    fn edge<const F: usize, const C: usize>(
        &self,
        channels: &[L],
        filter: usize,
        outputs: [[usize; 2]; C],
    ) -> [[L; C]; F] {
        let proof = self.input[0];
        proof.vectorize(EdgeTile {
            geometry: &self.geometry,
            channels,
            kernels: &self.weights[filter * self.geometry.taps()..],
            outputs,
            sums: self.bias_line::<F, C>(filter),
        })
    }

    #[inline(always)]
    fn bias_tile<const F: usize, const R: usize, const C: usize>(
        &self,
        filter: usize,
    ) -> [[[L; C]; R]; F] {
        let line: [_; F] = self.bias_line(filter);
        let mut tile = [[line[0]; R]; F];
        for f in 1..F {
            tile[f] = [line[f]; R];
        }
        tile
    }

    #[inline(always)]
    fn bias_line<const F: usize, const C: usize>(&self, filter: usize) -> [[L; C]; F] {
        let proof = self.input[0];
        let mut line = [[proof; C]; F];
        for f in 0..F {
            let bias = self.bias.get(filter + f).copied();
            line[f] = [proof.splat(bias.unwrap_or(0.0)); C];
        }
        line
    }

    #[inline(always)]
    fn store_pooled<const F: usize>(
        &mut self,
        filter: usize,
        row: usize,
        column: usize,
        tile: [[[L; 2]; 2]; F],
    ) {
        let [rows, columns] = self.geometry.pooled_output();
        let relu = self.activation == Activation::Relu;
        for f in 0..F {
            let at = ((filter + f) * rows + row) * columns + column;
            let [[a, b], [c, d]] = tile[f];
            let winner = match self.winners.get_mut(at * L::LANES..(at + 1) * L::LANES) {
                Some(bytes) => bytes,
                None => &mut [],
            };
            self.output[at] = pool_2x2([a, b, c, d], relu, winner);
        }
    }
}

// A kernel of its own, compiled once for all that calls it.
struct EdgeTile<'a, L, const F: usize, const C: usize> {
    geometry: &'a ConvGeometry,
    /// The inputs of the filters' group.
    channels: &'a [L],
    /// filters x taps
    kernels: &'a [f32],
    outputs: [[usize; 2]; C],
    sums: [[L; C]; F],
}

impl<L: Lanes, const F: usize, const C: usize> Kernel for EdgeTile<'_, L, F, C> {
    type Output = [[L; C]; F];

    #[inline(always)]
    fn run(self) -> [[L; C]; F] {
        let mut sums = self.sums;
        let g = self.geometry;
        let [y, x] = self.outputs[0];
        let (rows, columns) = (g.valid_taps(0, y), g.valid_taps(1, x));
        if rows.is_empty() || columns.is_empty() {
            return sums;
        }
        let mut at = [0; C];
        for c in 0..C {
            let [y, x] = self.outputs[c];
            let row = y * g.stride[0] + rows.start * g.dilation[0] - g.padding[0];
            let column = x * g.stride[1] + columns.start * g.dilation[1] - g.padding[1];
            at[c] = row * g.input[1] + column;
        }
        let nest = taps_nest(g, rows.len(), columns.len());
        let first = rows.start * g.kernel[1] + columns.start;
        add_products::<L, Weights, F, C>(
            &nest,
            self.kernels,
            (first, g.taps()),
            self.channels,
            at,
            &mut sums,
        );
        sums
    }
}

/// The taps of a kernel, or of `rows` x `columns` of each channel's, in their order.
#[inline(always)]
fn taps_nest(g: &ConvGeometry, rows: usize, columns: usize) -> Nest {
    Nest::new(
        [g.group_channels(), rows, columns],
        [g.kernel_area() as isize, g.kernel[1] as isize, 1],
        [
            g.input_area() as isize,
            (g.dilation[0] * g.input[1]) as isize,
            g.dilation[1] as isize,
        ],
    )
}
