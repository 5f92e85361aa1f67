//! What a ReLU makes of a tile's sums.

/// Adds up sums of sums: `sum: two others` each.
macro_rules! total {
    ($($sum:literal: $a:literal $b:literal),+ $(,)?) => {
        concat!($("vadd.f32 s", $sum, ", s", $a, ", s", $b, "\n",)+)
    };
}

/// Two sums to r7 and r8, +0 where they are not above 0: what the sign says of numbers.
macro_rules! rectified_pair {
    ($a:literal $b:literal) => {
        concat!(
            "vmov r7, r8, s",
            $a,
            ", s",
            $b,
            "\n",
            "bic r7, r7, r7, asr #31\nbic r8, r8, r8, asr #31\n",
        )
    };
}

/// A filter's four outputs side by side, rectified.
macro_rules! rectified_line {
    ($first:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            rectified_pair!($a $b), "strd r7, r8, [", $first, "]\n",
            rectified_pair!($c $d), "strd r7, r8, [", $first, ", #8]\n",
        )
    };
}

/// A filter's four outputs at their places, rectified.
macro_rules! rectified_scattered {
    ($first:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            rectified_pair!($a $b), "str r7, [", $first, "]\nstr r8, [", $first, ", r4]\n",
            rectified_pair!($c $d), "str r7, [", $first, ", r5]\nstr r8, [", $first, ", r6]\n",
        )
    };
}

/// Negative sums and -0 become +0; NaN stays NaN. Changes r8 and s16.
macro_rules! rectified {
    ($($sum:literal)+) => {
        concat!(
            "mov r8, #0\nvmov s16, r8\n",
            $(
                "vcmp.f32 s", $sum, ", #0\nvmrs APSR_nzcv, fpscr\n",
                "it ls\nvmovls.f32 s", $sum, ", s16\n",
            )+
        )
    };
}

/// Makes the sums of a tile what a ReLU makes of them; a place of its own, since each shape needs it.
// SAFETY: only the loops call it; it changes the sums' registers and flags, and returns.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rectify() {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        rectified!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
        "bx lr",
    )
}
