//! What the loops go through that add one channel's products to all outputs, then the next one's, with at most
//! 4 x 4 weights in registers.

use core::ops::Range;

/// Bytes of the code for a row of taps, and of each product.
#[cfg(target_arch = "arm")]
const ROW_CODE: [usize; 2] = [6, if cfg!(feature = "slow-vmla") { 8 } else { 4 }];
/// Bytes of the code that takes up a row of weights.
#[cfg(target_arch = "arm")]
const TAKE_CODE: usize = 8;

/// What the loops do next.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct PassCall {
    /// From the channel to the first output's first tap's input, in bytes; or what else the code takes.
    pub offset: i32,
    /// Where its code begins.
    pub code: u32,
    /// Where the code goes on, past the rows that the loops have and the outputs have not.
    pub rows: u32,
}

/// Codes, by their places in the loops' table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PassCode(pub usize);

impl PassCode {
    /// The list's end.
    pub const END: Self = Self(0);
    /// Moves the outputs' address by the offset.
    pub const SKIP: Self = Self(1);
    /// Weights from the offset on.
    pub const WEIGHTS: Self = Self(2);

    /// What takes up the sums of so many outputs side by side.
    pub fn sums(outputs: usize) -> Self {
        Self(2 + outputs)
    }
}

#[cfg(target_arch = "arm")]
impl PassCode {
    /// What takes up weights of so many columns.
    fn take(columns: usize) -> Self {
        Self(6 + columns)
    }

    /// The rows of one output with these columns of the kernel, of which there are some.
    fn one(columns: &Range<usize>) -> Self {
        Self(10 + columns.len() + 4 * columns.start)
    }

    /// The rows of two outputs to four, in the table of their stride, with so many columns.
    fn line(outputs: usize, columns: usize) -> Self {
        Self(3 * columns + outputs - 5)
    }
}

/// Filters, each of a group of its own, and all outputs of theirs on a list. Steps are in bytes.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ChannelPass {
    /// The first group's first channel.
    pub input: *const f32,
    /// The first filter's first output on the list.
    pub output: *mut f32,
    pub weights: *const f32,
    /// What sums begin at.
    pub bias: *const f32,
    /// From a group to the next one: of inputs, outputs, weights and biases.
    pub group_steps: [i32; 4],
    pub groups: u32,
    /// Outputs on the list, one behind the other.
    pub outputs: u32,
    pub channels: u32,
    /// Ends with [`PassCode::END`].
    pub calls: *const PassCall,
    /// What no output is below of: 0 for a ReLU, else minus infinity.
    pub floor: f32,
    /// From a row of taps to the next one.
    pub pitch: i32,
    pub weight_pitch: i32,
    /// From a channel to the next one.
    pub channel_step: i32,
    pub weight_channel_step: i32,
}

impl ChannelPass {
    /// Computes the outputs.
    ///
    /// # Safety
    ///
    /// There is a group and a channel, and the list ends. Weights are on it before outputs, and the rows
    /// that were taken up last are those of outputs from their first row on. Every address that the list
    /// comes to may be read, every output read and written.
    #[inline(always)]
    pub unsafe fn run(&mut self) {
        // SAFETY: the caller's.
        #[cfg(target_arch = "arm")]
        unsafe {
            super::pass_loops::pass(self);
        }
        // SAFETY: the caller's.
        #[cfg(not(target_arch = "arm"))]
        unsafe {
            super::emulated_pass::pass(self);
        }
    }
}

/// Where the codes are.
#[derive(Clone, Copy)]
pub(super) struct PassTable {
    #[cfg(target_arch = "arm")]
    codes: *const i16,
    #[cfg(target_arch = "arm")]
    lines: *const i16,
    #[cfg(not(target_arch = "arm"))]
    stride: usize,
}

impl PassTable {
    /// With lines of this stride.
    #[cfg(target_arch = "arm")]
    pub fn new(stride: usize) -> Self {
        use super::{pass_lines, pass_loops};
        // SAFETY: without filters the loops only say where their table is, and so do the lines always.
        unsafe {
            Self {
                codes: pass_loops::pass(core::ptr::null_mut()),
                lines: match stride {
                    1 => pass_lines::close(),
                    2 => pass_lines::alternate(),
                    _ => pass_lines::distant(),
                },
            }
        }
    }

    /// With lines of this stride.
    #[cfg(not(target_arch = "arm"))]
    pub fn new(stride: usize) -> Self {
        Self { stride }
    }

    /// The address of a code that has no rows.
    pub fn code(self, code: PassCode) -> u32 {
        #[cfg(target_arch = "arm")]
        return address(self.codes, code, 0);
        #[cfg(not(target_arch = "arm"))]
        return code.0 as u32;
    }

    /// Where outputs side by side with these columns go on past some rows.
    pub fn rows(self, outputs: usize, columns: &Range<usize>, past: usize) -> u32 {
        #[cfg(target_arch = "arm")]
        {
            let past = past * (ROW_CODE[0] + outputs * columns.len() * ROW_CODE[1]);
            if outputs == 1 {
                return address(self.codes, PassCode::one(columns), past);
            }
            address(self.lines, PassCode::line(outputs, columns.len()), past)
        }
        #[cfg(not(target_arch = "arm"))]
        super::emulated_pass::rows(self.stride, outputs, columns, past)
    }

    /// What takes up weights of so many columns, past some rows.
    pub fn take(self, columns: usize, past: usize) -> u32 {
        #[cfg(target_arch = "arm")]
        return address(self.codes, PassCode::take(columns), past * TAKE_CODE);
        #[cfg(not(target_arch = "arm"))]
        super::emulated_pass::rows(0, 0, &(0..columns), past)
    }
}

/// The address that a place in a table leads to, so many bytes further on.
#[cfg(target_arch = "arm")]
fn address(table: *const i16, code: PassCode, past: usize) -> u32 {
    // SAFETY: the table has a place for each code that there is.
    let own = unsafe { *table.add(code.0) };
    table.addr().wrapping_add_signed(own.into()) as u32 + past as u32
}
