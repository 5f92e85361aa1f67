//! At most 4 x 4 taps of one channel, whose weights stay in registers.

use super::kept::KeptFilters;

/// Takes up the weights of a kernel's rows into s16 to s31, four for a row; eight bytes each, 36 in all.
macro_rules! take_rows {
    ($($registers:literal),+) => {
        concat!($("vldmia r1, {{", $registers, "}}\nadd.w r1, r1, r11\n",)+ "b.w 23f\n")
    };
}

/// What the list says next.
macro_rules! next_call {
    () => {
        "ldm r12!, {{r1, r8}}\nvmov.f32 s0, s8\nadds.n r1, r1, r4\nbx r8\n"
    };
}

/// Adds the products of a kernel's row but the last one, and moves the address on.
macro_rules! kernel_row {
    ($inputs:literal; $($taps:tt)+) => {
        concat!("vldmia r1, {{", $inputs, "}}\nadds.n r1, r1, r5\n", kept_chain!(0; $($taps)+))
    };
}

/// Adds the products of a kernel's last row.
macro_rules! last_row {
    ($inputs:literal; $($taps:tt)+) => {
        concat!("vldmia r1, {{", $inputs, "}}\n", kept_chain!(0; $($taps)+))
    };
}

/// The four rows of an output with the columns of the kernel from the one that has these registers on.
macro_rules! output_of {
    ($label:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("s1"; $a 1), kernel_row!("s1"; $b 1), kernel_row!("s1"; $c 1),
            last_row!("s1"; $d 1),
        )
    };
    ($label:literal; $a:literal $b:literal $c:literal $d:literal;
     $e:literal $f:literal $g:literal $h:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("s1-s2"; $a 1, $e 2), kernel_row!("s1-s2"; $b 1, $f 2),
            kernel_row!("s1-s2"; $c 1, $g 2), last_row!("s1-s2"; $d 1, $h 2),
        )
    };
    ($label:literal; $a:literal $b:literal $c:literal $d:literal;
     $e:literal $f:literal $g:literal $h:literal; $i:literal $j:literal $k:literal $l:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("s1-s3"; $a 1, $e 2, $i 3), kernel_row!("s1-s3"; $b 1, $f 2, $j 3),
            kernel_row!("s1-s3"; $c 1, $g 2, $k 3), last_row!("s1-s3"; $d 1, $h 2, $l 3),
        )
    };
}

/// What is left of an output behind its sum, then what the list says next.
macro_rules! store_output {
    () => {
        concat!(
            "vcmp.f32 s0, s9\nvmrs APSR_nzcv, fpscr\nit ls\nvmovls.f32 s0, s9\n",
            "vstmia r6!, {{s0}}\n",
            next_call!()
        )
    };
}

