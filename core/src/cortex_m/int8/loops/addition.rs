//! The sum of two values of codes.

use super::clamping::clamp_codes;

/// The addition of two values of codes, in place of one of them.
pub struct CodeAddition<'a> {
    /// How two codes become one.
    pub sum: CodeSum,
    /// The least and the greatest code of the sum.
    pub limits: [i8; 2],
    /// The first or the second value, of which becomes the sum.
    pub value: &'a mut [i8],
    /// The other one, as long; `None` where the value is added to itself.
    pub other: Option<&'a [i8]>,
    /// Whether the value is the second one, not the first.
    pub is_second: bool,
}

/// How two codes become one, before the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSum {
    /// `floor((first * multipliers[0] + second * multipliers[1] + constant) / 2^shift)`
    Once {
        /// From 0 to 32,767.
        multipliers: [i16; 2],
        /// Holds the zeros, and the half that rounds.
        constant: i32,
        /// From 1 to 22.
        shift: u32,
    },
    /// TensorFlow Lite's: each code's distance from its zero, 2^20 times as large, is scaled with two
    /// roundings, and so is the sum.
    Twice {
        /// Multiplier and shift (to the left) of the first, of the second, and of the sum.
        scales: [[i32; 2]; 3],
        /// The zeros of the first, of the second, and of the sum.
        zeros: [i8; 3],
    },
}

impl CodeAddition<'_> {
    /// Runs it; gives `false`, and computes nothing, where no loop is made for the numbers: those that
    /// TensorFlow Lite would not make.
    ///
    /// # Panics
    ///
    /// Where the other value has another length.
    pub fn run(self) -> bool {
        let len = self.value.len();
        let value = self.value.as_mut_ptr();
        let other = self.other.map_or(value.cast_const(), |other| {
            assert_eq!(other.len(), len, "values of other lengths");
            other.as_ptr()
        });
        let inputs = match self.is_second {
            true => [other, value.cast_const()],
            false => [value.cast_const(), other],
        };
        match self.sum {
            CodeSum::Once {
                multipliers,
                constant,
                shift,
            } => {
                let work = SumOnce {
                    inputs,
                    output: value,
                    end: value.wrapping_add(len / 4 * 4),
                    multipliers: multipliers.map(|multiplier| multiplier as u16),
                    constant,
                    shift,
                };
                // SAFETY: each input has as many codes as the output, into which one of them is
                // written at the place where it was read.
                unsafe { work.run() };
                for at in len / 4 * 4..len {
                    let products = [0, 1].map(|index| {
                        // SAFETY: both are so long.
                        let code = unsafe { *inputs[index].wrapping_add(at) };
                        i32::from(code) * i32::from(multipliers[index])
                    });
                    let code = (products[0] + products[1] + constant) >> shift;
                    // SAFETY: as above.
                    unsafe { *value.wrapping_add(at) = code.clamp(-128, 127) as i8 };
                }
            }
            CodeSum::Twice { scales, zeros } => {
                let Some(mut work) = SumTwice::of(scales, zeros) else {
                    return false;
                };
                // The exact one comes first.
                let [exact, scaled] = match work.is_swapped {
                    true => [inputs[1], inputs[0]],
                    false => inputs,
                };
                (work.exact, work.scaled) = (exact, scaled);
                (work.output, work.end) = (value, value.wrapping_add(len));
                if len > 0 {
                    // SAFETY: as above.
                    unsafe { work.run() };
                }
            }
        }
        clamp_codes(self.value, self.limits);
        true
    }
}

/// Sums of four codes each at a time, in this order.
#[repr(C)]
pub(super) struct SumOnce {
    pub inputs: [*const i8; 2],
    pub output: *mut i8,
    /// Where the output ends, a multiple of four codes behind its begin.
    pub end: *mut i8,
    pub multipliers: [u16; 2],
    pub constant: i32,
    pub shift: u32,
}

impl SumOnce {
    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn run(&self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            sum_once(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_sum::once(self);
        }
    }
}

