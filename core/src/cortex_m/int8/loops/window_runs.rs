//! Windows of the same extents, side by side, 16, 8 or 4 channels of each at a time: their means as
//! codes, and their largest codes.

use crate::ops::pool::int8::{CodeWindows, ShortScale, UpperScale, WindowShape};

/// Most values of a window of which 16 bits hold the sum of all distances from a zero.
const DISTANCES: usize = 128;

/// Windows, in this order.
#[repr(C)]
pub(super) struct RunWork {
    pub shape: WindowShape,
    pub count: usize,
    /// Codes from a window to the next one.
    pub step: usize,
    /// Codes from an output to the next one.
    pub output_step: usize,
    /// What four sums, or four largest codes, begin with, two or four in a word.
    pub start: u32,
    pub scale: UpperScale,
}

impl RunWork {
    fn new(windows: &CodeWindows<'_>, start: u32, scale: UpperScale) -> Self {
        Self {
            shape: *windows.first.shape(),
            count: windows.count,
            step: windows.step,
            output_step: windows.output_step,
            start,
            scale,
        }
    }
}

/// Whether the loops served: writes so many means for each window, output by output.
///
/// # Panics
///
/// Where the channels leave the input or the codes the output.
pub(super) fn average_windows(
    windows: &CodeWindows<'_>,
    scale: &ShortScale,
    size: usize,
    output: &mut [i8],
) -> bool {
    if !matches!(size, 4 | 8 | 16) || windows.first.taps() > DISTANCES {
        return false;
    }
    check(windows, size, output);
    let (start, scale) = scale.of_distances();
    let start = u32::from(start as u16) * 0x1_0001;
    let work = RunWork::new(windows, start, scale);
    let (first, codes) = (windows.first.codes().as_ptr(), output.as_mut_ptr());
    #[cfg(target_arch = "arm")]
    // SAFETY: all that is read and written has been checked.
    unsafe {
        match size {
            16 => average_sixteen(first, &work, codes),
            8 => average_eight(first, &work, codes),
            _ => average_four(first, &work, codes),
        }
    }
    #[cfg(not(target_arch = "arm"))]
    // SAFETY: as above.
    unsafe {
        super::emulated_windows::averages(first, &work, size, codes);
    }
    true
}

/// Whether the loops served: writes so many largest codes for each window, output by output.
///
/// # Panics
///
/// As [`average_windows`].
pub(super) fn compare_windows(windows: &CodeWindows<'_>, size: usize, output: &mut [i8]) -> bool {
    if !matches!(size, 4 | 8 | 16) {
        return false;
    }
    check(windows, size, output);
    let work = RunWork::new(windows, 0x8080_8080, UpperScale::NONE);
    let (first, codes) = (windows.first.codes().as_ptr(), output.as_mut_ptr());
    #[cfg(target_arch = "arm")]
    // SAFETY: all that is read and written has been checked.
    unsafe {
        match size {
            16 => compare_sixteen(first, &work, codes),
            8 => compare_eight(first, &work, codes),
            _ => compare_four(first, &work, codes),
        }
    }
    #[cfg(not(target_arch = "arm"))]
    // SAFETY: as above.
    unsafe {
        super::emulated_windows::maxima(first, &work, size, codes);
    }
    true
}

fn check(windows: &CodeWindows<'_>, size: usize, output: &[i8]) {
    let end = (windows.count - 1) * windows.output_step + size;
    assert!(
        size <= windows.readable() && end <= output.len(),
        "no such channels"
    );
}

