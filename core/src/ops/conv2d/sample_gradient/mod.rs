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
//!
//! Positions are put on short lists, and [`TapRows`] takes a list through all channels, whole rows
//! of a kernel at a time. A convolution whose kernel is a single tap is a product of matrices, and
//! is computed in tiles ([`pointwise`]).

mod list;
mod output_row;
mod pointwise;
mod rows;

pub(crate) use list::{PositionList, TapPosition};
pub(crate) use pointwise::{PointwiseTiles, PortableTiles, StridedRows, TILE as POINTWISE_TILE};
pub(crate) use rows::{PortableRows, RowMaps, TapRows};

use super::ConvGeometry;
use crate::ops::tensor::Tensor;
use core::ops::Range;

/// The gradient of a convolution's output, one sample's.
#[derive(Clone, Copy)]
pub(crate) enum SampleOutputGradient<'a> {
    /// filters x rows x columns
    Whole(&'a [f32]),
    /// filters x half the rows x half the columns, and which value of its window each belongs to.
    Pooled(&'a [f32], &'a [u8]),
    /// One value for each filter's map, and a bit for each of filters x rows x columns that says
    /// whether it has that value or 0; no bits where all have.
    Mapped(&'a [f32], &'a [u8]),
}

/// Gradients of a convolution's input, weights and biases.
pub(crate) struct ConvSampleGradient<'a> {
    /// Its output extent is twice the pooled one behind a pool.
    pub geometry: ConvGeometry,
    /// channels x rows x columns. Not read, and may be anything, where the weights are frozen.
    pub input: &'a [f32],
    pub d_output: SampleOutputGradient<'a>,
    /// Empty where it is not wanted.
    pub d_input: &'a mut [f32],
    /// filters x (channels / groups) x rows x columns
    pub weights: Tensor<'a>,
    /// Of length 0 where there are no biases.
    pub bias: Tensor<'a>,
    /// [`sample_scratch`](super::sample_scratch) values; empty where the weights are frozen.
    pub scratch: &'a mut [f32],
}

#[cfg(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
))]
use crate::cortex_m::{LoopedRows as TargetRows, PointwiseLoops as TargetTiles};
#[cfg(not(all(
    target_arch = "arm",
    target_abi = "eabihf",
    not(target_has_atomic = "64")
)))]
use {PortableRows as TargetRows, PortableTiles as TargetTiles};

impl ConvSampleGradient<'_> {
    /// Runs the kernels of this target.
    pub fn run(self) {
        self.run_by::<TargetRows, TargetTiles>();
    }

    /// Runs these kernels.
    pub fn run_by<R: TapRows, T: PointwiseTiles>(self) {
        let is_pooled = matches!(self.d_output, SampleOutputGradient::Pooled(..));
        if self.geometry.is_pointwise() && !is_pooled {
            self.run_tiles::<T>();
        } else {
            self.run_rows::<R>();
        }
    }

    fn run_rows<R: TapRows>(mut self) {
        R::clear(self.d_input);
        let biased = !self.bias.is_frozen() && !self.bias.values().is_empty();
        let mut list = PositionList::new();
        for filter in 0..self.geometry.filters {
            if !self.d_input.is_empty() {
                self.scatter::<R>(filter, &mut list);
            }
            let bias = if !self.weights.is_frozen() {
                self.gather::<R>(filter, &mut list)
            } else if biased {
                self.d_output.sum(&self.geometry, filter)
            } else {
                continue;
            };
            if biased {
                self.bias.take(filter, &[bias]);
            }
        }
    }

    /// Adds a filter's gradients, times its weights, to the input's.
    fn scatter<R: TapRows>(&mut self, filter: usize, list: &mut PositionList) {
        let g = &self.geometry;
        let weights = &self.weights.values()[filter * g.taps()..][..g.taps()];
        let d_channels = &mut self.d_input[group_range(g, filter)];
        let (rows, maps) = (R::choose(true, g), RowMaps::new(g));
        list.each::<R, true>(g, rows, &self.d_output, filter, |list, rows, tap| {
            rows.scatter(list, &maps, &weights[tap..], d_channels);
        });
    }

    /// Sums the gradient of a filter's weights, hands it on, and gives its bias's.
    fn gather<R: TapRows>(&mut self, filter: usize, list: &mut PositionList) -> f32 {
        let g = &self.geometry;
        let channels = &self.input[group_range(g, filter)];
        let sums = &mut *self.scratch;
        sums.fill(0.0);
        let (rows, maps) = (R::choose(false, g), RowMaps::new(g));
        let bias = list.each::<R, false>(g, rows, &self.d_output, filter, |list, rows, tap| {
            rows.gather(list, &maps, channels, &mut sums[tap..]);
        });
        self.weights.take(filter * g.taps(), sums);
        bias
    }
}

/// The input channels that a filter sees.
fn group_range(g: &ConvGeometry, filter: usize) -> Range<usize> {
    let len = g.group_channels() * g.input_area();
    let start = filter / g.group_filters() * len;
    start..start + len
}
