//! The loops of pools, in assembly.

use super::pools::PoolWork;

/// Goes through all outputs: before each window or windows `before`, in each row of theirs `row`, behind
/// them `behind`.
///
/// r0 and r1 walk through windows and outputs, r2 is the work, r3 walks through a window; r4 are a
/// window's columns, r5 the gap behind; r6 counts columns, r7 rows, r8 to r10 turns.
macro_rules! pool_loop {
    ($before:expr, $row:expr, $behind:expr) => {
        concat!(
            ".fpu fpv4-sp-d16\n",
            "push {{r4-r11, lr}}\n",
            "vpush {{s16-s31}}\n",
            "ldr r4, [r2]\n",
            "ldr r5, [r2, #8]\n",
            "ldr r10, [r2, #36]\n",
            "10:\n",
            "ldr r9, [r2, #24]\n",
            "11:\n",
            "ldr r8, [r2, #12]\n",
            "12:\n",
            "mov r3, r0\n",
            "ldr r7, [r2, #4]\n",
            $before,
            "13:\n",
            $row,
            "add r3, r3, r5\n",
            "subs r7, r7, #1\n",
            "bne 13b\n",
            $behind,
            turned!("r8" "#16" "12b"),
            turned!("r9" "#28" "11b"),
            turned!("r10" "#40" "10b"),
            "vpop {{s16-s31}}\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

/// On to the next turn, where there is one: `counter, steps, turn`.
macro_rules! turned {
    ($counter:literal $steps:literal $turn:literal) => {
        concat!(
            "ldrd r11, r12, [r2, ",
            $steps,
            "]\n",
            "add r0, r0, r11\n",
            "add r1, r1, r12\n",
            "subs ",
            $counter,
            ", ",
            $counter,
            ", #1\n",
            "bne ",
            $turn,
            "\n",
        )
    };
}

/// A row column by column: in each, `values` are loaded, those of the lanes among them, and taken.
macro_rules! columns_of_lanes {
    ($values:literal, $taken:expr) => {
        concat!(
            "mov r6, r4\n",
            "2:\n",
            "vldmia r3, {{",
            $values,
            "}}\n",
            "add r3, r3, #4\n",
            $taken,
            "subs r6, r6, #1\n",
            "bne 2b\n",
        )
    };
}

/// A row of a single window: four values at once, then what is left of four.
macro_rules! columns_of_one {
    ($taken:ident) => {
        concat!(
            "lsrs r6, r4, #2\n",
            "beq 3f\n",
            "2:\n",
            "vldmia r3!, {{s8-s11}}\n",
            $taken!("s0": "s8"), $taken!("s0": "s9"), $taken!("s0": "s10"), $taken!("s0": "s11"),
            "subs r6, r6, #1\n",
            "bne 2b\n",
            "3:\n",
            "tst r4, #2\n",
            "beq 4f\n",
            "vldmia r3!, {{s8-s9}}\n",
            $taken!("s0": "s8"), $taken!("s0": "s9"),
            "4:\n",
            "tst r4, #1\n",
            "beq 5f\n",
            "vldmia r3!, {{s8}}\n",
            $taken!("s0": "s8"),
            "5:\n",
        )
    };
}

/// Adds values to sums.
macro_rules! summed {
    ($($sum:literal: $value:literal),+) => {
        concat!($("vadd.f32 ", $sum, ", ", $sum, ", ", $value, "\n",)+)
    };
}

/// Keeps values above the largest; one that is no number is above none, and none above it.
macro_rules! kept {
    ($($most:literal: $value:literal),+) => {
        concat!(
            $("vcmp.f32 ", $value, ", ", $most, "\nvmrs APSR_nzcv, fpscr\n",
            "it gt\nvmovgt.f32 ", $most, ", ", $value, "\n",)+
        )
    };
}

/// Sums begin.
macro_rules! zeroed {
    ($sums:literal) => {
        concat!("add r12, r2, #52\nvldmia r12, {{", $sums, "}}\n")
    };
}

/// Sums become means.
macro_rules! means_stored {
    ($sums:literal: $($sum:literal)+) => {
        concat!(
            "vldr s8, [r2, #48]\n",
            $("vmul.f32 ", $sum, ", ", $sum, ", s8\n",)+
            "vstmia r1, {{", $sums, "}}\n",
        )
    };
}

/// The first values are the largest so far.
macro_rules! first_kept {
    ($values:literal; $($most:literal: $value:literal),+) => {
        concat!(
            "vldmia r3, {{", $values, "}}\n",
            $("vmov.f32 ", $most, ", ", $value, "\n",)+
        )
    };
}

macro_rules! pool_functions {
    ($($name:ident: $text:expr;)+) => {
        $(
            // SAFETY: it keeps the calling convention, and reads and writes where `PoolWork` says, which
            // the caller vouches for.
            #[unsafe(naked)]
            pub(super) unsafe extern "C" fn $name(
                input: *const f32,
                output: *mut f32,
                work: &PoolWork,
            ) {
                core::arch::naked_asm!($text)
            }
        )+
    };
}

pool_functions! {
    average_eight_1: pool_loop!(
        zeroed!("s0-s7"),
        columns_of_lanes!(
            "s8-s15",
            summed!("s0": "s8", "s1": "s9", "s2": "s10", "s3": "s11", "s4": "s12", "s5": "s13", "s6": "s14", "s7": "s15")
        ),
        means_stored!("s0-s7": "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7")
    );
    average_eight_2: pool_loop!(
        zeroed!("s0-s7"),
        columns_of_lanes!(
            "s8-s22",
            summed!("s0": "s8", "s1": "s10", "s2": "s12", "s3": "s14", "s4": "s16", "s5": "s18", "s6": "s20", "s7": "s22")
        ),
        means_stored!("s0-s7": "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7")
    );
    average_eight_3: pool_loop!(
        zeroed!("s0-s7"),
        columns_of_lanes!(
            "s8-s29",
            summed!("s0": "s8", "s1": "s11", "s2": "s14", "s3": "s17", "s4": "s20", "s5": "s23", "s6": "s26", "s7": "s29")
        ),
        means_stored!("s0-s7": "s0" "s1" "s2" "s3" "s4" "s5" "s6" "s7")
    );
    average_four_1: pool_loop!(
        zeroed!("s0-s3"),
        columns_of_lanes!(
            "s8-s11",
            summed!("s0": "s8", "s1": "s9", "s2": "s10", "s3": "s11")
        ),
        means_stored!("s0-s3": "s0" "s1" "s2" "s3")
    );
    average_four_2: pool_loop!(
        zeroed!("s0-s3"),
        columns_of_lanes!(
            "s8-s14",
            summed!("s0": "s8", "s1": "s10", "s2": "s12", "s3": "s14")
        ),
        means_stored!("s0-s3": "s0" "s1" "s2" "s3")
    );
    average_four_3: pool_loop!(
        zeroed!("s0-s3"),
        columns_of_lanes!(
            "s8-s17",
            summed!("s0": "s8", "s1": "s11", "s2": "s14", "s3": "s17")
        ),
        means_stored!("s0-s3": "s0" "s1" "s2" "s3")
    );
    average_one: pool_loop!(zeroed!("s0"), columns_of_one!(summed), means_stored!("s0": "s0"));
    compare_four_1: pool_loop!(
        first_kept!("s8-s11"; "s0": "s8", "s1": "s9", "s2": "s10", "s3": "s11"),
        columns_of_lanes!("s8-s11", kept!("s0": "s8", "s1": "s9", "s2": "s10", "s3": "s11")),
        "vstmia r1, {{s0-s3}}\n"
    );
    compare_four_2: pool_loop!(
        first_kept!("s8-s14"; "s0": "s8", "s1": "s10", "s2": "s12", "s3": "s14"),
        columns_of_lanes!("s8-s14", kept!("s0": "s8", "s1": "s10", "s2": "s12", "s3": "s14")),
        "vstmia r1, {{s0-s3}}\n"
    );
    compare_four_3: pool_loop!(
        first_kept!("s8-s17"; "s0": "s8", "s1": "s11", "s2": "s14", "s3": "s17"),
        columns_of_lanes!("s8-s17", kept!("s0": "s8", "s1": "s11", "s2": "s14", "s3": "s17")),
        "vstmia r1, {{s0-s3}}\n"
    );
    compare_one: pool_loop!("vldr s0, [r0]\n", columns_of_one!(kept), "vstr s0, [r1]\n");
}
