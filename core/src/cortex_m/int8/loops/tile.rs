//! Four positions and all filters of a group, two at a time.

/// What the loops read, in this order.
#[repr(C)]
pub(super) struct Tile {
    /// The positions' taps: for each quad the first words of all four, then the second ones.
    pub taps: *const u32,
    /// Where they end.
    pub taps_end: *const u32,
    /// The first position's first code.
    pub output: *mut i8,
    /// From a position's code to the next one's, and three times as far.
    pub pitches: [usize; 2],
    /// Where the first position's codes of pairs of filters end.
    pub pairs_end: *mut i8,
    /// How many quads the first round through the loop leaves out: from 0 to 3.
    pub skipped: usize,
    /// Arranged weights.
    pub weights: *const u32,
    /// How weights lie, and how many positions there are.
    pub body: usize,
    pub finish: CodeFinish,
    /// Whether a filter is left behind the pairs.
    pub is_odd: usize,
}

/// Bodies of the loop: weights are bytes, not two in 16 bits.
pub(super) const BYTES: usize = 1;

/// Bodies of the loop: all positions are the same one; none is left out of the first round, and all
/// codes have the same place.
pub(super) const ALONE: usize = 2;

/// What becomes of sums.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(super) enum CodeFinish {
    /// Codes of four positions, rounding once.
    Once = 0,
    /// Codes of the largest of four positions, rounding once.
    LargestOnce = 1,
    Twice = 2,
    LargestTwice = 3,
}

impl Tile {
    /// Computes the codes, not clamped but to 8 bits, and gives where the weights end.
    ///
    /// # Safety
    ///
    /// The taps end a positive number of quads behind their begin, and all is aligned to words; the
    /// weights are arranged for as many quads and filters; the output has a place for each code.
    pub unsafe fn run(&self) -> *const u32 {
        // SAFETY: the caller vouches for what the loops read and write.
        #[cfg(target_arch = "arm")]
        return unsafe { tile(self) };
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        return unsafe { super::emulated::tile(self) };
    }

    /// The same of paired weights, rounded once, without the code for others.
    ///
    /// # Safety
    ///
    /// As for [`Tile::run`].
    pub unsafe fn run_paired(&self) -> *const u32 {
        // SAFETY: the caller vouches for what the loops read and write.
        #[cfg(target_arch = "arm")]
        return unsafe { super::paired::tile(self) };
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        return unsafe { super::emulated::tile(self) };
    }
}

