//! Rectangles of outputs of one filter, and of that filter in each of the groups.

use core::ops::Range;

/// Outputs side by side that have the same columns of the kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnRun {
    /// None behind the last run.
    pub columns: u32,
    /// From behind the run before, or behind the last one of the row before, to the first output's first
    /// tap's input, in bytes.
    pub step: i32,
    /// Taps a row.
    pub taps: u16,
    /// The first one's column in the kernel.
    pub first: u16,
}

impl ColumnRun {
    /// Behind the last one.
    pub const END: Self = Self {
        columns: 0,
        step: 0,
        taps: 0,
        first: 0,
    };

    /// As many outputs with these taps, whose step is not known yet.
    pub fn of(columns: usize, taps: &Range<usize>) -> Self {
        Self {
            columns: columns as u32,
            taps: taps.len() as u16,
            first: taps.start as u16,
            ..Self::END
        }
    }
}

/// A filter's rows of taps inside the input, and outputs that have them. Steps are in bytes.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct Rectangle {
    /// The first output's first tap's input, less the first run's step.
    pub input: *const f32,
    pub output: *mut f32,
    /// The first row's, of which a run may lack some.
    pub weights: *const f32,
    /// What sums begin at.
    pub bias: *const f32,
    /// What each row of outputs consists of, and [`ColumnRun::END`].
    pub runs: *mut ColumnRun,
    /// What no output is below of.
    pub floor: f32,
    /// Rows of taps.
    pub kernel_rows: u32,
    pub channels: u32,
    /// From a row of taps to the next one.
    pub pitch: i32,
    pub weight_pitch: i32,
    /// From behind a channel's last row of taps to the next channel.
    pub channel_step: i32,
    pub weight_channel_step: i32,
    /// From an output's inputs to those of the next one.
    pub column_step: i32,
    pub rows: u32,
    /// From behind a row of outputs to the next one.
    pub output_row_step: i32,
    pub groups: u32,
    /// From a group to the next one.
    pub group_step: i32,
    pub output_group_step: i32,
    pub weight_group_step: i32,
    pub bias_step: i32,
    /// The loops' own.
    pub own: [u32; 3],
}

impl Rectangle {
    /// Most taps a row.
    pub const COLUMNS: usize = 7;
    /// Computes the outputs.
    ///
    /// # Safety
    ///
    /// There is at least one group, channel, row of taps and row of outputs; each run has at least one
    /// output and tap, and at most [`Self::COLUMNS`] taps; every address that the loops come to and
    /// every weight of the rows may be read, every output written.
    #[inline(always)]
    pub unsafe fn run(&mut self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the loops read and write what the caller vouches for.
        unsafe {
            super::single_filter::rectangles(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::rectangle(self);
        }
    }
}
