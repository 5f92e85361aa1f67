//! Filters of 3 x 3 over planes of 16 bits.

/// 3 x 3 filters over a plane's rows, in this order.
#[repr(C)]
pub(super) struct NarrowPlane {
    /// Bytes from an output of a row to the next one.
    pub output_pitch: usize,
    /// Bytes of a row of the plane that pairs of outputs step over.
    pub pairs_bytes: usize,
    /// Whether a row ends with an output alone.
    pub is_odd: usize,
    /// Rows of outputs, at least one.
    pub rows: usize,
    /// Bytes from behind the pairs to the next row of outputs.
    pub row_step: usize,
    /// Bytes from a row to the next one.
    pub pitch: usize,
}

/// Where a filter over a plane finds what it needs.
#[derive(Clone, Copy)]
pub(super) struct PlanePlaces {
    /// The filter's bias, multiplier, constant and shift, then its weights, a word of bytes a row.
    pub filter: *const u32,
    /// The first tap of the first output, aligned to words.
    pub plane: *const i16,
    pub output: *mut i8,
}

impl NarrowPlane {
    /// Computes the codes, not clamped but to 8 bits.
    ///
    /// # Safety
    ///
    /// The plane has the taps of all outputs, and a number behind the last one; the output a place for
    /// each.
    pub unsafe fn run(&self, at: PlanePlaces, is_strided: bool, is_twice: bool) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what the loops read and write.
        unsafe {
            let run = match (is_strided, is_twice) {
                (false, false) => narrow_once,
                (false, true) => narrow_twice,
                (true, false) => strided_once,
                (true, true) => strided_twice,
            };
            run(self, at.filter, at.plane, at.output);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_plane::narrow(self, at, is_strided, is_twice);
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
/// the weights. On the stack lie multiplier, constant, shift, the output's pitch, the bias, the pairs'
/// bytes, whether an output is alone, the rows left, their step, and where the pairs end.
#[cfg(target_arch = "arm")]
macro_rules! narrow_loop {
    ($pair:ident, $round:ident) => {
        concat!(
            "push {{r4-r11, lr}}\n",
            "mov lr, r3\n",
            "ldm r1!, {{r9-r12}}\n",
            "ldm r0, {{r3-r8}}\n",
            "sub sp, sp, #40\n",
            "strd r10, r11, [sp]\n",
            "strd r12, r3, [sp, #8]\n",
            "strd r9, r4, [sp, #16]\n",
            "strd r5, r6, [sp, #24]\n",
            "str r7, [sp, #32]\n",
            "mov r3, r8\n",
            "ldm r1, {{r0, r1, r10}}\n",
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
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn narrow_once(
    work: &NarrowPlane,
    filter: *const u32,
    plane: *const i16,
    output: *mut i8,
) {
    integer_asm!(narrow_loop!(neighbours, plane_once))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn narrow_twice(
    work: &NarrowPlane,
    filter: *const u32,
    plane: *const i16,
    output: *mut i8,
) {
    integer_asm!(narrow_loop!(neighbours, plane_twice))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn strided_once(
    work: &NarrowPlane,
    filter: *const u32,
    plane: *const i16,
    output: *mut i8,
) {
    integer_asm!(narrow_loop!(strided, plane_once))
}

#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes what lies between the addresses,
// which the caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn strided_twice(
    work: &NarrowPlane,
    filter: *const u32,
    plane: *const i16,
    output: *mut i8,
) {
    integer_asm!(narrow_loop!(strided, plane_twice))
}
