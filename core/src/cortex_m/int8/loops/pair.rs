//! How planes of 16 bits are made of channels.

/// Two neighbouring channels' rows, in this order.
#[repr(C)]
pub(super) struct ChannelPair {
    /// The first one's first code.
    pub source: *const i8,
    /// Bytes from a column to the next one.
    pub pitch: usize,
    /// At least 1.
    pub columns: usize,
    /// At least 1.
    pub rows: usize,
    /// Bytes from behind a row's last column to the next row.
    pub source_step: usize,
    /// Where the channels go.
    pub planes: [*mut i16; 2],
    /// Bytes from behind a row's last column to the next row there.
    pub plane_step: usize,
}

impl ChannelPair {
    /// Widens them.
    ///
    /// # Safety
    ///
    /// The source has so many rows and columns of at least two codes, and the planes room for them.
    pub unsafe fn widen(&self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            widen_pair(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_plane::widen_pair(self);
        }
    }
}

// r0 walks through the source, r3 and r12 through the planes; r1 and r2 are one and three columns, lr
// counts columns. On the stack lie the columns, the rows and the steps.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `ChannelPair` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn widen_pair(work: &ChannelPair) {
    integer_asm!(
        "push {{r4-r11, lr}}",
        "ldm r0, {{r4-r11}}",
        "mov r0, r4",
        "mov r1, r5",
        "add r2, r5, r5, lsl #1",
        "mov r3, r9",
        "mov r12, r10",
        "1:",
        "subs lr, r6, #4",
        "blo 3f",
        "2:",
        "ldrh r4, [r0]",
        "ldrh r5, [r0, r1]",
        "ldrh r9, [r0, r1, lsl #1]",
        "ldrh r10, [r0, r2]",
        "add r0, r0, r1, lsl #2",
        "pkhbt r4, r4, r5, lsl #16",
        "pkhbt r9, r9, r10, lsl #16",
        "sxtb16 r5, r4, ror #8",
        "sxtb16 r4, r4",
        "sxtb16 r10, r9, ror #8",
        "sxtb16 r9, r9",
        "str r4, [r3], #4",
        "str r9, [r3], #4",
        "str r5, [r12], #4",
        "str r10, [r12], #4",
        "subs lr, lr, #4",
        "bhs 2b",
        "3:",
        "adds lr, lr, #4",
        "beq 5f",
        "4:",
        "ldrsb r4, [r0]",
        "ldrsb r5, [r0, #1]",
        "add r0, r0, r1",
        "strh r4, [r3], #2",
        "strh r5, [r12], #2",
        "subs lr, lr, #1",
        "bne 4b",
        "5:",
        "add r0, r0, r8",
        "add r3, r3, r11",
        "add r12, r12, r11",
        "subs r7, r7, #1",
        "bne 1b",
        "pop {{r4-r11, pc}}",
    )
}
