//! At most 4 x 4 taps of one channel, whose weights stay in registers.

use super::{ColumnRun, Rectangle};

/// Loads the weights of a kernel's rows into s16 to s31, four for a row; eight bytes each, 36 in all.
macro_rules! load_rows {
    ($($registers:literal),+) => {
        concat!($("vldmia r10, {{", $registers, "}}\nadd.w r10, r10, r11\n",)+ "b.w 23f\n")
    };
}

/// Adds the products of a kernel's row at an address, moves that on, and is as long for each row.
macro_rules! kernel_row {
    ($address:literal; $inputs:literal; $($taps:tt)+) => {
        concat!(
            "vldmia ", $address, ", {{", $inputs, "}}\n",
            "adds.n ", $address, ", ", $address, ", r5\n",
            kept_chain!(0; $($taps)+)
        )
    };
}

/// The four rows of a run with the columns of the kernel from the one that has these registers on.
macro_rules! run_of {
    ($label:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("r1"; "s1"; $a 1), kernel_row!("r2"; "s1"; $b 1),
            kernel_row!("r3"; "s1"; $c 1), kernel_row!("r4"; "s1"; $d 1),
        )
    };
    ($label:literal; $a:literal $b:literal $c:literal $d:literal;
     $e:literal $f:literal $g:literal $h:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("r1"; "s1-s2"; $a 1, $e 2), kernel_row!("r2"; "s1-s2"; $b 1, $f 2),
            kernel_row!("r3"; "s1-s2"; $c 1, $g 2), kernel_row!("r4"; "s1-s2"; $d 1, $h 2),
        )
    };
    ($label:literal; $a:literal $b:literal $c:literal $d:literal;
     $e:literal $f:literal $g:literal $h:literal; $i:literal $j:literal $k:literal $l:literal) => {
        concat!(
            $label, ":\n",
            kernel_row!("r1"; "s1-s3"; $a 1, $e 2, $i 3),
            kernel_row!("r2"; "s1-s3"; $b 1, $f 2, $j 3),
            kernel_row!("r3"; "s1-s3"; $c 1, $g 2, $k 3),
            kernel_row!("r4"; "s1-s3"; $d 1, $h 2, $l 3),
        )
    };
}

/// What is left of an output behind its sum, then the next one or the next run.
macro_rules! next_output {
    () => {
        concat!(
            "vcmp.f32 s0, s9\nvmrs APSR_nzcv, fpscr\nit ls\nvmovls.f32 s0, s9\n",
            "vstmia r6!, {{s0}}\nsubs r7, r7, #1\nbne 25b\nb 29b\n"
        )
    };
}

/// Bytes of a multiply-add.
#[cfg(not(feature = "slow-vmla"))]
const MULTIPLY_ADD: u32 = 4;
/// Bytes of a multiply-add.
#[cfg(feature = "slow-vmla")]
const MULTIPLY_ADD: u32 = 8;