// r4 to r6 are multipliers, constant and shift.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `SumOnce` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn sum_once(work: &SumOnce) {
    integer_asm!(
        "push {{r4-r11, lr}}",
        "ldm r0, {{r0-r6}}",
        "cmp r2, r3",
        "beq 2f",
        "1:",
        "ldr r7, [r0], #4",
        "ldr r8, [r1], #4",
        "sxtb16 r9, r7",
        "sxtb16 r10, r8",
        "sxtb16 r7, r7, ror #8",
        "sxtb16 r8, r8, ror #8",
        "pkhbt r11, r9, r10, lsl #16",
        "pkhtb r9, r10, r9, asr #16",
        "pkhbt r12, r7, r8, lsl #16",
        "pkhtb r7, r8, r7, asr #16",
        "smlad r11, r11, r4, r5",
        "smlad r12, r12, r4, r5",
        "smlad r9, r9, r4, r5",
        "smlad r7, r7, r4, r5",
        "asr r11, r11, r6",
        "asr r12, r12, r6",
        "asr r9, r9, r6",
        "asr r7, r7, r6",
        "ssat r11, #8, r11",
        "ssat r12, #8, r12",
        "ssat r9, #8, r9",
        "ssat r7, #8, r7",
        "bfi r11, r12, #8, #8",
        "bfi r11, r9, #16, #8",
        "bfi r11, r7, #24, #8",
        "str r11, [r2], #4",
        "cmp r2, r3",
        "bne 1b",
        "2:",
        "pop {{r4-r11, pc}}",
    )
}

/// Sums of a code whose scale is a half exactly, as TensorFlow Lite makes it for the input with the
/// larger one, and another's, in this order.
///
/// Both are twice as large as there: `exact` a shift alone, `scaled` rounded twice, by the sign of what
/// is rounded: where that is negative and rounds to 0, the second rounding gives 0 either way.
#[repr(C)]
pub(super) struct SumTwice {
    pub exact: *const i8,
    pub scaled: *const i8,
    pub output: *mut i8,
    pub multiplier: i32,
    /// Its zero, in 21 more bits.
    pub zero: i32,
    /// All ones, or none where nothing is shifted.
    pub mask: i32,
    pub half: i32,
    pub shift: u32,
    /// The exact input's zero, negative, in 20 more bits.
    pub exact_constant: i32,
    pub output_multiplier: i32,
    pub output_constant: i32,
    pub output_shift: u32,
    pub end: *mut i8,
    pub is_swapped: bool,
}

impl SumTwice {
    /// `None` where none of the inputs is exact, or a shift goes to the left or too far.
    fn of(scales: [[i32; 2]; 3], zeros: [i8; 3]) -> Option<Self> {
        const HALF: [i32; 2] = [1 << 30, 0];
        let is_swapped = scales[0] != HALF;
        let [exact, scaled] = if is_swapped { [1, 0] } else { [0, 1] };
        let [multiplier, left] = scales[scaled];
        let [output_multiplier, output_left] = scales[2];
        let is_served = scales[exact] == HALF
            && (-26..=0).contains(&left)
            && (-22..=-1).contains(&output_left)
            && multiplier >= 0
            && output_multiplier >= 0;
        let output_zero = i32::from(zeros[2]) << -output_left.min(0);
        is_served.then(|| Self {
            exact: core::ptr::null(),
            scaled: core::ptr::null(),
            output: core::ptr::null_mut(),
            multiplier,
            zero: i32::from(zeros[scaled]) << 21,
            mask: -i32::from(left < 0),
            half: if left < 0 { 1 << (-left - 1) } else { 0 },
            shift: left.unsigned_abs(),
            exact_constant: -(i32::from(zeros[exact]) << 20),
            output_multiplier,
            output_constant: output_zero + (1 << (-output_left - 1)),
            output_shift: output_left.unsigned_abs(),
            end: core::ptr::null_mut(),
            is_swapped,
        })
    }

    // SAFETY: to be called with addresses of as much as is read and written.
    unsafe fn run(&self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            sum_twice(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_sum::twice(self);
        }
    }
}

// The fields are r0 to r11, but for the end, which lies on the stack.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `SumTwice` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn sum_twice(work: &SumTwice) {
    integer_asm!(
        "push {{r4-r11, lr}}",
        "ldr r1, [r0, #48]",
        "push {{r1}}",
        "ldm r0, {{r0-r11}}",
        "1:",
        "ldrsb r12, [r1], #1",
        "rsb r12, r4, r12, lsl #21",
        "and lr, r5, r12, asr #31",
        "add lr, lr, r6",
        "smmlar r12, r12, r3, lr",
        "asr r12, r12, r7",
        "add r12, r8, r12, lsl #1",
        "ldrsb lr, [r0], #1",
        "add r12, r12, lr, lsl #20",
        "add lr, r10, r12, asr #31",
        "smmlar r12, r12, r9, lr",
        "asr r12, r12, r11",
        "ssat r12, #8, r12",
        "strb r12, [r2], #1",
        "ldr lr, [sp]",
        "cmp r2, lr",
        "bne 1b",
        "add sp, sp, #4",
        "pop {{r4-r11, pc}}",
    )
}
