//! The loops of fans whose rows lie anywhere.

use super::Fan;

/// The loops of a shape around its rows of taps: text that makes four sums begin, or eight; the rows of one
/// tap to seven, from label 31 on; what moves the own rows on by r12, the shared ones by r8; what stores
/// the sums at r12; operands for these.
///
/// r0 to r3 are the own rows' addresses, r4 and r5 the shared ones', r6 and r7 their pitches; r9 and r10
/// count rows and channels, r11 is where a row begins, lr the fan.
macro_rules! fan_loops {
    ($name:ident, $begin:expr, [$($rows:expr),+ $(,)?], $move_own:expr, $move_shared:expr, $store:expr,
     $($operands:tt)*) => {
        // SAFETY: it keeps the calling convention, and reads and writes where `Fan` says, which the
        // caller vouches for.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(fan: &mut Fan) {
            core::arch::naked_asm!(
                ".fpu fpv4-sp-d16",
                "push {{r4-r11, lr}}",
                "vpush {{s16-s31}}",
                "mov lr, r0",
                "adr.w r11, 50f",
                "ldr r12, [lr, #{taps}]",
                "ldrh r12, [r11, r12, lsl #1]",
                "add r11, r12",
                "20:",
                "ldrd r12, r8, [lr, #{bias}]",
                $begin,
                "ldm lr, {{r0-r5}}",
                "ldrd r6, r7, [lr, #{pitch}]",
                "ldr r10, [lr, #{channels}]",
                "21:",
                "ldr r9, [lr, #{rows}]",
                "bx r11",
                // By the number of taps; odd, which says Thumb.
                ".p2align 2",
                "50:",
                ".short 1, 31f - 50b + 1, 32f - 50b + 1, 33f - 50b + 1, 34f - 50b + 1",
                ".short 35f - 50b + 1, 36f - 50b + 1, 37f - 50b + 1",
                $($rows,)+
                "40:",
                "subs r10, r10, #1",
                "beq 41f",
                "ldrd r12, r8, [lr, #{channel_step}]",
                $move_own,
                $move_shared,
                "b 21b",
                "41:",
                "vldr s8, [lr, #{floor}]",
                "ldr r12, [lr, #{output}]",
                $store,
                "ldr r8, [lr, #{turns}]",
                "subs r8, r8, #1",
                "beq 42f",
                "str r8, [lr, #{turns}]",
                "ldm lr, {{r0-r7}}",
                "ldrd r12, r8, [lr, #{turn}]",
                $move_own,
                $move_shared,
                "ldrd r12, r8, [lr, #{output_turn}]",
                "add r6, r12",
                "add r7, r8",
                "stm lr, {{r0-r7}}",
                "b 20b",
                "42:",
                "vpop {{s16-s31}}",
                "pop {{r4-r11, pc}}",
                bias = const core::mem::offset_of!(Fan, bias),
                taps = const core::mem::offset_of!(Fan, taps),
                rows = const core::mem::offset_of!(Fan, rows),
                channels = const core::mem::offset_of!(Fan, channels),
                pitch = const core::mem::offset_of!(Fan, pitch),
                channel_step = const core::mem::offset_of!(Fan, channel_step),
                floor = const core::mem::offset_of!(Fan, floor),
                output = const core::mem::offset_of!(Fan, output),
                turns = const core::mem::offset_of!(Fan, turns),
                turn = const core::mem::offset_of!(Fan, turn),
                output_turn = const core::mem::offset_of!(Fan, output_turn),
                $($operands)*
            )
        }
    };
}

// The loops take the addresses, in this order, from where the fan begins, and these values in pairs.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Fan, own) == 0);
    assert!(offset_of!(Fan, shared) == 16);
    assert!(offset_of!(Fan, output) == 24);
    assert!(offset_of!(Fan, bias) == 28);
    assert!(offset_of!(Fan, bias_step) == 32);
    assert!(offset_of!(Fan, shared_pitch) == offset_of!(Fan, pitch) + 4);
    assert!(offset_of!(Fan, shared_channel_step) == offset_of!(Fan, channel_step) + 4);
    assert!(offset_of!(Fan, shared_turn) == offset_of!(Fan, turn) + 4);
    assert!(offset_of!(Fan, bias_turn) == offset_of!(Fan, output_turn) + 4);
};

/// Four sums begin at biases from r12 on, r8 apart.
macro_rules! begin_sums {
    ($($sum:literal)+) => {
        concat!($("vldr s", $sum, ", [r12]\nadd r12, r8\n",)+)
    };
}

/// Sums that are not above the floor become it.
macro_rules! raise_sums {
    ($($sum:literal)+) => {
        concat!($(
            "vcmp.f32 s", $sum, ", s8\nvmrs APSR_nzcv, fpscr\nit ls\nvmovls.f32 s", $sum, ", s8\n",
        )+)
    };
}

/// Stores four sums at r12 and at the places behind it in r5 to r7.
macro_rules! store_sums {
    ($a:literal $b:literal $c:literal $d:literal) => {
        concat!(
            "vstr s",
            $a,
            ", [r12]\nadd r8, r12, r5\nvstr s",
            $b,
            ", [r8]\n",
            "add r8, r12, r6\nvstr s",
            $c,
            ", [r8]\nadd r8, r12, r7\nvstr s",
            $d,
            ", [r8]\n",
        )
    };
}

