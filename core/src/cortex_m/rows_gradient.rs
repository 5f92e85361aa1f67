//! Rows of a kernel over a list of positions, for the gradients of a convolution.
//!
//! A loop is made for one number of columns and of rows of a kernel, whose weights, or sums of
//! gradients, stay in registers while a list is gone through. The code of a [`TapPosition`] is the
//! address of a *body*: what is to be done with a position that has all of the columns, or only the
//! first or the last of them. A body ends with a jump to the next position's, so that none is asked
//! what it has, and behind the list lies the address of what ends the loop for a channel.

mod assembly;
mod table;

use crate::ops::conv2d::{ConvGeometry, PortableRows, PositionList, RowMaps, TapPosition, TapRows};
use core::ops::Range;
use table::find;

/// What a loop works on. Steps are in bytes.
#[repr(C)]
struct RowWork {
    positions: *const TapPosition,
    /// The first channel.
    channel: *const f32,
    /// The rows of the first channel's kernel.
    kernel: *const f32,
    row_step: usize,
    channel_step: usize,
    kernel_step: usize,
    channels: usize,
}

/// A loop, and how often it is run for all rows.
#[derive(Clone, Copy)]
pub(crate) struct RowLoops {
    run: unsafe extern "C" fn(*const RowWork),
    /// Addresses of the bodies: for the first columns, from one to all; for the last, from all but
    /// one to one; and of what ends the loop.
    codes: *const usize,
    back: bool,
    columns: usize,
    /// Rows of one run.
    rows: usize,
    runs: usize,
}

/// Values that are cleared at a time.
const CLEARED: usize = 16;

// SAFETY: the assembly defines these names, with these arguments.
unsafe extern "C" {
    fn kiln_clear(values: *mut f32, blocks: usize);
}

/// Most columns of a kernel.
const COLUMNS: usize = 7;

/// For any convolution: loops where there are some, else what every processor can do.
#[derive(Clone, Copy)]
pub(crate) enum LoopedRows {
    Loops(RowLoops),
    Portable(PortableRows),
}

impl TapRows for LoopedRows {
    fn clear(values: &mut [f32]) {
        let (blocks, rest) = values.as_chunks_mut::<CLEARED>();
        if !blocks.is_empty() {
            // SAFETY: so many blocks.
            unsafe { kiln_clear(blocks.as_mut_ptr().cast(), blocks.len()) };
        }
        rest.fill(0.0);
    }

    fn choose(back: bool, g: &ConvGeometry) -> Self {
        if has_loops(g) {
            Self::Loops(find(back, g.kernel[1], 1))
        } else {
            Self::Portable(PortableRows::choose(back, g))
        }
    }

    fn with_count(self, g: &ConvGeometry, count: usize) -> Self {
        match self {
            Self::Loops(own) if count == own.rows * own.runs => self,
            Self::Loops(own) => Self::Loops(find(own.back, own.columns, count)),
            Self::Portable(own) => Self::Portable(own.with_count(g, count)),
        }
    }

    fn code(self, columns: &Range<usize>) -> usize {
        match self {
            Self::Loops(own) => own.code(columns),
            Self::Portable(own) => own.code(columns),
        }
    }

    fn end(self) -> usize {
        match self {
            // SAFETY: the last of twice as many addresses as there are columns.
            Self::Loops(own) => unsafe { *own.codes.add(2 * own.columns - 1) },
            Self::Portable(own) => own.end(),
        }
    }

    fn scatter(self, list: &PositionList, maps: &RowMaps, weights: &[f32], d_channels: &mut [f32]) {
        match self {
            Self::Loops(own) => {
                own.check(list, maps, d_channels.len(), weights.len());
                // SAFETY: checked.
                unsafe { own.run_all(list, maps, d_channels.as_mut_ptr(), weights.as_ptr()) };
            }
            Self::Portable(own) => own.scatter(list, maps, weights, d_channels),
        }
    }

    fn gather(self, list: &PositionList, maps: &RowMaps, channels: &[f32], sums: &mut [f32]) {
        match self {
            Self::Loops(own) => {
                own.check(list, maps, channels.len(), sums.len());
                // SAFETY: checked.
                unsafe { own.run_all(list, maps, channels.as_ptr(), sums.as_mut_ptr()) };
            }
            Self::Portable(own) => own.gather(list, maps, channels, sums),
        }
    }
}

/// Whether there are loops for all positions of a convolution.
fn has_loops(g: &ConvGeometry) -> bool {
    let columns = g.kernel[1];
    if columns > COLUMNS || columns > 1 && g.dilation[1] != 1 {
        return false;
    }
    // There is no body for a position that lacks the first columns and the last, too: nothing that
    // lacks the first may reach beyond the end.
    let Some(before) = g.padding[1].checked_sub(1) else {
        return true;
    };
    let last = (before / g.stride[1]).min(g.output[1].saturating_sub(1));
    last * g.stride[1] + columns <= g.input[1] + g.padding[1]
}

impl RowLoops {
    fn code(self, columns: &Range<usize>) -> usize {
        assert!(columns.start < columns.end && columns.end <= self.columns);
        let body = if columns.start == 0 {
            columns.end - 1
        } else {
            self.columns - 1 + columns.start
        };
        // SAFETY: there are bodies for each first and each last columns, as many as there are
        // columns, less one.
        unsafe { *self.codes.add(body) }
    }

    /// Checks that no body reaches beyond a channel, nor a channel or kernel beyond the slices.
    fn check(self, list: &PositionList, maps: &RowMaps, channels: usize, kernels: usize) {
        let rows = self.rows * self.runs;
        let is_inside = maps.channels > 0
            && list.reach() + (rows - 1) * maps.row <= maps.channel
            && maps.channels * maps.channel <= channels
            && (maps.channels - 1) * maps.kernel + rows * self.columns <= kernels;
        assert!(is_inside, "a convolution's buffers are cut off");
    }

    /// Runs all rows.
    ///
    /// # Safety
    ///
    /// [`check`](Self::check)ed, and the list has this loop's codes.
    unsafe fn run_all(
        self,
        list: &PositionList,
        maps: &RowMaps,
        channels: *const f32,
        kernels: *const f32,
    ) {
        for run in 0..self.runs {
            let rows = run * self.rows;
            let work = RowWork {
                positions: list.positions().as_ptr(),
                // SAFETY: in the first channel, and in its kernel.
                channel: unsafe { channels.add(rows * maps.row) },
                // SAFETY: the same.
                kernel: unsafe { kernels.add(rows * self.columns) },
                row_step: maps.row * size_of::<f32>(),
                channel_step: maps.channel * size_of::<f32>(),
                kernel_step: maps.kernel * size_of::<f32>(),
                channels: maps.channels,
            };
            // SAFETY: the loop reads and writes what was checked, as far as its bodies reach.
            unsafe { (self.run)(&work) };
        }
    }
}