/// Windows of so many words a place: in each, `before` its rows, each `words`, `behind` them.
///
/// r0 walks through the places by r10; r12 counts columns; r9 and lr are free. On the stack lie how many
/// rows are left, a row's gap, how many windows are left, the first code, the work, the output.
#[cfg(target_arch = "arm")]
macro_rules! run_loop {
    ($before:expr, $words:expr, $behind:expr) => {
        concat!(
            "push {{r0-r2, r4-r11, lr}}\n",
            "sub sp, sp, #12\n",
            "ldrd r9, r10, [r1, #12]\n",
            "strd r9, r10, [sp, #4]\n",
            "0:\n",
            "ldr lr, [sp, #16]\n",
            "ldm lr, {{r10-r12}}\n",
            "str r12, [sp]\n",
            "ldr r1, [lr, #28]\n",
            "ldr r0, [sp, #12]\n",
            $before,
            "1:\n",
            "mov r12, r11\n",
            "2:\n",
            $words,
            "add r0, r0, r10\n",
            "subs r12, r12, #1\n",
            "bne 2b\n",
            "ldrd r9, lr, [sp]\n",
            "add r0, r0, lr\n",
            "subs r9, r9, #1\n",
            "str r9, [sp]\n",
            "bne 1b\n",
            "ldrd lr, r0, [sp, #16]\n",
            $behind,
            "ldr lr, [sp, #16]\n",
            "ldrd r9, r10, [lr, #20]\n",
            "ldr r0, [sp, #12]\n",
            "ldr r11, [sp, #20]\n",
            "ldr r12, [sp, #8]\n",
            "add r0, r0, r9\n",
            "add r11, r11, r10\n",
            "str r0, [sp, #12]\n",
            "str r11, [sp, #20]\n",
            "subs r12, r12, #1\n",
            "str r12, [sp, #8]\n",
            "bne 0b\n",
            "add sp, sp, #24\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
macro_rules! begun {
    ($($register:literal)*) => {
        concat!($("mov ", $register, ", r1\n",)*)
    };
}

/// A number in lr becomes a code at r0; r9 to r12 are multiplier, constant, shift, shift to the left.
#[cfg(target_arch = "arm")]
macro_rules! code_stored {
    () => {
        "lsl lr, lr, r12\nsmmla lr, lr, r9, r10\nasr lr, lr, r11\nssat lr, #8, lr\nstrb lr, [r0], #1\n"
    };
}

/// Four means to r0, in order: `channels 0 and 2, channels 1 and 3` each.
#[cfg(target_arch = "arm")]
macro_rules! means_stored {
    ($($even:literal $odd:literal),+) => {
        concat!(
            "add lr, lr, #32\n",
            "ldm lr, {{r9-r12}}\n",
            $("sxth lr, ", $even, "\n", code_stored!(),
            "sxth lr, ", $odd, "\n", code_stored!(),
            "asr lr, ", $even, ", #16\n", code_stored!(),
            "asr lr, ", $odd, ", #16\n", code_stored!(),)+
        )
    };
}

/// Words at r0, each compared with the largest so far: `offset: largest, free`.
#[cfg(target_arch = "arm")]
macro_rules! compared {
    ($($at:literal: $most:literal $free:literal),+) => {
        concat!(
            $("ldr ", $free, ", [r0, #", $at, "]\n",
            "ssub8 r8, ", $free, ", ", $most, "\n",
            "sel ", $most, ", ", $free, ", ", $most, "\n",)+
        )
    };
}

#[cfg(target_arch = "arm")]
macro_rules! codes_stored {
    ($($at:literal: $most:literal),+) => {
        concat!($("str ", $most, ", [r0, #", $at, "]\n",)+)
    };
}

/// Functions that keep the calling convention.
#[cfg(target_arch = "arm")]
macro_rules! run_functions {
    ($($name:ident: $text:expr;)+) => {
        $(
            // SAFETY: it keeps the calling convention, and reads and writes what `RunWork` and the name
            // say, which the caller vouches for.
            #[unsafe(naked)]
            unsafe extern "C" fn $name(first: *const i8, work: &RunWork, output: *mut i8) {
                integer_asm!($text)
            }
        )+
    };
}

#[cfg(target_arch = "arm")]
run_functions! {
    average_sixteen: run_loop!(
        begun!("r2" "r3" "r4" "r5" "r6" "r7" "r8"),
        added!("0": "r1" "r2" "r9", "4": "r3" "r4" "lr", "8": "r5" "r6" "r9", "12": "r7" "r8" "lr"),
        means_stored!("r1" "r2", "r3" "r4", "r5" "r6", "r7" "r8")
    );
    average_eight: run_loop!(
        begun!("r2" "r3" "r4"),
        added!("0": "r1" "r2" "r9", "4": "r3" "r4" "lr"),
        means_stored!("r1" "r2", "r3" "r4")
    );
    average_four: run_loop!(
        begun!("r2"),
        added!("0": "r1" "r2" "r9"),
        means_stored!("r1" "r2")
    );
    compare_sixteen: run_loop!(
        begun!("r2" "r3" "r4"),
        compared!("0": "r1" "r9", "4": "r2" "lr", "8": "r3" "r9", "12": "r4" "lr"),
        codes_stored!("0": "r1", "4": "r2", "8": "r3", "12": "r4")
    );
    compare_eight: run_loop!(
        begun!("r2"),
        compared!("0": "r1" "r9", "4": "r2" "lr"),
        codes_stored!("0": "r1", "4": "r2")
    );
    compare_four: run_loop!(
        "",
        compared!("0": "r1" "r9"),
        codes_stored!("0": "r1")
    );
}
