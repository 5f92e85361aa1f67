//! Rectangles of outputs of one filter, and of that filter in each of the groups.

/// A filter's taps inside the input, and a rectangle of outputs that have them. Steps are in bytes.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct Rectangle {
    /// The first output's first tap's input.
    pub input: *const f32,
    pub output: *mut f32,
    pub weights: *const f32,
    /// What sums begin at.
    pub bias: *const f32,
    /// What no output is below of.
    pub floor: f32,
    pub kernel_rows: u32,
    /// Side by side.
    pub kernel_columns: u32,
    pub channels: u32,
    /// From a row of taps to the next one.
    pub pitch: i32,
    pub weight_pitch: i32,
    /// From behind a channel's last row of taps to the next channel.
    pub channel_step: i32,
    pub weight_channel_step: i32,
    /// From an output's inputs to those of the next one.
    pub column_step: i32,
    pub columns: u32,
    pub rows: u32,
    /// From behind a row of outputs to the next one.
    pub row_step: i32,
    pub output_row_step: i32,
    pub groups: u32,
    /// From a group to the next one.
    pub group_step: i32,
    pub output_group_step: i32,
    pub weight_group_step: i32,
    pub bias_step: i32,
    /// The loops' own.
    pub own: u32,
}

impl Rectangle {
    /// Most taps a row.
    pub const COLUMNS: usize = 7;
    /// Rows and columns of the largest kernel whose weights fit into registers.
    #[cfg(target_arch = "arm")]
    const KEPT: usize = 4;

    /// Computes the outputs.
    ///
    /// # Safety
    ///
    /// There is at least one output, group, channel and tap, and at most [`Self::COLUMNS`] a row;
    /// every address that the loops come to may be read, every output written.
    #[inline(always)]
    pub unsafe fn run(&mut self) {
        debug_assert!((1..=Self::COLUMNS).contains(&(self.kernel_columns as usize)));
        #[cfg(target_arch = "arm")]
        {
            let rows = self.kernel_rows.max(self.kernel_columns) as usize;
            let run = if self.channels == 1 && rows <= Self::KEPT {
                super::depthwise::rectangles
            } else {
                super::single_filter::rectangles
            };
            // SAFETY: the loops read and write what the caller vouches for.
            unsafe { run(self) }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::rectangle(self);
        }
    }
}
