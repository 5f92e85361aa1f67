//! One position and all filters of a group, four at a time.

/// What the loops read, in this order.
#[repr(C)]
pub(super) struct CodeLine {
    /// The position's taps, two words for each quad.
    pub taps: *const u32,
    /// Where they end.
    pub taps_end: *const u32,
    pub output: *mut i8,
    /// Where the codes of whole blocks of four filters end.
    pub blocks_end: *mut i8,
    /// Where those of the others end.
    pub output_end: *mut i8,
    /// How many quads the first round through the loop leaves out: from 0 to 3.
    pub skipped: usize,
    /// Arranged weights.
    pub weights: *const u32,
    /// 0 where two weights share 16 bits.
    pub is_bytes: usize,
    /// Whether to round twice.
    pub is_twice: usize,
}

impl CodeLine {
    /// Computes the codes, not clamped but to 8 bits, and gives where the weights end.
    ///
    /// # Safety
    ///
    /// As for [`Tile::run`](super::tile::Tile::run).
    pub unsafe fn run(&self) -> *const u32 {
        // SAFETY: the caller vouches for what the loops read and write.
        #[cfg(target_arch = "arm")]
        return unsafe { line(self) };
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        return unsafe { super::emulated::line(self) };
    }

    /// The same of paired weights, rounded once, without the code for others.
    ///
    /// # Safety
    ///
    /// As for [`CodeLine::run`].
    pub unsafe fn run_paired(&self) -> *const u32 {
        // SAFETY: the caller vouches for what the loops read and write.
        #[cfg(target_arch = "arm")]
        return unsafe { super::paired::line(self) };
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        return unsafe { super::emulated::line(self) };
    }
}

/// A quad of four filters, bytes.
#[cfg(target_arch = "arm")]
macro_rules! bytes_line {
    () => {
        concat!(
            "ldm r12!, {{r4-r7}}\nldrd r8, r9, [lr], #8\n",
            "sxtb16 r10, r4\nsxtb16 r4, r4, ror #8\nsmlad r0, r10, r8, r0\nsmlad r0, r4, r9, r0\n",
            "sxtb16 r10, r5\nsxtb16 r5, r5, ror #8\nsmlad r1, r10, r8, r1\nsmlad r1, r5, r9, r1\n",
            "sxtb16 r10, r6\nsxtb16 r6, r6, ror #8\nsmlad r2, r10, r8, r2\nsmlad r2, r6, r9, r2\n",
            "sxtb16 r10, r7\nsxtb16 r7, r7, ror #8\nsmlad r3, r10, r8, r3\nsmlad r3, r7, r9, r3\n",
        )
    };
}

// r12 and lr walk through weights and taps; r11 is where the taps end. On the stack lie the fields,
// the place of what the first round leaves out replaced by where the loop is entered.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `CodeLine` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn line(work: &CodeLine) -> *const u32 {
    integer_asm!(
        "push {{r4-r11, lr}}",
        "ldrd r1, r2, [r0, #28]",
        "push {{r1, r2}}",
        "ldm r0, {{r4-r10}}",
        "mov r12, r10",
        "adr r11, 20f",
        "mov r3, #{paired_len}",
        "cbz r1, 1f",
        "adr r11, 30f",
        "mov r3, #{bytes_len}",
        // Two quads a round.
        "and r9, r9, #1",
        "1:",
        "mla r9, r9, r3, r11",
        "add r9, r9, #1",
        "push {{r4-r10}}",
        "mov r11, r5",
        "cmp r6, r7",
        "beq 60f",
        // The next four filters.
        "10:",
        "ldr lr, [sp]",
        "ldm r12!, {{r0-r3}}",
        "ldr pc, [sp, #20]",
        "20:",
        paired_line!(),
        paired_line!(),
        paired_line!(),
        paired_line!(),
        "cmp lr, r11",
        "bne 20b",
        "b 40f",
        "30:",
        bytes_line!(),
        bytes_line!(),
        "cmp lr, r11",
        "bne 30b",
        "ldr r4, [sp, #32]",
        "cmp r4, #0",
        "beq 40f",
        four_codes!(round_twice!("r4";)),
        "b 41f",
        "40:",
        four_codes!(round_once!()),
        "41:",
        "bfi r0, r1, #8, #8",
        "bfi r0, r2, #16, #8",
        "bfi r0, r3, #24, #8",
        "ldrd r8, r9, [sp, #8]",
        "str r0, [r8], #4",
        "str r8, [sp, #8]",
        "cmp r8, r9",
        "bne 10b",
        // Filters behind the blocks.
        "60:",
        "ldrd r8, r9, [sp, #8]",
        "ldr r9, [sp, #16]",
        "cmp r8, r9",
        "beq 69f",
        "ldr lr, [sp]",
        "ldr r0, [r12], #4",
        "ldrd r6, r7, [sp, #28]",
        "cbnz r6, 62f",
        "61:",
        "ldr r4, [r12], #4",
        "ldrd r8, r9, [lr], #8",
        "smlad r0, r4, r8, r0",
        "sxtb16 r4, r4",
        "smlad r0, r4, r9, r0",
        "cmp lr, r11",
        "bne 61b",
        "b 63f",
        "62:",
        "ldr r4, [r12], #4",
        "ldrd r8, r9, [lr], #8",
        "sxtb16 r5, r4",
        "sxtb16 r4, r4, ror #8",
        "smlad r0, r5, r8, r0",
        "smlad r0, r4, r9, r0",
        "cmp lr, r11",
        "bne 62b",
        "63:",
        "ldm r12!, {{r8-r10}}",
        "cbnz r7, 64f",
        round_once!("r0"),
        "b 65f",
        "64:",
        round_twice!("r4"; "r0"),
        "65:",
        "ldr r8, [sp, #8]",
        "strb r0, [r8], #1",
        "str r8, [sp, #8]",
        "b 60b",
        "69:",
        "mov r0, r12",
        "add sp, sp, #36",
        "pop {{r4-r11, pc}}",
        paired_len = const 56,
        bytes_len = const 72,
    )
}
