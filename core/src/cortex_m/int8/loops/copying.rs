//! Taps that lie in pieces are copied before they are widened.

/// The taps of a position, in this order.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Pieces {
    /// Where the first piece is.
    pub source: *const i8,
    pub copy: *mut i8,
    /// Rows, pieces of a row, words that a piece is copied in, and its bytes.
    pub rows: usize,
    pub columns: usize,
    pub words: usize,
    pub bytes: usize,
    /// Bytes of the source from a piece to the next one, and from a row to the next one.
    pub column_step: usize,
    pub row_step: usize,
}

impl Pieces {
    /// Bytes that are read from the source on.
    pub fn read(&self) -> usize {
        (self.rows - 1) * self.row_step + (self.columns - 1) * self.column_step + 4 * self.words
    }

    /// Copies them, one behind another. What is read beyond a piece is written behind it, before the
    /// next one.
    ///
    /// # Safety
    ///
    /// All numbers are positive; the source can be read as far as [`Pieces::read`] says, and the copy
    /// written three bytes beyond the last piece.
    pub unsafe fn run(&self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            copy_pieces(self);
        }
        #[cfg(not(target_arch = "arm"))]
        for index in 0..self.rows * self.columns {
            let (row, column) = (index / self.columns, index % self.columns);
            let step = row * self.row_step + column * self.column_step;
            let source = self.source.wrapping_add(step);
            let copy = self.copy.wrapping_add(index * self.bytes);
            // SAFETY: as above.
            unsafe { core::ptr::copy_nonoverlapping(source, copy, 4 * self.words) };
        }
    }

    /// Copies those of the first row, and reads and writes nothing else.
    ///
    /// # Safety
    ///
    /// The source has all pieces, and the copy a place for each.
    #[inline(never)]
    pub unsafe fn run_by_bytes(&self) {
        for index in 0..self.columns * self.bytes {
            let (column, byte) = (index / self.bytes, index % self.bytes);
            let source = self.source.wrapping_add(column * self.column_step + byte);
            // SAFETY: the caller vouches for what is read and written.
            unsafe { *self.copy.wrapping_add(index) = *source };
        }
    }
}

// r0 and r1 walk through source and copy by pieces, r10 and r11 by words; r2, r9 and lr count.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn copy_pieces(work: &Pieces) {
    core::arch::naked_asm!(
        "push {{r4-r11, lr}}",
        "ldm r0, {{r0-r7}}",
        "1:",
        "mov r9, r3",
        "mov r12, r0",
        "2:",
        "mov lr, r4",
        "mov r10, r0",
        "mov r11, r1",
        "3:",
        "ldr r8, [r10], #4",
        "str r8, [r11], #4",
        "subs lr, lr, #1",
        "bne 3b",
        "add r0, r0, r6",
        "add r1, r1, r5",
        "subs r9, r9, #1",
        "bne 2b",
        "add r0, r12, r7",
        "subs r2, r2, #1",
        "bne 1b",
        "pop {{r4-r11, pc}}",
    )
}
