//! A linear layer, eight outputs side by side, eight inputs in a row.

/// Outputs computed side by side.
const ROWS: usize = 8;
/// Inputs taken at a time.
const TAPS: usize = 8;
/// Bytes of the code that takes them for two rows.
const PAIR: u32 = 8 + 2 * TAPS as u32 * if cfg!(feature = "slow-vmla") { 8 } else { 4 };

/// Eight rows of weights and their sums.
#[repr(C)]
struct WeightRows {
    /// Each row's first weight.
    weights: [*const f32; ROWS],
    input: *const f32,
    /// Times that [`TAPS`] inputs are taken.
    turns: u32,
    /// Inputs that are left over.
    rest: u32,
    /// Bytes of the code for the pairs of rows that are not there, which come first.
    skipped: u32,
    /// What the sums begin at, then the sums.
    sums: [f32; ROWS],
}

/// The linear layer of one sample: weights are outputs x inputs, `bias` is empty where sums begin
/// at +0.
pub(crate) fn connect_by_tiles(input: &[f32], weights: &[f32], bias: &[f32], output: &mut [f32]) {
    let (inputs, outputs) = (input.len(), output.len());
    let is_whole = weights.len() == inputs * outputs && [0, outputs].contains(&bias.len());
    assert!(is_whole, "a linear layer's buffers are not of its extents");
    for first in (0..outputs).step_by(ROWS) {
        let rows = ROWS.min(outputs - first);
        let missing = ROWS - rows;
        let mut work = WeightRows {
            // Of rows that are not there, the first one's.
            weights: [weights[first * inputs..].as_ptr(); ROWS],
            input: input.as_ptr(),
            turns: (inputs / TAPS) as u32,
            rest: (inputs % TAPS) as u32,
            skipped: (missing / 2) as u32 * PAIR,
            sums: [0.0; ROWS],
        };
        for (row, weights) in work.weights[missing..].iter_mut().enumerate() {
            *weights = weights.wrapping_add(row * inputs);
        }
        if let Some(bias) = bias.get(first..first + rows) {
            work.sums[missing..].copy_from_slice(bias);
        }
        // SAFETY: each row has as many weights as there are inputs.
        unsafe { work.run() };
        output[first..first + rows].copy_from_slice(&work.sums[missing..]);
    }
}

impl WeightRows {
    /// Adds all products to the sums.
    ///
    /// # Safety
    ///
    /// There is an input, and a weight in each row, for each tap.
    unsafe fn run(&mut self) {
        #[cfg(target_arch = "arm")]
        // SAFETY: the loops read what the caller vouches for, and write the sums.
        unsafe {
            eight_rows(self);
        }
        #[cfg(not(target_arch = "arm"))]
        for tap in 0..self.turns as usize * TAPS + self.rest as usize {
            for (sum, weights) in self.sums.iter_mut().zip(self.weights) {
                // SAFETY: the caller's.
                *sum += unsafe { *weights.add(tap) * *self.input.add(tap) };
            }
        }
    }
}

/// Adds eight products to each of two rows' sums.
#[cfg(target_arch = "arm")]
macro_rules! two_rows {
    ($first:literal $second:literal; $a:literal $b:literal) => {
        concat!(
            "vldmia ", $first, "!, {{s16-s23}}\nvldmia ", $second, "!, {{s24-s31}}\n",
            chains!($a $b; 16 24 8, 17 25 9, 18 26 10, 19 27 11, 20 28 12, 21 29 13, 22 30 14,
                23 31 15)
        )
    };
}

// r0 to r7 are the rows' addresses, r8 the inputs', r9 counts turns, r10 is where a turn begins.
#[cfg(target_arch = "arm")]
// SAFETY: it keeps the calling convention, and reads and writes where `WeightRows` says, which the
// caller vouches for.
#[unsafe(naked)]
unsafe extern "C" fn eight_rows(rows: &mut WeightRows) {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "mov lr, r0",
        "add r12, lr, #{sums}",
        "vldmia r12, {{s0-s7}}",
        "ldr r8, [lr, #{input}]",
        "ldr r9, [lr, #{turns}]",
        "ldr r11, [lr, #{skipped}]",
        "adr.w r10, 25f",
        "add r10, r10, r11",
        // Which says Thumb.
        "add r10, r10, #1",
        "ldm lr, {{r0-r7}}",
        "cmp r9, #0",
        "beq 22f",
        "21:",
        "vldmia r8!, {{s8-s15}}",
        "bx r10",
        ".p2align 2",
        "25:",
        two_rows!("r0" "r1"; 0 1),
        two_rows!("r2" "r3"; 2 3),
        two_rows!("r4" "r5"; 4 5),
        two_rows!("r6" "r7"; 6 7),
        "subs r9, r9, #1",
        "bne 21b",
        "22:",
        "ldr r9, [lr, #{rest}]",
        "cmp r9, #0",
        "beq 24f",
        "23:",
        "vldmia r8!, {{s8}}",
        "vldmia r0!, {{s16}}",
        "vldmia r1!, {{s17}}",
        "vldmia r2!, {{s18}}",
        "vldmia r3!, {{s19}}",
        "vldmia r4!, {{s20}}",
        "vldmia r5!, {{s21}}",
        "vldmia r6!, {{s22}}",
        "vldmia r7!, {{s23}}",
        four!(0 16 8, 1 17 8, 2 18 8, 3 19 8),
        four!(4 20 8, 5 21 8, 6 22 8, 7 23 8),
        "subs r9, r9, #1",
        "bne 23b",
        "24:",
        "vstmia r12, {{s0-s7}}",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        input = const core::mem::offset_of!(WeightRows, input),
        turns = const core::mem::offset_of!(WeightRows, turns),
        skipped = const core::mem::offset_of!(WeightRows, skipped),
        rest = const core::mem::offset_of!(WeightRows, rest),
        sums = const core::mem::offset_of!(WeightRows, sums),
    )
}
