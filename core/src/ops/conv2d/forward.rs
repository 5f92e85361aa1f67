//! ConvForward pass: tiles of filters x rows x columns held in registers, with the activation and the
//! pool behind the convolution applied before anything is stored.

use super::gather::Gather;
use super::segments::Direction;
use super::{ConvGeometry, accumulate};
use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::Activation;
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
    ($self:ident, $filters:ident, $method:ident $(:: <$($constant:literal),+>)? ($($argument:expr),*)) => {{
        let mut filter = $filters.start;
        if L::REGISTERS >= 32 {
            while filter + 4 <= $filters.end {
                $self.$method::<4 $($(, $constant)+)?>(filter, $($argument),*);
                filter += 4;
            }
        }
        while filter + 2 <= $filters.end {
            $self.$method::<2 $($(, $constant)+)?>(filter, $($argument),*);
            filter += 2;
        }
        if filter < $filters.end {
            $self.$method::<1 $($(, $constant)+)?>(filter, $($argument),*);
        }
    }};
}

impl<L: Lanes> ConvForward<'_, L> {
    #[inline(always)]
    fn pooled_row(&mut self, channels: &[L], filters: &Range<usize>, row: usize) {
        let g = self.geometry;
        let (rows, columns) = (g.interior(0), g.interior(1));
        let inside_row = rows.start <= 2 * row && 2 * row + 2 <= rows.end;
        for column in 0..g.output[1] / 2 {
            if inside_row && columns.start <= 2 * column && 2 * column + 2 <= columns.end {
                each_filter_tile!(self, filters, pooled_tile(channels, row, column));
            } else {
                each_filter_tile!(self, filters, pooled_edge(channels, row, column));
            }
        }
    }

    #[inline(always)]
    fn pooled_tile<const F: usize>(
        &mut self,
        filter: usize,
        channels: &[L],
        row: usize,
        column: usize,
    ) {
        let tile = self.tile::<F, 2, 2>(channels, filter, 2 * row, 2 * column);
        self.store_pooled(filter, row, column, tile);
    }

    #[inline(always)]
    fn pooled_edge<const F: usize>(
        &mut self,
        filter: usize,
        channels: &[L],
        row: usize,
        column: usize,
    ) {
        let mut tile: [[[L; 2]; 2]; F] = self.bias_tile(filter);
        for r in 0..2 {
            for c in 0..2 {
                let values = self.edge::<F>(channels, filter, 2 * row + r, 2 * column + c);
                for f in 0..F {
                    tile[f][r][c] = values[f];
                }
            }
        }
        self.store_pooled(filter, row, column, tile);
    }

    /// `F` filters x `R` rows x `C` columns of outputs on their group's `channels`, all of whose taps are inside the input.
    #[inline(always)]
    fn tile<const F: usize, const R: usize, const C: usize>(
        &self,
        channels: &[L],
        filter: usize,
        y: usize,
        x: usize,
    ) -> [[[L; C]; R]; F] {
        let g = &self.geometry;
        let start = self.bias_tile(filter);
        let corner = (y * g.stride[0] - g.padding[0]) * g.input[1] + x * g.stride[1] - g.padding[1];
        let kernels = accumulate::rows::<F>(self.weights, filter, g.taps());
        if g.is_plain_3x3() {
            accumulate::tile_3x3(g, channels, corner, kernels, start)
        } else {
            accumulate::tile(g, channels, corner, kernels, start)
        }
    }

    /// One output of `F` filters where some taps are in the padding.
    #[inline(always)]
    fn edge<const F: usize>(&self, channels: &[L], filter: usize, y: usize, x: usize) -> [L; F] {
        let g = &self.geometry;
        let start: [[[L; 1]; 1]; F] = self.bias_tile(filter);
        let kernels = accumulate::rows::<F>(self.weights, filter, g.taps());
        accumulate::edge(g, channels, [y, x], kernels, start.map(|[[value]]| value))
    }

    #[inline(always)]
    fn bias_tile<const F: usize, const R: usize, const C: usize>(
        &self,
        filter: usize,
    ) -> [[[L; C]; R]; F] {
        let proof = self.input[0];
        let mut tile = [[[proof; C]; R]; F];
        for f in 0..F {
            let bias = self.bias.get(filter + f).copied();
            tile[f] = [[proof.splat(bias.unwrap_or(0.0)); C]; R];
        }
        tile
    }

    #[inline(always)]
    fn store_pooled<const F: usize>(
        &mut self,
        filter: usize,
        row: usize,
        column: usize,
        tile: [[[L; 2]; 2]; F],
    ) {
        let [rows, columns] = self.geometry.output.map(|extent| extent / 2);
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
