//! What the loops for filters over one channel go through, of at most 4 x 4 taps, which stay in registers.

use core::ops::Range;

/// Bytes of the code for a row of taps, and of each tap.
#[cfg(target_arch = "arm")]
const ROW_CODE: [usize; 2] = [6, if cfg!(feature = "slow-vmla") { 8 } else { 4 }];
/// Bytes of the code that takes up a row of weights.
#[cfg(target_arch = "arm")]
const TAKE_CODE: usize = 8;

/// What the loops do next.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptCall {
    /// From the channel to the output's first tap's input, in bytes; or what else the code takes.
    pub offset: i32,
    /// Where its code begins.
    pub code: u32,
}

/// Codes, by their places in the loops' table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptCode(pub usize);

impl KeptCode {
    /// The list's end.
    pub const END: Self = Self(14);
    /// The end of a row of outputs; the offset leads to the next one.
    pub const ROW_END: Self = Self(15);
    /// Weights; the offset is the code that takes them up, the next call's offset where they begin.
    pub const WEIGHTS: Self = Self(16);

    /// An output with these columns of the kernel.
    pub fn output(columns: &Range<usize>) -> Self {
        Self(match columns.len() {
            0 => 0,
            taps => taps + 4 * columns.start,
        })
    }

    /// What takes up weights of so many columns.
    pub fn take(columns: usize) -> Self {
        Self(16 + columns)
    }
}

/// Filters, one after the other, that have an input channel each. Steps are in bytes.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct KeptFilters {
    /// The first filter's channel.
    pub input: *const f32,
    /// The first filter's first output on the list.
    pub output: *mut f32,
    pub weights: *const f32,
    /// What sums begin at.
    pub bias: *const f32,
    /// Ends with [`KeptCode::END`].
    pub calls: *const KeptCall,
    /// What no output is below of.
    pub floor: f32,
    /// From a row of taps to the next one.
    pub pitch: i32,
    pub weight_pitch: i32,
    pub filters: u32,
    /// From a filter's channel to the next one's.
    pub input_step: i32,
    /// From behind a filter's last output to the next one's first.
    pub output_step: i32,
    pub weight_step: i32,
    pub bias_step: i32,
}

impl KeptFilters {
    /// Computes the outputs.
    ///
    /// # Safety
    ///
    /// There is a filter, and the list ends. Weights are on it before outputs that have rows of taps,
    /// and the rows that were taken up last are those of outputs from their first row on. Every address
    /// that the list comes to may be read, every output written.
    #[inline(always)]
    pub unsafe fn run(&self) {
        // SAFETY: the caller's.
        #[cfg(target_arch = "arm")]
        unsafe {
            super::depthwise::filters(self);
        }
        // SAFETY: the caller's.
        #[cfg(not(target_arch = "arm"))]
        unsafe {
            super::emulated_kept::filters(self);
        }
    }
}

/// Where the codes are.
#[derive(Clone, Copy)]
pub(super) struct CodeTable {
    #[cfg(target_arch = "arm")]
    codes: *const i16,
}

impl CodeTable {
    #[cfg(target_arch = "arm")]
    pub fn new() -> Self {
        // SAFETY: without filters the loops only say where their table is.
        let codes = unsafe { super::depthwise::filters(core::ptr::null()) };
        Self { codes }
    }

    #[cfg(not(target_arch = "arm"))]
    pub fn new() -> Self {
        Self {}
    }

    /// The address of a code, past so many rows of so many bytes.
    #[cfg(target_arch = "arm")]
    fn address(self, code: KeptCode, rows: usize, row: usize) -> u32 {
        // SAFETY: the table has a place for each code that there is.
        let own = unsafe { *self.codes.add(code.0) };
        self.codes.addr().wrapping_add_signed(own.into()) as u32 + (rows * row) as u32
    }

    /// An output's, past the rows that the loops have and it has not.
    pub fn output(self, columns: &Range<usize>, rows_past: usize) -> u32 {
        let code = KeptCode::output(columns);
        #[cfg(target_arch = "arm")]
        return match columns.len() {
            0 => self.address(code, 0, 0),
            taps => self.address(code, rows_past, ROW_CODE[0] + taps * ROW_CODE[1]),
        };
        #[cfg(not(target_arch = "arm"))]
        super::emulated_kept::address(code, rows_past)
    }

    pub fn take(self, columns: usize, rows_past: usize) -> u32 {
        #[cfg(target_arch = "arm")]
        return self.address(KeptCode::take(columns), rows_past, TAKE_CODE);
        #[cfg(not(target_arch = "arm"))]
        super::emulated_kept::address(KeptCode::take(columns), rows_past)
    }

    pub fn other(self, code: KeptCode) -> u32 {
        #[cfg(target_arch = "arm")]
        return self.address(code, 0, 0);
        #[cfg(not(target_arch = "arm"))]
        super::emulated_kept::address(code, 0)
    }
}
