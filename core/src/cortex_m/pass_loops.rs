//! The loops that go through a list of outputs channel by channel, and outputs by themselves.

use super::channel_pass::{ChannelPass, PassCall};

/// What the list says next: address, code and rows.
macro_rules! next_of_pass {
    () => {
        "ldm r12!, {{r1, r8, r9}}\nadds.n r1, r1, r4\nbx r8\n"
    };
}

/// Adds to one sum, or two, the product of a weight and each one's input: `sums; weight; inputs`.
#[cfg(not(feature = "slow-vmla"))]
macro_rules! products_of_pass {
    ($($sum:literal)+; $w:literal; $($x:literal)+) => {
        concat!($("vmla.f32 s", $sum, ", s", $w, ", s", $x, "\n",)+)
    };
}

/// Adds to one sum, or two, the product of a weight and each one's input: `sums; weight; inputs`. s14 and s15
/// hold products, since weights stay where the others' are.
#[cfg(feature = "slow-vmla")]
macro_rules! products_of_pass {
    ($a:literal; $w:literal; $x:literal) => {
        concat!(
            "vmul.f32 s14, s",
            $w,
            ", s",
            $x,
            "\nvadd.f32 s",
            $a,
            ", s",
            $a,
            ", s14\n",
        )
    };
    ($a:literal $b:literal; $w:literal; $x:literal $y:literal) => {
        concat!(
            "vmul.f32 s14, s",
            $w,
            ", s",
            $x,
            "\nvmul.f32 s15, s",
            $w,
            ", s",
            $y,
            "\n",
            "vadd.f32 s",
            $a,
            ", s",
            $a,
            ", s14\nvadd.f32 s",
            $b,
            ", s",
            $b,
            ", s15\n",
        )
    };
}

/// A tap of so many outputs: `outputs; weight; inputs of four`.
macro_rules! tap_of_pass {
    (1; $w:literal; $a:literal $b:literal $c:literal $d:literal) => {
        products_of_pass!(0; $w; $a)
    };
    (2; $w:literal; $a:literal $b:literal $c:literal $d:literal) => {
        products_of_pass!(0 1; $w; $a $b)
    };
    (3; $w:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(products_of_pass!(0 1; $w; $a $b), products_of_pass!(2; $w; $c))
    };
    (4; $w:literal; $a:literal $b:literal $c:literal $d:literal) => {
        concat!(products_of_pass!(0 1; $w; $a $b), products_of_pass!(2 3; $w; $c $d))
    };
}

/// Four rows of taps of so many outputs, and their store: `label; outputs; inputs; sums`, then for each tap its
/// weights in the four rows, and the four outputs' inputs.
macro_rules! rows_of_pass {
    ($label:literal; $outputs:tt; $inputs:literal; $sums:literal;
     $($p:literal $q:literal $r:literal $s:literal, $a:literal $b:literal $c:literal $d:literal);+) => {
        concat!(
            $label, ":\n",
            "vldmia r1, {{", $inputs, "}}\nadds.n r1, r1, r5\n", $(tap_of_pass!($outputs; $p; $a $b $c $d),)+
            "vldmia r1, {{", $inputs, "}}\nadds.n r1, r1, r5\n", $(tap_of_pass!($outputs; $q; $a $b $c $d),)+
            "vldmia r1, {{", $inputs, "}}\nadds.n r1, r1, r5\n", $(tap_of_pass!($outputs; $r; $a $b $c $d),)+
            "vldmia r1, {{", $inputs, "}}\n", $(tap_of_pass!($outputs; $s; $a $b $c $d),)+
            "vstmia r6!, {{", $sums, "}}\n", next_of_pass!(),
        )
    };
}

/// Takes up the weights of a kernel's rows into s16 to s31, four for a row; eight bytes each.
macro_rules! take_of_pass {
    ($label:literal; $($registers:literal),+) => {
        concat!(
            $label, ":\n", $("vldmia r1, {{", $registers, "}}\nadd.w r1, r1, r11\n",)+ next_of_pass!(),
        )
    };
}

