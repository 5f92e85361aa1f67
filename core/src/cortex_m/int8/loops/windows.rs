//! Windows of codes, 16, 8 or 4 channels at a time: their sums, which an average pool is made of, and
//! their largest codes.
//!
//! A word is the codes of four neighbouring channels. Sums are 16 bits, two in a register, so that an
//! instruction adds two codes; 256 values fit, and of more the sums are added up in pieces.

use super::clamping::clamp_codes;
use super::window_runs::{average_windows, compare_windows};
#[cfg(target_arch = "arm")]
use crate::ops::pool::int8::WindowShape;
use crate::ops::pool::int8::{CodeWindow, CodeWindows, ShortScale, WindowLanes};

/// Most values of a window, or of a piece of one, that 16 bits hold the sum of.
const PIECE: usize = 256;

/// The blocks of the processor's loops.
pub struct WindowLoops;

impl WindowLanes for WindowLoops {
    const MOST: usize = 16;

    #[inline(always)]
    fn sums(window: &CodeWindow<'_>, sums: &mut [i32]) {
        window.sum_by_loops(sums);
    }

    #[inline(always)]
    fn largest(window: &CodeWindow<'_>, codes: &mut [i8]) {
        window.find_largest_by_loops(codes);
    }

    fn averages(
        windows: &CodeWindows<'_>,
        scale: &ShortScale,
        size: usize,
        output: &mut [i8],
    ) -> bool {
        average_windows(windows, scale, size, output)
    }

    fn maxima(windows: &CodeWindows<'_>, size: usize, output: &mut [i8]) -> bool {
        compare_windows(windows, size, output)
    }

    fn clamp(codes: &mut [i8], limits: [i8; 2]) {
        clamp_codes(codes, limits);
    }
}

impl CodeWindow<'_> {
    /// Adds up the codes of each channel: of the first 16, 8 or 4, or of any number one by one.
    ///
    /// # Panics
    ///
    /// Where the channels leave the input.
    #[inline(always)]
    pub fn sum_by_loops(&self, sums: &mut [i32]) {
        assert!(sums.len() <= self.readable(), "no such channels");
        if !matches!(sums.len(), 4 | 8 | 16) {
            self.sum_singly(sums);
        } else if self.taps() <= PIECE {
            // SAFETY: as many channels can be read from each place, as has been asked.
            unsafe { self.sum_blocks(sums) };
        } else {
            self.sum_in_pieces(sums);
        }
    }

    /// As [`CodeWindow::sum_by_loops`] of 16, 8 or 4 channels, which can be read.
    #[inline(never)]
    fn sum_in_pieces(&self, sums: &mut [i32]) {
        sums.fill(0);
        for piece in self.pieces(PIECE) {
            let mut own = [0; 16];
            let own = &mut own[..sums.len()];
            // SAFETY: as many channels can be read from each place, of which the piece has some.
            unsafe { piece.sum_blocks(own) };
            for (sum, own) in sums.iter_mut().zip(own) {
                *sum += *own;
            }
        }
    }

    /// Finds the largest code of each channel: of the first 16, 8 or 4, or of any number one by one.
    ///
    /// # Panics
    ///
    /// Where the channels leave the input.
    #[inline(always)]
    pub fn find_largest_by_loops(&self, codes: &mut [i8]) {
        assert!(codes.len() <= self.readable(), "no such channels");
        let alone = CodeWindows {
            first: *self,
            count: 1,
            step: 0,
            output_step: 0,
        };
        if !compare_windows(&alone, codes.len(), codes) {
            self.most_singly(codes);
        }
    }

    /// # Safety
    ///
    /// There are 16, 8 or 4 sums, and as many channels can be read from each place.
    #[inline(always)]
    unsafe fn sum_blocks(&self, sums: &mut [i32]) {
        let (first, shape) = (self.codes().as_ptr(), self.shape());
        #[cfg(target_arch = "arm")]
        // SAFETY: the caller vouches for what is read and written.
        unsafe {
            match sums.len() {
                16 => sum_sixteen(first, shape, sums.as_mut_ptr()),
                8 => sum_eight(first, shape, sums.as_mut_ptr()),
                _ => sum_four(first, shape, sums.as_mut_ptr()),
            }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: as above.
        unsafe {
            super::emulated_windows::sums(first, shape, sums);
        }
    }
}

/// A window of so many words a place: `before` the loops, each `word`, `behind` them. r0 walks through
/// the places by r10; r12 counts columns, the word at the stack's top rows; r9 and lr are free.
#[cfg(target_arch = "arm")]
macro_rules! window_loop {
    ($before:expr, $words:expr, $behind:expr) => {
        concat!(
            "push {{r2, r4-r11, lr}}\n",
            "ldm r1, {{r10-r12, lr}}\n",
            "push {{r12, lr}}\n",
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
            "ldr r0, [sp, #8]\n",
            $behind,
            "add sp, sp, #12\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

#[cfg(target_arch = "arm")]
macro_rules! set {
    ($value:literal: $($register:literal)+) => {
        concat!($("mov ", $register, ", #", $value, "\n",)+)
    };
}

/// Four sums to r0, in order: `channels 0 and 2, channels 1 and 3` each.
#[cfg(target_arch = "arm")]
macro_rules! sums_stored {
    ($($even:literal $odd:literal),+) => {
        concat!(
            $("sxth r9, ", $even, "\nsxth r10, ", $odd, "\n",
            "asr r11, ", $even, ", #16\nasr r12, ", $odd, ", #16\n",
            "stm r0!, {{r9-r12}}\n",)+
        )
    };
}

/// Functions that keep the calling convention.
#[cfg(target_arch = "arm")]
macro_rules! window_functions {
    ($($name:ident($target:ty): $text:expr;)+) => {
        $(
            // SAFETY: it keeps the calling convention, and reads and writes what the shape and
            // the name say, which the caller vouches for.
            #[unsafe(naked)]
            unsafe extern "C" fn $name(first: *const i8, shape: &WindowShape, target: *mut $target) {
                integer_asm!($text)
            }
        )+
    };
}

#[cfg(target_arch = "arm")]
window_functions! {
    sum_sixteen(i32): window_loop!(
        set!("0": "r1" "r2" "r3" "r4" "r5" "r6" "r7" "r8"),
        added!("0": "r1" "r2" "r9", "4": "r3" "r4" "lr", "8": "r5" "r6" "r9", "12": "r7" "r8" "lr"),
        sums_stored!("r1" "r2", "r3" "r4", "r5" "r6", "r7" "r8")
    );
    sum_eight(i32): window_loop!(
        set!("0": "r1" "r2" "r3" "r4"),
        added!("0": "r1" "r2" "r9", "4": "r3" "r4" "lr"),
        sums_stored!("r1" "r2", "r3" "r4")
    );
    sum_four(i32): window_loop!(
        set!("0": "r1" "r2"),
        added!("0": "r1" "r2" "r9"),
        sums_stored!("r1" "r2")
    );
}