// r1 to r4 are the addresses of the inputs of four rows of taps, of which a kernel of fewer takes the
// last; r5 is the step between outputs, r6 the output, r8 where the sum's first row is added. r7, r9
// and lr count columns, rows and groups, r12 is the next run; s8 is the bias, s9 the floor.
// SAFETY: it keeps the calling convention, and reads and writes where `Rectangle` says, which the
// caller vouches for.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rectangles(work: &mut Rectangle) {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldr r5, [r0, #{column_step}]",
        "ldr lr, [r0, #{groups}]",
        "vldr s9, [r0, #{floor}]",
        // Rows are loaded and added past those that the kernel lacks.
        "ldr r9, [r0, #{kernel_rows}]",
        "rsb r9, r9, #4",
        "ldr r1, [r0, #{input}]",
        "ldr r10, [r0, #{pitch}]",
        "mls r1, r9, r10, r1",
        "str r1, [r0, #{input}]",
        "ldr r10, [r0, #{kernel_columns}]",
        "sub r10, r10, #1",
        "adr.w r11, 41f",
        "mov r12, #36",
        "mla r11, r10, r12, r11",
        "add r11, r11, r9, lsl #3",
        "add r11, r11, #1",
        "str r11, [r0, #{own}]",
        // Where each run begins: by its first column, its taps, and past the rows.
        "ldr r12, [r0, #{runs}]",
        "adr.w r8, 50f",
        "20:",
        "ldr r7, [r12]",
        "cbz r7, 60f",
        "ldrh r10, [r12, #{taps}]",
        "ldrh r11, [r12, #{first}]",
        "add r11, r10, r11, lsl #2",
        "ldrh r11, [r8, r11, lsl #1]",
        "mov r7, #{multiply_add}",
        "mul r10, r10, r7",
        "add r10, r10, #6",
        "mla r10, r10, r9, r11",
        "add r10, r10, r8",
        "str r10, [r12, #{code}]",
        "add r12, r12, #{run}",
        "b 20b",
        // A group.
        "60:",
        "ldr r12, [r0, #{own}]",
        "ldr r10, [r0, #{weights}]",
        "ldr r11, [r0, #{weight_pitch}]",
        "bx r12",
        ".p2align 2",
        "41:",
        load_rows!("s16", "s20", "s24", "s28"),
        load_rows!("s16-s17", "s20-s21", "s24-s25", "s28-s29"),
        load_rows!("s16-s18", "s20-s22", "s24-s26", "s28-s30"),
        load_rows!("s16-s19", "s20-s23", "s24-s27", "s28-s31"),
        "23:",
        "ldr r12, [r0, #{bias}]",
        "vldr s8, [r12]",
        "ldr r1, [r0, #{input}]",
        "ldr r10, [r0, #{pitch}]",
        "add r2, r1, r10",
        "add r3, r2, r10",
        "add r4, r3, r10",
        "ldr r6, [r0, #{output}]",
        "ldr r9, [r0, #{rows}]",
        "24:",
        "ldr r12, [r0, #{runs}]",
        // A run.
        "29:",
        "ldm r12!, {{r7, r8, r10, r11}}",
        "cbz r7, 26f",
        "add r1, r10",
        "add r2, r10",
        "add r3, r10",
        "add r4, r10",
        "25:",
        "vmov.f32 s0, s8",
        "bx r8",
        "26:",
        "subs r9, r9, #1",
        "beq 27f",
        "ldr r10, [r0, #{output_row_step}]",
        "add r6, r10",
        "b 24b",
        "27:",
        "subs lr, lr, #1",
        "beq 28f",
        // The next group: input, output, weights, bias, which come first, in this order.
        "ldm r0, {{r1-r4}}",
        "ldr r10, [r0, #{group_step}]",
        "add r1, r10",
        "ldr r10, [r0, #{output_group_step}]",
        "add r2, r10",
        "ldr r10, [r0, #{weight_group_step}]",
        "add r3, r10",
        "ldr r10, [r0, #{bias_step}]",
        "add r4, r10",
        "stm r0, {{r1-r4}}",
        "b 60b",
        "28:",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        // Of four columns each, one tap, two, and so on; odd, which says Thumb.
        ".p2align 2",
        "50:",
        ".short 1, 51f - 50b + 1, 61f - 50b + 1, 71f - 50b + 1, 81f - 50b + 1",
        ".short 52f - 50b + 1, 62f - 50b + 1, 72f - 50b + 1, 1",
        ".short 53f - 50b + 1, 63f - 50b + 1, 1, 1",
        ".short 54f - 50b + 1",
        run_of!("71"; 16 20 24 28; 17 21 25 29; 18 22 26 30),
        next_output!(),
        run_of!("61"; 16 20 24 28; 17 21 25 29),
        next_output!(),
        run_of!("62"; 17 21 25 29; 18 22 26 30),
        "b 58f",
        run_of!("72"; 17 21 25 29; 18 22 26 30; 19 23 27 31),
        "b 58f",
        run_of!("63"; 18 22 26 30; 19 23 27 31),
        "b 58f",
        run_of!("51"; 16 20 24 28),
        "b 58f",
        run_of!("52"; 17 21 25 29),
        "b 58f",
        run_of!("53"; 18 22 26 30),
        "b 58f",
        run_of!("54"; 19 23 27 31),
        "b 58f",
        "81:",
        kernel_row!("r1"; "s1-s4"; 16 1, 17 2, 18 3, 19 4),
        kernel_row!("r2"; "s1-s4"; 20 1, 21 2, 22 3, 23 4),
        kernel_row!("r3"; "s1-s4"; 24 1, 25 2, 26 3, 27 4),
        kernel_row!("r4"; "s1-s4"; 28 1, 29 2, 30 3, 31 4),
        "58:",
        next_output!(),
        multiply_add = const MULTIPLY_ADD,
        run = const size_of::<ColumnRun>(),
        code = const core::mem::offset_of!(ColumnRun, own),
        taps = const core::mem::offset_of!(ColumnRun, taps),
        first = const core::mem::offset_of!(ColumnRun, first),
        input = const core::mem::offset_of!(Rectangle, input),
        output = const core::mem::offset_of!(Rectangle, output),
        weights = const core::mem::offset_of!(Rectangle, weights),
        bias = const core::mem::offset_of!(Rectangle, bias),
        runs = const core::mem::offset_of!(Rectangle, runs),
        floor = const core::mem::offset_of!(Rectangle, floor),
        kernel_rows = const core::mem::offset_of!(Rectangle, kernel_rows),
        kernel_columns = const core::mem::offset_of!(Rectangle, kernel_columns),
        pitch = const core::mem::offset_of!(Rectangle, pitch),
        weight_pitch = const core::mem::offset_of!(Rectangle, weight_pitch),
        column_step = const core::mem::offset_of!(Rectangle, column_step),
        rows = const core::mem::offset_of!(Rectangle, rows),
        output_row_step = const core::mem::offset_of!(Rectangle, output_row_step),
        groups = const core::mem::offset_of!(Rectangle, groups),
        group_step = const core::mem::offset_of!(Rectangle, group_step),
        output_group_step = const core::mem::offset_of!(Rectangle, output_group_step),
        weight_group_step = const core::mem::offset_of!(Rectangle, weight_group_step),
        bias_step = const core::mem::offset_of!(Rectangle, bias_step),
        own = const core::mem::offset_of!(Rectangle, own),
    )
}

// The loops take a run's values in the order in which they lie.
const _: () = assert!(core::mem::offset_of!(ColumnRun, step) == 8);
