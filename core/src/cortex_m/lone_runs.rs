//! Runs of outputs that are computed by themselves.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::{ColumnRun, Rectangle};
use core::ops::Range;

impl<const PARTS: u8> FilterBlock<'_, PARTS> {
    /// All outputs in these rows and columns, one at a time, of filters that are in no tile. The rows have the
    /// block's rows of the kernel, of which there are some, and the columns consist of these runs, each of which
    /// has taps, but the last one, which is another's or the end.
    #[inline(never)]
    pub fn lone_runs(
        &mut self,
        [rows, columns]: [Range<usize>; 2],
        runs: &mut [ColumnRun],
        target: &OutputPlaces,
    ) {
        let end = runs.len() - 1;
        let kept = (runs[end], runs[0].step);
        runs[end] = ColumnRun::END;
        let first = usize::from(runs[0].first);
        self.taps[1] = first..first;
        let step = self.row_step(columns.len(), first, usize::from(runs[end - 1].first));
        runs[0].step = step;
        let input = self
            .first_input(rows.start, columns.start)
            .wrapping_byte_offset(-step as isize);
        let place = target.place(rows.start, columns.start);
        let row = self.taps[0].start * self.geometry.kernel[1];
        let mut work = self.rectangle([rows.len(), columns.len()], runs.as_mut_ptr(), target);
        for filter in self.few_filters() {
            work.input = input;
            work.output = target.of(filter, place);
            let weights = filter * self.geometry.taps() + row;
            work.weights = self.weights.wrapping_add(weights);
            work.bias = self.bias_of(filter);
            // SAFETY: all these outputs' taps are inside the input, and the target has each of them in
            // each of the groups; buffers are whole. Behind the runs is their end.
            unsafe { work.run() }
        }
        (runs[end], runs[0].step) = kept;
    }

    /// Bytes from behind the last of so many outputs of a row to the next row, from the last run's first tap to
    /// the first one's.
    fn row_step(&self, outputs: usize, first: usize, last: usize) -> i32 {
        let g = self.geometry;
        let back = bytes(first).wrapping_sub(bytes(last));
        bytes(g.stride[0] * g.input[1]) - bytes(outputs * g.stride[1]) + back
    }

    /// So many rows and columns of outputs, in each of the groups, that have the block's rows of taps; where they
    /// begin is to be said.
    fn rectangle(
        &self,
        [rows, columns]: [usize; 2],
        runs: *mut ColumnRun,
        target: &OutputPlaces,
    ) -> Rectangle {
        let g = self.geometry;
        let (area, kernel) = (bytes(g.input_area()), bytes(g.kernel_area()));
        let (mut kernel_rows, mut channels) = (self.taps[0].len(), g.group_channels());
        let mut pitch = bytes(g.dilation[0] * g.input[1]);
        let mut weight_pitch = bytes(g.kernel[1]);
        if kernel_rows == 1 {
            // The channels' rows as rows of one channel.
            (kernel_rows, channels) = (channels, 1);
            (pitch, weight_pitch) = (area, kernel);
        }
        let down = kernel_rows as i32;
        let filters = g.group_filters();
        Rectangle {
            input: self.input,
            output: target.first,
            weights: self.weights,
            bias: self.input,
            runs,
            floor: self.sweep.floor,
            kernel_rows: kernel_rows as u32,
            channels: channels as u32,
            pitch,
            weight_pitch,
            channel_step: area - down * pitch,
            weight_channel_step: kernel - down * weight_pitch,
            column_step: bytes(g.stride[1]),
            rows: rows as u32,
            output_row_step: bytes(target.pitch - columns),
            groups: self.groups as u32,
            group_step: bytes(self.group_values()),
            output_group_step: bytes(filters * target.map),
            weight_group_step: bytes(filters * g.taps()),
            bias_step: bytes(filters * self.bias_step()),
            own: [0; 3],
        }
    }
}
