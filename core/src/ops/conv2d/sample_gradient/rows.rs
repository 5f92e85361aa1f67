//! A list of positions through all channels, whole rows of a kernel at a time.

use super::PositionList;
use crate::ops::conv2d::ConvGeometry;
use core::ops::Range;

/// How rows of a kernel are laid over the positions on a list: one way forth, for the gradient of
/// the weights, or back, for that of the input.
pub(crate) trait TapRows: Copy {
    /// Makes all values +0.
    fn clear(values: &mut [f32]);

    /// For a convolution, and a single row; `back` says which of the two it is for.
    fn choose(back: bool, g: &ConvGeometry) -> Self;

    /// The same for another count of rows.
    fn with_count(self, g: &ConvGeometry, count: usize) -> Self;

    /// The code of a position of whose columns these, one at least, are inside the input.
    fn code(self, columns: &Range<usize>) -> usize;

    /// The code behind the last position.
    fn end(self) -> usize;

    /// Adds the weights of the rows, times the positions' gradients, to the gradient of the input:
    /// of an input, position by position, by kernel row and column.
    ///
    /// `weights` begin with the first row's in the first channel's kernel.
    fn scatter(self, list: &PositionList, maps: &RowMaps, weights: &[f32], d_channels: &mut [f32]);

    /// Adds the inputs under the rows, times the positions' gradients, to the sums of the weights,
    /// position by position.
    ///
    /// `sums` begin with the first row's in the first channel's kernel.
    fn gather(self, list: &PositionList, maps: &RowMaps, channels: &[f32], sums: &mut [f32]);
}

/// Where kernels and channels lie, in values.
pub(crate) struct RowMaps {
    /// Channels of a group.
    pub channels: usize,
    /// From a channel's kernel to the next channel's.
    pub kernel: usize,
    /// From a row of a kernel to the next.
    pub kernel_row: usize,
    /// From a channel to the next.
    pub channel: usize,
    /// From a kernel row's tap in a channel to the next row's.
    pub row: usize,
    /// From a tap in a channel to the one beside it.
    pub column: usize,
}

impl RowMaps {
    pub const fn new(g: &ConvGeometry) -> Self {
        Self {
            channels: g.group_channels(),
            kernel: g.kernel_area(),
            kernel_row: g.kernel[1],
            channel: g.input_area(),
            row: g.dilation[0] * g.input[1],
            column: g.dilation[1],
        }
    }
}

/// For any processor.
#[derive(Clone, Copy)]
pub(crate) struct PortableRows {
    count: usize,
}

/// Bits of a code for the index of the first column; as many for the one behind the last.
const COLUMN_BITS: u32 = usize::BITS / 2;

impl TapRows for PortableRows {
    fn clear(values: &mut [f32]) {
        values.fill(0.0);
    }

    fn choose(_: bool, _: &ConvGeometry) -> Self {
        Self { count: 1 }
    }

    fn with_count(self, _: &ConvGeometry, count: usize) -> Self {
        Self { count }
    }

    fn code(self, columns: &Range<usize>) -> usize {
        columns.start | columns.end << COLUMN_BITS
    }

    fn end(self) -> usize {
        0
    }

    fn scatter(self, list: &PositionList, maps: &RowMaps, weights: &[f32], d_channels: &mut [f32]) {
        for channel in 0..maps.channels {
            let weights = &weights[channel * maps.kernel..];
            let d_channel = &mut d_channels[channel * maps.channel..][..maps.channel];
            self.each_tap(list, maps, |tap, at, gradient| {
                d_channel[at] += weights[tap] * gradient;
            });
        }
    }

    fn gather(self, list: &PositionList, maps: &RowMaps, channels: &[f32], sums: &mut [f32]) {
        for channel in 0..maps.channels {
            let sums = &mut sums[channel * maps.kernel..];
            let channel = &channels[channel * maps.channel..][..maps.channel];
            self.each_tap(list, maps, |tap, at, gradient| {
                sums[tap] += channel[at] * gradient;
            });
        }
    }
}

impl PortableRows {
    /// Calls `visit(tap, index in the channel, gradient)` for all taps of all positions.
    #[inline(always)]
    fn each_tap(
        self,
        list: &PositionList,
        maps: &RowMaps,
        mut visit: impl FnMut(usize, usize, f32),
    ) {
        for position in list.positions() {
            // Behind the last position both are 0.
            let first = position.code & ((1 << COLUMN_BITS) - 1);
            let end = position.code >> COLUMN_BITS;
            let (mut tap, mut at) = (first, position.at / size_of::<f32>());
            for _ in 0..self.count {
                for column in 0..end - first {
                    visit(tap + column, at + column * maps.column, position.gradient);
                }
                tap += maps.kernel_row;
                at += maps.row;
            }
        }
    }
}