/// A row of taps: `label; registers of the shared row, of an own one; shared and own value each`.
macro_rules! one_row {
    ($label:literal; $shared:literal, $own:literal; $($taps:tt)+) => {
        concat!(
            $label, ":\nvldmia r4, {{", $shared, "}}\nadd r4, r7\n",
            "vldmia r0, {{", $own, "}}\nadd r0, r6\n", kept_chain!(0; $($taps)+),
            "vldmia r1, {{", $own, "}}\nadd r1, r6\n", kept_chain!(1; $($taps)+),
            "vldmia r2, {{", $own, "}}\nadd r2, r6\n", kept_chain!(2; $($taps)+),
            "vldmia r3, {{", $own, "}}\nadd r3, r6\n", kept_chain!(3; $($taps)+),
            "subs r9, r9, #1\nbne ", $label, "b\nb 40f\n",
        )
    };
}

/// A row of taps: `label; registers of the shared rows, of an own one; values of either and own each`.
macro_rules! two_rows {
    ($label:literal; $first:literal, $second:literal, $own:literal; $($taps:tt)+) => {
        concat!(
            $label, ":\nvldmia r4, {{", $first, "}}\nadd r4, r7\n",
            "vldmia r5, {{", $second, "}}\nadd r5, r7\n",
            "vldmia r0, {{", $own, "}}\nadd r0, r6\n", kept_chains!(0 4; $($taps)+),
            "vldmia r1, {{", $own, "}}\nadd r1, r6\n", kept_chains!(1 5; $($taps)+),
            "vldmia r2, {{", $own, "}}\nadd r2, r6\n", kept_chains!(2 6; $($taps)+),
            "vldmia r3, {{", $own, "}}\nadd r3, r6\n", kept_chains!(3 7; $($taps)+),
            "subs r9, r9, #1\nbne ", $label, "b\nb 40f\n",
        )
    };
}

fan_loops!(
    one,
    begin_sums!(0 1 2 3),
    [
        one_row!("37"; "s9-s15", "s16-s22"; 9 16, 10 17, 11 18, 12 19, 13 20, 14 21, 15 22),
        one_row!("36"; "s9-s14", "s16-s21"; 9 16, 10 17, 11 18, 12 19, 13 20, 14 21),
        one_row!("35"; "s9-s13", "s16-s20"; 9 16, 10 17, 11 18, 12 19, 13 20),
        one_row!("34"; "s9-s12", "s16-s19"; 9 16, 10 17, 11 18, 12 19),
        one_row!("33"; "s9-s11", "s16-s18"; 9 16, 10 17, 11 18),
        one_row!("32"; "s9-s10", "s16-s17"; 9 16, 10 17),
        one_row!("31"; "s9", "s16"; 9 16),
    ],
    "add r0, r12\nadd r1, r12\nadd r2, r12\nadd r3, r12",
    "add r4, r8",
    concat!(
        raise_sums!(0 1 2 3),
        "add r8, lr, #{places}\nldm r8, {{r5-r7}}\n",
        store_sums!(0 1 2 3)
    ),
    places = const core::mem::offset_of!(Fan, places),
);

fan_loops!(
    two,
    concat!(
        begin_sums!(0 1 2 3),
        "ldr r5, [lr, #{shared_bias_step}]\nadd r12, r5\n",
        begin_sums!(4 5 6 7)
    ),
    [
        two_rows!("37"; "s8-s14", "s15-s21", "s22-s28"; 8 15 22, 9 16 23, 10 17 24, 11 18 25, 12 19 26,
            13 20 27, 14 21 28),
        two_rows!("36"; "s8-s13", "s15-s20", "s22-s27"; 8 15 22, 9 16 23, 10 17 24, 11 18 25, 12 19 26,
            13 20 27),
        two_rows!("35"; "s8-s12", "s15-s19", "s22-s26"; 8 15 22, 9 16 23, 10 17 24, 11 18 25, 12 19 26),
        two_rows!("34"; "s8-s11", "s15-s18", "s22-s25"; 8 15 22, 9 16 23, 10 17 24, 11 18 25),
        two_rows!("33"; "s8-s10", "s15-s17", "s22-s24"; 8 15 22, 9 16 23, 10 17 24),
        two_rows!("32"; "s8-s9", "s15-s16", "s22-s23"; 8 15 22, 9 16 23),
        two_rows!("31"; "s8", "s15", "s22"; 8 15 22),
    ],
    "add r0, r12\nadd r1, r12\nadd r2, r12\nadd r3, r12",
    "add r4, r8\nadd r5, r8",
    concat!(
        raise_sums!(0 1 2 3 4 5 6 7),
        "add r8, lr, #{places}\nldm r8, {{r5-r7}}\n",
        store_sums!(0 1 2 3),
        "ldr r8, [lr, #{shared_place}]\nadd r12, r8\n",
        store_sums!(4 5 6 7)
    ),
    places = const core::mem::offset_of!(Fan, places),
    shared_place = const core::mem::offset_of!(Fan, shared_place),
    shared_bias_step = const core::mem::offset_of!(Fan, shared_bias_step),
);