// r1 is the address of an output's inputs, or of weights that are taken up, r4 that of the channel, r6
// the output's; r5 and r11 are the steps between rows of inputs and weights; r7 and r10 are the filter's
// weights and bias, r2, r3 and r9 what leads from a channel, weights and a bias to the next ones. r12 is
// the next call, r8 its code, lr counts filters; s8 is the bias, s9 the floor.
// SAFETY: it keeps the calling convention, and reads and writes where `KeptFilters` says, which the
// caller vouches for.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn filters(work: *const KeptFilters) -> *const i16 {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "cbnz r0, 20f",
        "adr.w r0, 50f",
        "bx lr",
        "20:",
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldr r4, [r0, #{input}]",
        "ldr r6, [r0, #{output}]",
        "ldr r7, [r0, #{weights}]",
        "ldr r10, [r0, #{bias}]",
        "ldr r5, [r0, #{pitch}]",
        "ldr r11, [r0, #{weight_pitch}]",
        "ldr r2, [r0, #{input_step}]",
        "ldr r3, [r0, #{weight_step}]",
        "ldr r9, [r0, #{bias_step}]",
        "ldr lr, [r0, #{filters}]",
        "vldr s9, [r0, #{floor}]",
        "21:",
        "vldr s8, [r10]",
        "ldr r12, [r0, #{calls}]",
        next_call!(),
        // The end of a row of outputs: how far it is to the next one.
        "26:",
        "subs r1, r1, r4",
        "add r6, r1",
        next_call!(),
        // Weights: the code that takes them up, then where they are.
        "42:",
        "subs r8, r1, r4",
        "ldr r1, [r12], #8",
        "add r1, r7",
        "bx r8",
        // The end of the list.
        "27:",
        "subs lr, lr, #1",
        "beq 28f",
        "add r4, r2",
        "add r7, r3",
        "add r10, r9",
        "ldr r8, [r0, #{output_step}]",
        "add r6, r8",
        "b 21b",
        "28:",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        // As `KeptCode` has them; odd, which says Thumb.
        ".p2align 2",
        "50:",
        ".short 58f - 50b + 1, 51f - 50b + 1, 61f - 50b + 1, 71f - 50b + 1, 81f - 50b + 1",
        ".short 52f - 50b + 1, 62f - 50b + 1, 72f - 50b + 1, 58f - 50b + 1",
        ".short 53f - 50b + 1, 63f - 50b + 1, 58f - 50b + 1, 58f - 50b + 1",
        ".short 54f - 50b + 1",
        ".short 27b - 50b + 1, 26b - 50b + 1, 42b - 50b + 1",
        ".short 31f - 50b + 1, 32f - 50b + 1, 33f - 50b + 1, 34f - 50b + 1",
        "31:",
        take_rows!("s16", "s20", "s24", "s28"),
        "32:",
        take_rows!("s16-s17", "s20-s21", "s24-s25", "s28-s29"),
        "33:",
        take_rows!("s16-s18", "s20-s22", "s24-s26", "s28-s30"),
        "34:",
        take_rows!("s16-s19", "s20-s23", "s24-s27", "s28-s31"),
        "23:",
        next_call!(),
        output_of!("71"; 16 20 24 28; 17 21 25 29; 18 22 26 30),
        store_output!(),
        output_of!("61"; 16 20 24 28; 17 21 25 29),
        store_output!(),
        output_of!("62"; 17 21 25 29; 18 22 26 30),
        store_output!(),
        output_of!("72"; 17 21 25 29; 18 22 26 30; 19 23 27 31),
        "b.n 58f",
        output_of!("63"; 18 22 26 30; 19 23 27 31),
        "b.n 58f",
        output_of!("51"; 16 20 24 28),
        "b.n 58f",
        output_of!("52"; 17 21 25 29),
        "b.n 58f",
        output_of!("53"; 18 22 26 30),
        "b.n 58f",
        output_of!("54"; 19 23 27 31),
        "b.n 58f",
        "81:",
        kernel_row!("s1-s4"; 16 1, 17 2, 18 3, 19 4),
        kernel_row!("s1-s4"; 20 1, 21 2, 22 3, 23 4),
        kernel_row!("s1-s4"; 24 1, 25 2, 26 3, 27 4),
        last_row!("s1-s4"; 28 1, 29 2, 30 3, 31 4),
        "58:",
        store_output!(),
        input = const core::mem::offset_of!(KeptFilters, input),
        output = const core::mem::offset_of!(KeptFilters, output),
        weights = const core::mem::offset_of!(KeptFilters, weights),
        bias = const core::mem::offset_of!(KeptFilters, bias),
        calls = const core::mem::offset_of!(KeptFilters, calls),
        floor = const core::mem::offset_of!(KeptFilters, floor),
        pitch = const core::mem::offset_of!(KeptFilters, pitch),
        weight_pitch = const core::mem::offset_of!(KeptFilters, weight_pitch),
        filters = const core::mem::offset_of!(KeptFilters, filters),
        input_step = const core::mem::offset_of!(KeptFilters, input_step),
        output_step = const core::mem::offset_of!(KeptFilters, output_step),
        weight_step = const core::mem::offset_of!(KeptFilters, weight_step),
        bias_step = const core::mem::offset_of!(KeptFilters, bias_step),
    )
}