// r12 and lr walk through weights and taps. On the stack lie the fields, the place of what the first
// round leaves out replaced by where the loop is entered, that of the weights by where it ends.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn tile(work: &Tile) -> *const u32 {
    integer_asm!(
        "push {{r4-r11, lr}}",
        "add r1, r0, #32",
        "ldm r1, {{r1-r3}}",
        "push {{r1-r3}}",
        "ldm r0, {{r4-r11}}",
        "mov r12, r11",
        "adr r11, 40f",
        "add r0, r11, r1, lsl #2",
        "ldrh r1, [r0, #16]",
        "ldrh r0, [r0, #18]",
        // Bytes of a quad's code.
        "mla r10, r10, r0, r11",
        "sub r10, r10, r1",
        "ldr r0, [r11, r2, lsl #2]",
        "add r11, r11, r0",
        "push {{r4-r11}}",
        "cmp r6, r9",
        "beq 60f",
        // The next two filters.
        "10:",
        "ldr lr, [sp]",
        "ldrd r0, r4, [r12], #8",
        "mov r1, r0",
        "mov r2, r0",
        "mov r3, r0",
        "mov r5, r4",
        "mov r6, r4",
        "mov r7, r4",
        "ldr pc, [sp, #24]",
        "20:",
        paired_quad!(),
        paired_quad!(),
        paired_quad!(),
        paired_quad!(),
        "ldr r8, [sp, #4]",
        "cmp lr, r8",
        "bne 20b",
        "ldr pc, [sp, #28]",
        "30:",
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        bytes_half!(),
        "ldr r8, [sp, #4]",
        "cmp lr, r8",
        "bne 30b",
        "ldr pc, [sp, #28]",
        "22:",
        paired_alone!(),
        "ldr r8, [sp, #4]",
        "cmp lr, r8",
        "bne 22b",
        "ldr pc, [sp, #28]",
        "32:",
        bytes_alone!(),
        bytes_alone!(),
        "ldr r8, [sp, #4]",
        "cmp lr, r8",
        "bne 32b",
        "ldr pc, [sp, #28]",
        // How sums are finished; how far before lie the bodies, and how long they are for a quad.
        ".p2align 2",
        "40:",
        ".word 41f - 40b + 1",
        ".word 42f - 40b + 1",
        ".word 43f - 40b + 1",
        ".word 44f - 40b + 1",
        ".hword 40b - 20b - 1, {paired_len}",
        ".hword 40b - 30b - 1, {bytes_len}",
        ".hword 40b - 22b - 1, 0",
        ".hword 40b - 32b - 1, 0",
        "41:",
        "ldm r12!, {{r8-r10}}",
        round_once!("r0", "r1", "r2", "r3"),
        "ldm r12!, {{r8-r10}}",
        round_once!("r4", "r5", "r6", "r7"),
        "45:",
        "bfi r0, r4, #8, #8",
        "bfi r1, r5, #8, #8",
        "bfi r2, r6, #8, #8",
        "bfi r3, r7, #8, #8",
        "ldr r8, [sp, #8]",
        "ldrd r9, r10, [sp, #12]",
        "strh r1, [r8, r9]",
        "strh r2, [r8, r9, lsl #1]",
        "strh r3, [r8, r10]",
        "46:",
        "strh r0, [r8], #2",
        "str r8, [sp, #8]",
        "ldr r9, [sp, #20]",
        "cmp r8, r9",
        "bne 10b",
        "b 60f",
        "43:",
        "ldm r12!, {{r8-r10}}",
        round_twice!("r11"; "r0", "r1", "r2", "r3"),
        "ldm r12!, {{r8-r10}}",
        round_twice!("r11"; "r4", "r5", "r6", "r7"),
        "b 45b",
        "42:",
        largest!("r0"; "r1", "r2", "r3"),
        largest!("r4"; "r5", "r6", "r7"),
        "ldm r12!, {{r8-r10}}",
        round_once!("r0"),
        "ldm r12!, {{r8-r10}}",
        round_once!("r4"),
        "bfi r0, r4, #8, #8",
        "ldr r8, [sp, #8]",
        "b 46b",
        "44:",
        largest!("r0"; "r1", "r2", "r3"),
        largest!("r4"; "r5", "r6", "r7"),
        "ldm r12!, {{r8-r10}}",
        round_twice!("r11"; "r0"),
        "ldm r12!, {{r8-r10}}",
        round_twice!("r11"; "r4"),
        "bfi r0, r4, #8, #8",
        "ldr r8, [sp, #8]",
        "b 46b",
        // The filter behind the pairs.
        "60:",
        "ldr r4, [sp, #40]",
        "cmp r4, #0",
        "beq 69f",
        "ldrd lr, r7, [sp]",
        "ldr r0, [r12], #4",
        "mov r1, r0",
        "mov r2, r0",
        "mov r3, r0",
        "ldrd r4, r5, [sp, #32]",
        "tst r4, #1",
        "bne 62f",
        "61:",
        "ldr r8, [r12], #4",
        position_products!("r8", "0"),
        "sxtb16 r8, r8",
        position_products!("r8", "16"),
        "add lr, lr, #32",
        "cmp lr, r7",
        "bne 61b",
        "b 63f",
        "62:",
        "ldr r8, [r12], #4",
        "sxtb16 r9, r8",
        position_products!("r9", "0"),
        "sxtb16 r8, r8, ror #8",
        position_products!("r8", "16"),
        "add lr, lr, #32",
        "cmp lr, r7",
        "bne 62b",
        "63:",
        "ldm r12!, {{r8-r10}}",
        "tst r5, #1",
        "beq 64f",
        largest!("r0"; "r1", "r2", "r3"),
        "64:",
        "tst r5, #2",
        "bne 65f",
        round_once!("r0", "r1", "r2", "r3"),
        "b 66f",
        "65:",
        round_twice!("r11"; "r0", "r1", "r2", "r3"),
        "66:",
        "ldr r8, [sp, #8]",
        "tst r5, #1",
        "bne 67f",
        "ldrd r9, r10, [sp, #12]",
        "strb r1, [r8, r9]",
        "strb r2, [r8, r9, lsl #1]",
        "strb r3, [r8, r10]",
        "67:",
        "strb r0, [r8]",
        "69:",
        "mov r0, r12",
        "add sp, sp, #44",
        "pop {{r4-r11, pc}}",
        paired_len = const 92,
        bytes_len = const 104,
    )
}
