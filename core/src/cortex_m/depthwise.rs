//! At most 4 x 4 taps of one channel, whose weights stay in registers.

use super::Rectangle;

/// Loads the weights of a kernel's rows into s16 to s31, four for a row; eight bytes each.
macro_rules! load_rows {
    ($($registers:literal),+) => {
        concat!($("vldmia r10, {{", $registers, "}}\nadd.w r10, r10, r11\n",)+ "b 23f\n")
    };
}

/// Adds the products of a kernel's row at an address, moves that on, and is as long for each row.
macro_rules! kernel_row {
    ($address:literal; $inputs:literal; $($taps:tt)+) => {
        concat!(
            "vldmia ", $address, ", {{", $inputs, "}}\n",
            "add.w ", $address, ", ", $address, ", r5\n",
            kept_chain!(0; $($taps)+)
        )
    };
}

/// What is left of an output behind its sum, and the next one.
macro_rules! next_output {
    () => {
        concat!(next_output!(last), "b 26f\n")
    };
    (last) => {
        concat!(
            "vcmp.f32 s0, s9\nvmrs APSR_nzcv, fpscr\nit ls\nvmovls.f32 s0, s9\n",
            "vstmia r6!, {{s0}}\nsubs r7, r7, #1\nbne 25b\n"
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
// and lr count columns, rows and groups; s8 is the bias, s9 the floor.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rectangles(work: &mut Rectangle) {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldr r5, [r0, #{column_step}]",
        "ldr lr, [r0, #{groups}]",
        "vldr s9, [r0, #{floor}]",
        // Where rows are loaded and added: past those that the kernel lacks.
        "ldr r9, [r0, #{kernel_rows}]",
        "rsb r9, r9, #4",
        "ldr r1, [r0, #{input}]",
        "ldr r10, [r0, #{pitch}]",
        "mls r1, r9, r10, r1",
        "str r1, [r0, #{input}]",
        "ldr r10, [r0, #{kernel_columns}]",
        "subs r10, r10, #2",
        "bhi 20f",
        "beq 21f",
        "adr.w r8, 51f",
        "adr.w r11, 41f",
        "mov r12, #{one}",
        "b 22f",
        "21:",
        "adr.w r8, 52f",
        "adr.w r11, 42f",
        "mov r12, #{two}",
        "b 22f",
        "20:",
        "cmp r10, #2",
        "ite eq",
        "moveq r12, #{four}",
        "movne r12, #{three}",
        "adr.w r8, 53f",
        "adr.w r11, 43f",
        "bne 22f",
        "adr.w r8, 54f",
        "adr.w r11, 44f",
        "22:",
        "mla r8, r12, r9, r8",
        "add r8, r8, #1",
        "add r11, r11, r9, lsl #3",
        "add r11, r11, #1",
        "str r11, [r0, #{own}]",
        // A group.
        "60:",
        "ldr r12, [r0, #{own}]",
        "ldr r10, [r0, #{weights}]",
        "ldr r11, [r0, #{weight_pitch}]",
        "bx r12",
        ".p2align 2",
        "41:",
        load_rows!("s16", "s20", "s24", "s28"),
        ".p2align 2",
        "42:",
        load_rows!("s16-s17", "s20-s21", "s24-s25", "s28-s29"),
        ".p2align 2",
        "43:",
        load_rows!("s16-s18", "s20-s22", "s24-s26", "s28-s30"),
        ".p2align 2",
        "44:",
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
        "ldr r7, [r0, #{columns}]",
        "25:",
        "vmov.f32 s0, s8",
        "bx r8",
        ".p2align 2",
        "51:",
        kernel_row!("r1"; "s1"; 16 1),
        kernel_row!("r2"; "s1"; 20 1),
        kernel_row!("r3"; "s1"; 24 1),
        kernel_row!("r4"; "s1"; 28 1),
        next_output!(),
        ".p2align 2",
        "52:",
        kernel_row!("r1"; "s1-s2"; 16 1, 17 2),
        kernel_row!("r2"; "s1-s2"; 20 1, 21 2),
        kernel_row!("r3"; "s1-s2"; 24 1, 25 2),
        kernel_row!("r4"; "s1-s2"; 28 1, 29 2),
        next_output!(),
        ".p2align 2",
        "54:",
        kernel_row!("r1"; "s1-s4"; 16 1, 17 2, 18 3, 19 4),
        kernel_row!("r2"; "s1-s4"; 20 1, 21 2, 22 3, 23 4),
        kernel_row!("r3"; "s1-s4"; 24 1, 25 2, 26 3, 27 4),
        kernel_row!("r4"; "s1-s4"; 28 1, 29 2, 30 3, 31 4),
        next_output!(),
        ".p2align 2",
        "53:",
        kernel_row!("r1"; "s1-s3"; 16 1, 17 2, 18 3),
        kernel_row!("r2"; "s1-s3"; 20 1, 21 2, 22 3),
        kernel_row!("r3"; "s1-s3"; 24 1, 25 2, 26 3),
        kernel_row!("r4"; "s1-s3"; 28 1, 29 2, 30 3),
        next_output!(last),
        "26:",
        "subs r9, r9, #1",
        "beq 27f",
        "ldr r10, [r0, #{row_step}]",
        "add r1, r1, r10",
        "add r2, r2, r10",
        "add r3, r3, r10",
        "add r4, r4, r10",
        "ldr r10, [r0, #{output_row_step}]",
        "add r6, r6, r10",
        "b 24b",
        "27:",
        "subs lr, lr, #1",
        "beq 28f",
        // The next group: input, output, weights, bias, which come first, in this order.
        "ldm r0, {{r1-r4}}",
        "ldr r10, [r0, #{group_step}]",
        "add r1, r1, r10",
        "ldr r10, [r0, #{output_group_step}]",
        "add r2, r2, r10",
        "ldr r10, [r0, #{weight_group_step}]",
        "add r3, r3, r10",
        "ldr r10, [r0, #{bias_step}]",
        "add r4, r4, r10",
        "stm r0, {{r1-r4}}",
        "b 60b",
        "28:",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        one = const 8 + MULTIPLY_ADD,
        two = const 8 + 2 * MULTIPLY_ADD,
        three = const 8 + 3 * MULTIPLY_ADD,
        four = const 8 + 4 * MULTIPLY_ADD,
        input = const core::mem::offset_of!(Rectangle, input),
        output = const core::mem::offset_of!(Rectangle, output),
        weights = const core::mem::offset_of!(Rectangle, weights),
        bias = const core::mem::offset_of!(Rectangle, bias),
        floor = const core::mem::offset_of!(Rectangle, floor),
        kernel_rows = const core::mem::offset_of!(Rectangle, kernel_rows),
        kernel_columns = const core::mem::offset_of!(Rectangle, kernel_columns),
        pitch = const core::mem::offset_of!(Rectangle, pitch),
        weight_pitch = const core::mem::offset_of!(Rectangle, weight_pitch),
        column_step = const core::mem::offset_of!(Rectangle, column_step),
        columns = const core::mem::offset_of!(Rectangle, columns),
        rows = const core::mem::offset_of!(Rectangle, rows),
        row_step = const core::mem::offset_of!(Rectangle, row_step),
        output_row_step = const core::mem::offset_of!(Rectangle, output_row_step),
        groups = const core::mem::offset_of!(Rectangle, groups),
        group_step = const core::mem::offset_of!(Rectangle, group_step),
        output_group_step = const core::mem::offset_of!(Rectangle, output_group_step),
        weight_group_step = const core::mem::offset_of!(Rectangle, weight_group_step),
        bias_step = const core::mem::offset_of!(Rectangle, bias_step),
        own = const core::mem::offset_of!(Rectangle, own),
    )
}
