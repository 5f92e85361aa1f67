//! Planes of 16 bits: how they are made of channels, and filters over them.

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
#[unsafe(naked)]
unsafe extern "C" fn widen_pair(work: &ChannelPair) {
    core::arch::naked_asm!(
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

/// How a filter's sums begin and end, in this order.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct PlaneScale {
    pub multiplier: u32,
    pub constant: u32,
    pub shift: u32,
    /// Bytes from an output of a row to the next one.
    pub output_pitch: usize,
    pub bias: u32,
}

/// A 3 x 3 filter over a plane's rows, in this order.
#[repr(C)]
pub(super) struct NarrowPlane {
    pub scale: PlaneScale,
    /// Bytes of a row of the plane that pairs of outputs step over.
    pub pairs_bytes: usize,
    /// Whether a row ends with an output alone.
    pub is_odd: usize,
    /// Rows of outputs, at least one.
    pub rows: usize,
    /// Bytes from behind the pairs to the next row of outputs.
    pub row_step: usize,
    /// For the loops.
    pub row_end: *const i16,
    /// The first tap of the first output, aligned to words.
    pub plane: *const i16,
    /// Bytes from a row to the next one.
    pub pitch: usize,
    pub output: *mut i8,
    /// Three words of bytes.
    pub weights: *const u32,
}

impl NarrowPlane {
    /// Computes the codes, not clamped but to 8 bits.
    ///
    /// # Safety
    ///
    /// The plane has the taps of all outputs, and a number behind the last one; the output a place for
    /// each.
    pub unsafe fn run(&self, is_strided: bool, is_twice: bool) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            match (is_strided, is_twice) {
                (false, false) => narrow_once(self),
                (false, true) => narrow_twice(self),
                (true, false) => strided_once(self),
                (true, true) => strided_twice(self),
            }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_plane::narrow(self, is_strided, is_twice);
        }
    }
}

/// A row of taps of two neighbouring outputs: `its address; its weights 0 and 1; 1 and 2`.
#[cfg(target_arch = "arm")]
macro_rules! neighbours {
    ($row:literal; $first:literal, $last:literal) => {
        concat!(
            "ldrd r10, r11, [",
            $row,
            "], #4\n",
            "smlad r0, ",
            $first,
            ", r10, r0\nsmlabt r1, ",
            $first,
            ", r10, r1\n",
            "smlatb r0, ",
            $last,
            ", r11, r0\nsmlad r1, ",
            $last,
            ", r11, r1\n",
        )
    };
}

/// A row of taps of two outputs, two columns apart.
#[cfg(target_arch = "arm")]
macro_rules! strided {
    ($row:literal; $first:literal, $last:literal) => {
        concat!(
            "ldrd r10, r11, [",
            $row,
            "], #8\n",
            "smlad r0, ",
            $first,
            ", r10, r0\nsmlad r1, ",
            $first,
            ", r11, r1\n",
            "ldr r10, [",
            $row,
            "]\n",
            "smlatb r0, ",
            $last,
            ", r11, r0\nsmlatb r1, ",
            $last,
            ", r10, r1\n",
        )
    };
}

/// A row of taps of an output alone.
#[cfg(target_arch = "arm")]
macro_rules! alone {
    ($row:literal; $first:literal, $last:literal) => {
        concat!(
            "ldrd r10, r11, [",
            $row,
            "]\n",
            "smlad r0, ",
            $first,
            ", r10, r0\nsmlatb r0, ",
            $last,
            ", r11, r0\n",
        )
    };
}

/// A row's weights, of bytes in `a`, as `first` (0 and 1) and `last` (1 and 2).
#[cfg(target_arch = "arm")]
macro_rules! unpacked {
    ($a:literal; $first:literal, $last:literal) => {
        concat!(
            "sxtb16 r11, ",
            $a,
            "\nsxtb16 ",
            $a,
            ", ",
            $a,
            ", ror #8\n",
            "pkhbt ",
            $first,
            ", r11, ",
            $a,
            ", lsl #16\n",
            "pkhbt ",
            $last,
            ", ",
            $a,
            ", r11\n",
        )
    };
}

/// Sums become codes, rounding once; multiplier and constant lie on the stack, first.
#[cfg(target_arch = "arm")]
macro_rules! plane_once {
    ($($sum:literal),+) => {
        concat!(
            "ldrd r10, r11, [sp]\n",
            $("smmla ", $sum, ", ", $sum, ", r10, r11\n",)+
            "ldrd r10, r11, [sp, #8]\n",
            $("asr ", $sum, ", ", $sum, ", r10\nssat ", $sum, ", #8, ", $sum, "\n",)+
        )
    };
}

/// Sums become codes, rounding twice; multiplier and constant lie on the stack, first.
#[cfg(target_arch = "arm")]
macro_rules! plane_twice {
    ($($sum:literal),+) => {
        concat!(
            "ldrd r10, r11, [sp]\n",
            $(
                "add ", $sum, ", ", $sum, ", ", $sum, "\n",
                "smmulr ", $sum, ", ", $sum, ", r10\n",
                "add ", $sum, ", ", $sum, ", ", $sum, ", asr #31\n",
                "add ", $sum, ", ", $sum, ", r11\n",
            )+
            "ldrd r10, r11, [sp, #8]\n",
            $("asr ", $sum, ", ", $sum, ", r10\nssat ", $sum, ", #8, ", $sum, "\n",)+
        )
    };
}