/// +0 where a value is not above it, but where it is not a number: above the bits of minus infinity, in r9, lie
/// those of the others.
macro_rules! rectify_bits {
    ($($value:literal)+) => {
        concat!($("cmp ", $value, ", r9\nit ls\nbicls ", $value, ", ", $value, ", ", $value, ", asr #31\n",)+)
    };
}

// r1 is the address of outputs' inputs, or of weights that are taken up, r4 that of the channel, r6 the
// outputs'; r5 and r11 are the steps between rows of inputs and weights, r7 the channel's weights, r2 and r3
// what leads to the next channel's; r12 is the next call, r8 its code, r9 its rows, lr counts channels.
// s0 to s3 are sums, from s4 on there are inputs.
// SAFETY: it keeps the calling convention, and reads and writes where `ChannelPass` says, which the
// caller vouches for.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn pass(work: *mut ChannelPass) -> *const i16 {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "cbnz r0, 20f",
        "adr.w r0, 50f",
        "bx lr",
        "20:",
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldrd r5, r11, [r0, #{pitch}]",
        "ldrd r2, r3, [r0, #{channel_step}]",
        "21:",
        "ldm r0, {{r4, r6, r7, r10}}",
        "vldr s0, [r10]",
        "vmov.f32 s1, s0",
        "vmov.f32 s2, s0",
        "vmov.f32 s3, s0",
        "vmov.f32 s4, s0",
        "vmov.f32 s5, s0",
        "vmov.f32 s6, s0",
        "vmov.f32 s7, s0",
        "mov r10, r6",
        "ldrd r1, lr, [r0, #{outputs}]",
        "subs r1, #8",
        "blt 23f",
        "22:",
        "vstmia r6!, {{s0-s7}}",
        "subs r1, #8",
        "bge 22b",
        "23:",
        "adds r1, #8",
        "beq 25f",
        "24:",
        "vstmia r6!, {{s0}}",
        "subs r1, #1",
        "bne 24b",
        "25:",
        "mov r6, r10",
        "ldr r12, [r0, #{calls}]",
        next_of_pass!(),
        // The end of the list.
        "26:",
        "subs lr, lr, #1",
        "beq 30f",
        "add r4, r2",
        "add r7, r3",
        "b 25b",
        // Outputs that are not on the list, or those that it begins at once more.
        "27:",
        "subs r1, r1, r4",
        "add r6, r1",
        next_of_pass!(),
        "28:",
        "subs r1, r1, r4",
        "add r1, r7",
        "bx r9",
        "30:",
        "ldr r8, [r0, #{floor}]",
        "cmp r8, #0",
        "bne 35f",
        "ldr r1, [r0, #{outputs}]",
        "movw r9, #0",
        "movt r9, #0xff80",
        "subs r1, #4",
        "blt 32f",
        "31:",
        "ldm r10, {{r4, r6, r7, r8}}",
        rectify_bits!("r4" "r6" "r7" "r8"),
        "stm r10!, {{r4, r6, r7, r8}}",
        "subs r1, #4",
        "bge 31b",
        "32:",
        "adds r1, #4",
        "beq 35f",
        "33:",
        "ldr r4, [r10]",
        rectify_bits!("r4"),
        "str r4, [r10], #4",
        "subs r1, #1",
        "bne 33b",
        "35:",
        "ldr r1, [r0, #{groups}]",
        "subs r1, #1",
        "beq 36f",
        "str r1, [r0, #{groups}]",
        "ldm r0, {{r4, r6, r7, r10}}",
        "add r1, r0, #{group_steps}",
        "ldm r1, {{r1, r8, r9, r12}}",
        "add r4, r1",
        "add r6, r8",
        "add r7, r9",
        "add r10, r12",
        "stm r0, {{r4, r6, r7, r10}}",
        "b 21b",
        "36:",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        // As `PassCode` has them; odd, which says Thumb.
        ".p2align 2",
        "50:",
        ".short 26b - 50b + 1, 27b - 50b + 1, 28b - 50b + 1",
        ".short 41f - 50b + 1, 42f - 50b + 1, 43f - 50b + 1, 44f - 50b + 1",
        ".short 45f - 50b + 1, 46f - 50b + 1, 47f - 50b + 1, 48f - 50b + 1",
        ".short 51f - 50b + 1, 61f - 50b + 1, 71f - 50b + 1, 81f - 50b + 1",
        ".short 52f - 50b + 1, 62f - 50b + 1, 72f - 50b + 1, 1",
        ".short 53f - 50b + 1, 63f - 50b + 1, 1, 1, 54f - 50b + 1",
        "41:",
        "vldr s0, [r6]",
        "bx r9",
        "42:",
        "vldmia r6, {{s0-s1}}",
        "bx r9",
        "43:",
        "vldmia r6, {{s0-s2}}",
        "bx r9",
        "44:",
        "vldmia r6, {{s0-s3}}",
        "bx r9",
        take_of_pass!("45"; "s16", "s20", "s24", "s28"),
        take_of_pass!("46"; "s16-s17", "s20-s21", "s24-s25", "s28-s29"),
        take_of_pass!("47"; "s16-s18", "s20-s22", "s24-s26", "s28-s30"),
        take_of_pass!("48"; "s16-s19", "s20-s23", "s24-s27", "s28-s31"),
        rows_of_pass!("51"; 1; "s4"; "s0"; 16 20 24 28, 4 4 4 4),
        rows_of_pass!("52"; 1; "s4"; "s0"; 17 21 25 29, 4 4 4 4),
        rows_of_pass!("53"; 1; "s4"; "s0"; 18 22 26 30, 4 4 4 4),
        rows_of_pass!("54"; 1; "s4"; "s0"; 19 23 27 31, 4 4 4 4),
        rows_of_pass!("61"; 1; "s4-s5"; "s0"; 16 20 24 28, 4 4 4 4; 17 21 25 29, 5 5 5 5),
        rows_of_pass!("62"; 1; "s4-s5"; "s0"; 17 21 25 29, 4 4 4 4; 18 22 26 30, 5 5 5 5),
        rows_of_pass!("63"; 1; "s4-s5"; "s0"; 18 22 26 30, 4 4 4 4; 19 23 27 31, 5 5 5 5),
        rows_of_pass!("71"; 1; "s4-s6"; "s0"; 16 20 24 28, 4 4 4 4; 17 21 25 29, 5 5 5 5;
            18 22 26 30, 6 6 6 6),
        rows_of_pass!("72"; 1; "s4-s6"; "s0"; 17 21 25 29, 4 4 4 4; 18 22 26 30, 5 5 5 5;
            19 23 27 31, 6 6 6 6),
        rows_of_pass!("81"; 1; "s4-s7"; "s0"; 16 20 24 28, 4 4 4 4; 17 21 25 29, 5 5 5 5;
            18 22 26 30, 6 6 6 6; 19 23 27 31, 7 7 7 7),
        outputs = const core::mem::offset_of!(ChannelPass, outputs),
        calls = const core::mem::offset_of!(ChannelPass, calls),
        floor = const core::mem::offset_of!(ChannelPass, floor),
        pitch = const core::mem::offset_of!(ChannelPass, pitch),
        channel_step = const core::mem::offset_of!(ChannelPass, channel_step),
        groups = const core::mem::offset_of!(ChannelPass, groups),
        group_steps = const core::mem::offset_of!(ChannelPass, group_steps),
    )
}

// The loops take the addresses, in this order, from where the work begins, and these values in pairs.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(ChannelPass, input) == 0);
    assert!(offset_of!(ChannelPass, output) == 4);
    assert!(offset_of!(ChannelPass, weights) == 8);
    assert!(offset_of!(ChannelPass, bias) == 12);
    assert!(offset_of!(ChannelPass, channels) == offset_of!(ChannelPass, outputs) + 4);
    assert!(offset_of!(ChannelPass, weight_pitch) == offset_of!(ChannelPass, pitch) + 4);
    assert!(
        offset_of!(ChannelPass, weight_channel_step) == offset_of!(ChannelPass, channel_step) + 4
    );
    assert!(size_of::<PassCall>() == 12);
};
