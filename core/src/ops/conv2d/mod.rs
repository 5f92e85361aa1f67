//! Two-dimensional convolution.
//!
//! Tensors are C x H x W packets; weights are filters x (channels / groups) x rows x columns.

mod channels_last;
mod depthwise;
#[allow(dead_code, reason = "a planner may ask for all of them")]
mod facts;
mod forward;
mod gather;
mod input_gradient;
pub(crate) mod int8;
mod met_positions;
mod parameter_gradient;
mod places;
mod pooled_gradient;
mod positions;
pub mod reference;
mod sample_gradient;
pub(crate) mod scalar;
mod segments;
mod taps;

pub use channels_last::ConvChannelsLast;
pub(crate) use channels_last::{Arrangement, ConvInPackets, is_per_lane, needs_spreading, spread};
#[allow(unused_imports, reason = "a planner may ask for all of them")]
pub(crate) use facts::{
    FILTER_BLOCK, FILTER_PAIR, group_values, sample_scratch, splits_windows, training_scratch,
};
pub(crate) use forward::ConvForward;
pub(crate) use input_gradient::ConvInputGradient;
pub(crate) use int8::Int8Conv;
#[cfg(test)]
pub(crate) use int8::block_scale::BlockScale;
pub(crate) use int8::block_scale::FilterScales;
pub(crate) use int8::float_scale::{FilterScale, float_zero};
pub(crate) use int8::one_position::OnePosition;
pub(crate) use int8::packets::{PacketConv, Stack};
pub(crate) use int8::quads::{QuadGeometry, QuadPlaces};
pub(crate) use parameter_gradient::{ConvParameterGradient, Gradient, Spread};
pub(crate) use pooled_gradient::PooledParameterGradient;
pub(crate) use sample_gradient::{ConvSampleGradient, SampleOutputGradient};
#[allow(unused_imports, reason = "what kernels for one target are made of")]
pub(crate) use sample_gradient::{
    PointwiseTiles, PortableRows, PortableTiles, PositionList, RowMaps, StridedRows, TapPosition,
    TapRows,
};
pub(crate) use scalar::ScalarForward;

use crate::{Conv2d, Shape};
use core::ops::Range;

/// Extents of a convolution, all in elements.
#[derive(Clone, Copy, Debug)]
pub struct ConvGeometry {
    /// Input channels.
    pub channels: usize,
    /// Input rows and columns.
    pub input: [usize; 2],
    /// Output channels.
    pub filters: usize,
    /// Output rows and columns; kernels may be given fewer than the convolution has.
    pub output: [usize; 2],
    /// Kernel rows and columns.
    pub kernel: [usize; 2],
    /// Steps between outputs.
    pub stride: [usize; 2],
    /// Rows above, and columns before, the input; those below and behind it follow from the
    /// output's extent.
    pub padding: [usize; 2],
    /// Steps between the kernel's taps.
    pub dilation: [usize; 2],
    /// Independent groups.
    pub groups: usize,
}

impl ConvGeometry {
    /// The geometry of `conv` between an input and an output of the given shapes.
    pub const fn new(conv: &Conv2d, input: Shape, output: Shape) -> Self {
        Self {
            channels: input.channels as usize,
            input: [input.height as usize, input.width as usize],
            filters: conv.filters as usize,
            output: [output.height as usize, output.width as usize],
            kernel: [conv.kernel[0] as usize, conv.kernel[1] as usize],
            stride: [conv.stride[0] as usize, conv.stride[1] as usize],
            padding: [conv.padding.top as usize, conv.padding.left as usize],
            dilation: [conv.dilation[0] as usize, conv.dilation[1] as usize],
            groups: conv.groups as usize,
        }
    }

    /// The convolution that gives a single row of its output, and how many rows of the input lie above
    /// those that it reads.
    pub(crate) const fn of_row(&self, row: usize) -> (Self, usize) {
        let above = (row * self.stride[0]).saturating_sub(self.padding[0]);
        let above = if above < self.input[0] {
            above
        } else {
            self.input[0]
        };
        let mut own = *self;
        own.input[0] -= above;
        own.padding[0] = self.padding[0].saturating_sub(row * self.stride[0]);
        own.output[0] = 1;
        (own, above)
    }

    /// Input channels each filter sees.
    pub const fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    /// Whether a kernel sees padding behind the last row (axis 0) or column (axis 1).
    pub(crate) const fn sees_padding_behind(&self, axis: usize) -> bool {
        let last = (self.output[axis] - 1) * self.stride[axis];
        let seen = last + (self.kernel[axis] - 1) * self.dilation[axis];
        seen >= self.padding[axis] + self.input[axis]
    }

    /// Filters of a group.
    pub const fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Kernel rows times columns.
    pub const fn kernel_area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Weights of one filter.
    pub const fn taps(&self) -> usize {
        self.group_channels() * self.kernel_area()
    }

    /// Values of one input channel.
    pub const fn input_area(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Rows and columns of the maps behind a pool of 2x2.
    pub const fn pooled_output(&self) -> [usize; 2] {
        [self.output[0] / 2, self.output[1] / 2]
    }

    /// Values of one output channel.
    pub const fn output_area(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Whether the kernel is 3 x 3 and its taps are side by side.
    pub(crate) const fn is_3x3(&self) -> bool {
        self.kernel[0] == 3 && self.kernel[1] == 3 && !self.is_dilated()
    }

    /// Whether it moves by one, too: the case with unrolled tiles.
    pub(crate) const fn is_plain_3x3(&self) -> bool {
        self.is_3x3() && self.stride[0] == 1 && self.stride[1] == 1
    }

    /// Whether each output is made of the input's values at its own place.
    pub(crate) const fn is_pointwise(&self) -> bool {
        self.kernel_area() == 1
            && self.stride[0] == 1
            && self.stride[1] == 1
            && self.padding[0] == 0
            && self.padding[1] == 0
            && self.output[0] == self.input[0]
            && self.output[1] == self.input[1]
    }

    /// Whether the kernel's taps are further apart than neighbours, one way or the other.
    pub(crate) const fn is_dilated(&self) -> bool {
        self.dilation[0] != 1 || self.dilation[1] != 1
    }

    /// Along `axis`, the kernel's taps that fall inside the input for output `at`; empty, wherever
    /// it begins, where none does.
    pub(crate) const fn valid_taps(&self, axis: usize, at: usize) -> Range<usize> {
        let start = at * self.stride[axis];
        let mut first = self.padding[axis].saturating_sub(start);
        let mut end = (self.input[axis] + self.padding[axis]).saturating_sub(start);
        // A division costs a microcontroller as much as several taps.
        if self.dilation[axis] != 1 {
            first = first.div_ceil(self.dilation[axis]);
            end = end.div_ceil(self.dilation[axis]);
        }
        let last = if end < self.kernel[axis] {
            end
        } else {
            self.kernel[axis]
        };
        first..last
    }

    /// Along `axis`, the outputs whose taps all fall inside the input, side by side: none where
    /// the kernel is dilated that way.
    pub(crate) const fn interior(&self, axis: usize) -> Range<usize> {
        if self.dilation[axis] != 1 {
            return 0..0;
        }
        let first = self.padding[axis].div_ceil(self.stride[axis]);
        let reach = self.input[axis] + self.padding[axis];
        let end = if reach < self.kernel[axis] {
            0
        } else {
            (reach - self.kernel[axis]) / self.stride[axis] + 1
        };
        let end = if end < self.output[axis] {
            end
        } else {
            self.output[axis]
        };
        if first < end { first..end } else { end..end }
    }
}

#[cfg(test)]
mod tests;