/// All rows. r2, r3 and r12 walk through three rows of the plane, lr through the output; r4 to r9 are
/// the weights. The fields lie on the stack.
#[cfg(target_arch = "arm")]
macro_rules! narrow_loop {
    ($pair:ident, $round:ident) => {
        concat!(
            "push {{r4-r11, lr}}\n",
            "ldm r0!, {{r1-r10}}\n",
            "push {{r1-r10}}\n",
            "ldm r0, {{r2, r3, r4, r12}}\n",
            "mov lr, r4\n",
            "ldm r12, {{r0, r1, r10}}\n",
            unpacked!("r0"; "r4", "r5"),
            unpacked!("r1"; "r6", "r7"),
            unpacked!("r10"; "r8", "r9"),
            "add r12, r2, r3, lsl #1\n",
            "add r3, r2, r3\n",
            "1:\n",
            "ldr r10, [sp, #20]\n",
            "add r10, r2, r10\n",
            "str r10, [sp, #36]\n",
            "cmp r2, r10\n",
            "beq 3f\n",
            "2:\n",
            "ldr r0, [sp, #16]\n",
            "mov r1, r0\n",
            $pair!("r2"; "r4", "r5"),
            $pair!("r3"; "r6", "r7"),
            $pair!("r12"; "r8", "r9"),
            $round!("r0", "r1"),
            "strb r0, [lr]\n",
            "strb r1, [lr, r11]\n",
            "add lr, lr, r11, lsl #1\n",
            "ldr r10, [sp, #36]\n",
            "cmp r2, r10\n",
            "bne 2b\n",
            "3:\n",
            "ldr r0, [sp, #24]\n",
            "cbz r0, 4f\n",
            "ldr r0, [sp, #16]\n",
            alone!("r2"; "r4", "r5"),
            alone!("r3"; "r6", "r7"),
            alone!("r12"; "r8", "r9"),
            $round!("r0"),
            "strb r0, [lr]\n",
            "add lr, lr, r11\n",
            "4:\n",
            "ldrd r0, r1, [sp, #28]\n",
            "subs r0, r0, #1\n",
            "str r0, [sp, #28]\n",
            "add r2, r2, r1\n",
            "add r3, r3, r1\n",
            "add r12, r12, r1\n",
            "bne 1b\n",
            "add sp, sp, #40\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn narrow_once(work: &NarrowPlane) {
    core::arch::naked_asm!(narrow_loop!(neighbours, plane_once))
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn narrow_twice(work: &NarrowPlane) {
    core::arch::naked_asm!(narrow_loop!(neighbours, plane_twice))
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn strided_once(work: &NarrowPlane) {
    core::arch::naked_asm!(narrow_loop!(strided, plane_once))
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn strided_twice(work: &NarrowPlane) {
    core::arch::naked_asm!(narrow_loop!(strided, plane_twice))
}

/// Four outputs of any filter over a plane, in this order.
#[repr(C)]
pub(super) struct AnyPlane {
    pub scale: PlaneScale,
    /// Rows of the kernel.
    pub rows: usize,
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
    pub output: *mut i8,
    /// Bytes from an output to the next, and to the third behind it.
    pub place: usize,
    pub place_of_three: usize,
}

impl AnyPlane {
    /// Computes the codes, not clamped but to 8 bits.
    ///
    /// # Safety
    ///
    /// As for [`NarrowPlane::run`].
    pub unsafe fn run(&self, is_twice: bool) {
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

/// r4 walks through the plane, r12 through the weights; r5, r6 and r8 are steps, r7 and lr the numbers
/// of words, all and left. The fields lie on the stack up to the number of rows.
#[cfg(target_arch = "arm")]
macro_rules! any_loop {
    ($round:ident) => {
        concat!(
            "push {{r0, r4-r11, lr}}\n",
            "ldm r0!, {{r1-r6}}\n",
            "push {{r1-r6}}\n",
            "ldm r0, {{r4-r9, r12}}\n",
            "ldr r0, [sp, #16]\n",
            "mov r1, r0\n",
            "mov r2, r0\n",
            "mov r3, r0\n",
            "1:\n",
            "mov lr, r7\n",
            "str r4, [sp, #16]\n",
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
            "ldrd r4, r10, [sp, #16]\n",
            "add r4, r4, r9\n",
            "subs r10, r10, #1\n",
            "str r10, [sp, #20]\n",
            "bne 1b\n",
            $round!("r0", "r1", "r2", "r3"),
            "ldr r12, [sp, #24]\n",
            "ldr r4, [r12, #{output}]\n",
            "ldr r5, [r12, #{place}]\n",
            "ldr r6, [r12, #{place_of_three}]\n",
            "strb r0, [r4]\n",
            "strb r1, [r4, r5]\n",
            "strb r2, [r4, r5, lsl #1]\n",
            "strb r3, [r4, r6]\n",
            "add sp, sp, #28\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn any_once(work: &AnyPlane) {
    core::arch::naked_asm!(
        any_loop!(plane_once),
        output = const core::mem::offset_of!(AnyPlane, output),
        place = const core::mem::offset_of!(AnyPlane, place),
        place_of_three = const core::mem::offset_of!(AnyPlane, place_of_three),
    )
}

#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn any_twice(work: &AnyPlane) {
    core::arch::naked_asm!(
        any_loop!(plane_twice),
        output = const core::mem::offset_of!(AnyPlane, output),
        place = const core::mem::offset_of!(AnyPlane, place),
        place_of_three = const core::mem::offset_of!(AnyPlane, place_of_three),
    )
}
