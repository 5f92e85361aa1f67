//! Filters of any kernel over planes of 16 bits.

/// Outputs of a line, four at a time, in this order.
#[repr(C)]
pub(super) struct AnyPlane {
    pub multiplier: u32,
    pub constant: u32,
    pub shift: u32,
    pub bias: u32,
    /// The first output's first tap.
    pub plane: *const i16,
    /// Bytes from an output's first tap to that of the next, and of the third behind it.
    pub step: usize,
    pub step_of_three: usize,
    /// Words of a row of weights.
    pub words: usize,
    /// Bytes of the plane from a word's tap to the next word's.
    pub word_step: usize,
    /// Bytes from a row of taps to the next one.
    pub row_step: usize,
    /// Numbers of 16 bits.
    pub weights: *const u32,
    /// Rows of the kernel.
    pub rows: usize,
    pub output: *mut i8,
    /// Bytes from an output to the next, and to the third behind it.
    pub place: usize,
    pub place_of_three: usize,
    /// How many times four outputs; at least once.
    pub tiles: usize,
}

impl AnyPlane {
    /// Computes the codes, not clamped but to 8 bits; plane and output move behind them.
    ///
    /// # Safety
    ///
    /// The plane has the taps of all outputs, and a number behind the last one; the output a place for
    /// each.
    pub unsafe fn run(&mut self, is_twice: bool) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            match is_twice {
                false => any_once(self),
                true => any_twice(self),
            }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_plane::any(self, is_twice);
        }
    }
}

/// All outputs. r4 walks through the plane, r12 through the weights; r5, r6 and r8 are steps, r7 and lr
/// the numbers of words, all and left. On the stack lie where the row begins, the rows left, and the
/// fields' address.
#[cfg(target_arch = "arm")]
macro_rules! any_loop {
    ($($round:tt)+) => {
        concat!(
            "push {{r0, r4-r11, lr}}\n",
            "sub sp, sp, #8\n",
            "0:\n",
            "ldr r3, [r0, #12]\n",
            "add r12, r0, #16\n",
            "ldr r10, [r0, #44]\n",
            "ldm r12, {{r4-r9, r12}}\n",
            "mov r0, r3\n",
            "mov r1, r3\n",
            "mov r2, r3\n",
            "1:\n",
            "mov lr, r7\n",
            "strd r4, r10, [sp]\n",
            "2:\n",
            "ldr r10, [r12], #4\n",
            "ldr r11, [r4]\n",
            "smlad r0, r10, r11, r0\n",
            "ldr r11, [r4, r5]\n",
            "smlad r1, r10, r11, r1\n",
            "ldr r11, [r4, r5, lsl #1]\n",
            "smlad r2, r10, r11, r2\n",
            "ldr r11, [r4, r6]\n",
            "smlad r3, r10, r11, r3\n",
            "add r4, r4, r8\n",
            "subs lr, lr, #1\n",
            "bne 2b\n",
            "ldrd r4, r10, [sp]\n",
            "add r4, r4, r9\n",
            "subs r10, r10, #1\n",
            "bne 1b\n",
            "ldr r12, [sp, #8]\n",
            "ldm r12, {{r8-r10}}\n",
            $($round)+,
            "ldr r4, [r12, #48]\n",
            "ldr r6, [r12, #52]\n",
            "ldr r7, [r12, #56]\n",
            "strb r0, [r4]\n",
            "strb r1, [r4, r6]\n",
            "strb r2, [r4, r6, lsl #1]\n",
            "strb r3, [r4, r7]\n",
            "add r4, r4, r6, lsl #2\n",
            "str r4, [r12, #48]\n",
            "ldr r4, [r12, #16]\n",
            "add r4, r4, r5, lsl #2\n",
            "str r4, [r12, #16]\n",
            "mov r0, r12\n",
            "ldr r4, [r12, #60]\n",
            "subs r4, r4, #1\n",
            "str r4, [r12, #60]\n",
            "bne 0b\n",
            "add sp, sp, #12\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `AnyPlane` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn any_once(work: &mut AnyPlane) {
    integer_asm!(any_loop!(round_once!("r0", "r1", "r2", "r3")))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `AnyPlane` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn any_twice(work: &mut AnyPlane) {
    integer_asm!(any_loop!(round_twice!("r11"; "r0", "r1", "r2", "r3")))
}
