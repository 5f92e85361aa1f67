//! Codes become numbers of 16 bits, a quad of taps at a time: what the products are made of.

/// Rows of taps of four positions, in this order.
#[repr(C)]
pub(super) struct Widening {
    /// Each position's first row; rows may begin anywhere, and are read up to a multiple of four.
    pub sources: [*const i8; 4],
    /// Where the taps go.
    pub taps: *mut u32,
    /// Bytes that a row of all positions takes there: 32 for each quad.
    pub row_bytes: usize,
    /// Number of rows.
    pub rows: usize,
    /// Bytes from the end of a row to the begin of the next one.
    pub step: isize,
}

impl Widening {
    /// Widens all rows, and gives where the taps end.
    ///
    /// # Safety
    ///
    /// There is at least one row, of at least one quad; the sources can be read up to the end of the
    /// last quad, and the taps' place, aligned to words, holds all of them.
    pub unsafe fn run(&self, is_bytes: bool) -> *mut u32 {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what the loops read and write.
        return unsafe {
            match is_bytes {
                false => four_paired(self),
                true => four_bytes(self),
            }
        };
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        return unsafe { super::emulated::widen(self, is_bytes) };
    }
}

/// Widens one row of one position, of so many quads, and gives where the taps end.
///
/// # Safety
///
/// As for [`Widening::run`].
pub(super) unsafe fn widen_line(
    source: *const i8,
    taps: *mut u32,
    quads: usize,
    is_bytes: bool,
) -> *mut u32 {
    // SAFETY: it ends where the last quad does.
    let end = taps.wrapping_add(2 * quads);
    #[cfg(target_arch = "arm")]
    // SAFETY: the caller vouches for what the loops read and write.
    unsafe {
        match is_bytes {
            false => one_paired(source, taps, end),
            true => one_bytes(source, taps, end),
        }
    }
    #[cfg(not(target_arch = "arm"))]
    // SAFETY: as above.
    unsafe {
        super::emulated::widen_line(source, taps, end, is_bytes);
    }
    end
}

/// A quad of one of four positions: `position's address; its first word; its second`.
#[cfg(target_arch = "arm")]
macro_rules! paired_words {
    ($source:literal; $first:literal, $second:literal) => {
        concat!(
            "ldr ",
            $second,
            ", [",
            $source,
            "], #4\n",
            "sxtb16 ",
            $first,
            ", ",
            $second,
            ", ror #8\n",
            "and ",
            $second,
            ", r5, ",
            $second,
            ", lsl #8\n",
            "ssub16 ",
            $second,
            ", ",
            $second,
            ", ",
            $first,
            "\n",
        )
    };
}

/// As [`paired_words`], for weights in bytes.
#[cfg(target_arch = "arm")]
macro_rules! bytes_words {
    ($source:literal; $first:literal, $second:literal) => {
        concat!(
            "ldr ",
            $second,
            ", [",
            $source,
            "], #4\n",
            "sxtb16 ",
            $first,
            ", ",
            $second,
            "\n",
            "sxtb16 ",
            $second,
            ", ",
            $second,
            ", ror #8\n",
        )
    };
}

/// All rows of four positions: r0 to r3 are their addresses, r4 the place of the taps. On the stack
/// lie the row's length, the number of rows, the step, and where the row ends.
#[cfg(target_arch = "arm")]
macro_rules! widening_loop {
    ($words:ident) => {
        concat!(
            "push {{r4-r11, lr}}\n",
            "ldm r0, {{r0-r7}}\n",
            "push {{r4-r7}}\n",
            "mov r5, #0xff00ff00\n",
            "1:\n",
            "ldr r6, [sp, #4]\n",
            "add r6, r4, r6\n",
            "str r6, [sp]\n",
            "2:\n",
            $words!("r0"; "r6", "r10"),
            $words!("r1"; "r7", "r11"),
            $words!("r2"; "r8", "r12"),
            $words!("r3"; "r9", "lr"),
            "stm r4!, {{r6-r12, lr}}\n",
            "ldr r6, [sp]\n",
            "cmp r4, r6\n",
            "bne 2b\n",
            "ldrd r6, r7, [sp, #8]\n",
            "subs r6, r6, #1\n",
            "beq 3f\n",
            "str r6, [sp, #8]\n",
            "add r0, r0, r7\nadd r1, r1, r7\nadd r2, r2, r7\nadd r3, r3, r7\n",
            "b 1b\n",
            "3:\n",
            "mov r0, r4\n",
            "add sp, sp, #16\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `Widening` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn four_paired(work: &Widening) -> *mut u32 {
    integer_asm!(widening_loop!(paired_words))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `Widening` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn four_bytes(work: &Widening) -> *mut u32 {
    integer_asm!(widening_loop!(bytes_words))
}

#[cfg(target_arch = "arm")]
macro_rules! line_loop {
    ($words:ident) => {
        concat!(
            "push {{r4, r5, lr}}\n",
            "mov r5, #0xff00ff00\n",
            "1:\n",
            $words!("r0"; "r3", "r4"),
            "strd r3, r4, [r1], #8\n",
            "cmp r1, r2\n",
            "bne 1b\n",
            "pop {{r4, r5, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn one_paired(source: *const i8, taps: *mut u32, end: *mut u32) {
    integer_asm!(line_loop!(paired_words))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn one_bytes(source: *const i8, taps: *mut u32, end: *mut u32) {
    integer_asm!(line_loop!(bytes_words))
}
