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
    /// Bytes of the copy from behind a row to the next one.
    pub copy_gap: usize,
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
            copy_words(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_sum::copy(self, 4 * self.words);
        }
    }

    /// Copies them, and reads and writes nothing else.
    ///
    /// # Safety
    ///
    /// All numbers but the words are positive; the source has all pieces, and the copy a place for
    /// each.
    pub unsafe fn run_exactly(mut self) {
        let is_whole = self.bytes.is_multiple_of(4);
        self.words = if is_whole { self.bytes / 4 } else { self.bytes };
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            match is_whole {
                true => copy_words(&self),
                false => copy_bytes(&self),
            }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_sum::copy(&self, self.bytes);
        }
    }
}

/// All pieces by units of so many bytes. r0 and r1 walk through source and copy by pieces, r10 and r11
/// by units; r2, r9 and lr count.
#[cfg(target_arch = "arm")]
macro_rules! copying_loop {
    ($load:literal, $store:literal, $bytes:literal) => {
        concat!(
            "push {{r4-r11, lr}}\n",
            "ldr r12, [r0, #32]\n",
            "push {{r12}}\n",
            "ldm r0, {{r0-r7}}\n",
            "1:\n",
            "mov r9, r3\n",
            "mov r12, r0\n",
            "2:\n",
            "mov lr, r4\n",
            "mov r10, r0\n",
            "mov r11, r1\n",
            "3:\n",
            $load,
            " r8, [r10], #",
            $bytes,
            "\n",
            $store,
            " r8, [r11], #",
            $bytes,
            "\n",
            "subs lr, lr, #1\n",
            "bne 3b\n",
            "add r0, r0, r6\n",
            "add r1, r1, r5\n",
            "subs r9, r9, #1\n",
            "bne 2b\n",
            "ldr r8, [sp]\n",
            "add r0, r12, r7\n",
            "add r1, r1, r8\n",
            "subs r2, r2, #1\n",
            "bne 1b\n",
            "add sp, sp, #4\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `Pieces` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn copy_words(work: &Pieces) {
    integer_asm!(copying_loop!("ldr", "str", "4"))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `Pieces` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn copy_bytes(work: &Pieces) {
    integer_asm!(copying_loop!("ldrb", "strb", "1"))
}
