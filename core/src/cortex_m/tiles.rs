//! The tiles of a sweep.

use super::Sweep;

/// The loops around a shape's taps: text of three taps, of one tap, what moves the inputs on by r12,
/// what stores the sums at r0 to r3. In the first three r0 to r3 are the
/// inputs' addresses and r4 to r7 the weights'.
///
/// r8 counts taps, r9 rows, r10 channels; r11 is the step behind taps, lr the sweep.
macro_rules! loops {
    ($name:ident, $three:expr, $one:expr, $move:expr, $store:expr, $store_rectified:expr) => {
        // SAFETY: it keeps the calling convention, and reads and writes where `Sweep` says, which the
        // caller vouches for.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(sweep: &mut Sweep) {
            core::arch::naked_asm!(
                // The assembler is not told of what the target has.
                ".fpu fpv4-sp-d16",
                "push {{r4-r11, lr}}",
                "vpush {{s16-s31}}",
                "mov lr, r0",
                "20:",
                "add r12, lr, #{sums}",
                "vldmia r12, {{s0-s15}}",
                "ldm lr, {{r0-r7}}",
                "34:",
                "ldr r10, [lr, #{channels}]",
                "21:",
                "ldr r9, [lr, #{rows}]",
                "22:",
                "ldrd r8, r11, [lr, #{threes}]",
                "cmp r8, #0",
                "beq 24f",
                "23:",
                $three,
                "subs r8, r8, #1",
                "bne 23b",
                "24:",
                "ldrd r8, r11, [lr, #{ones}]",
                "cmp r8, #0",
                "bne 30f",
                "25:",
                "subs r9, r9, #1",
                "beq 26f",
                "ldrd r12, r11, [lr, #{row_step}]",
                $move,
                "cmp r11, #0",
                "beq 22b",
                "add r4, r4, r11",
                "add r5, r5, r11",
                "add r6, r6, r11",
                "add r7, r7, r11",
                "b 22b",
                "26:",
                "subs r10, r10, #1",
                "beq 27f",
                "ldrd r12, r11, [lr, #{channel_step}]",
                $move,
                "add r4, r4, r11",
                "add r5, r5, r11",
                "add r6, r6, r11",
                "add r7, r7, r11",
                "b 21b",
                "27:",
                "ldr r8, [lr, #{floor}]",
                "cmp r8, #0",
                "bne 28f",
                // One that is not a number makes their total one, as infinities of either sign do.
                total!(16: 0 1, 17: 2 3, 18: 4 5, 19: 6 7, 20: 8 9, 21: 10 11, 22: 12 13, 23: 14 15,
                    16: 16 17, 18: 18 19, 20: 20 21, 22: 22 23, 16: 16 18, 20: 20 22, 16: 16 20),
                "vcmp.f32 s16, s16",
                "vmrs APSR_nzcv, fpscr",
                "bvs 32f",
                "add r12, lr, #{outputs}",
                "ldm r12, {{r0-r3}}",
                $store_rectified,
                "b 33f",
                "32:",
                "mov r11, lr",
                "bl {rectified}",
                "mov lr, r11",
                "28:",
                "add r12, lr, #{outputs}",
                "ldm r12, {{r0-r3}}",
                $store,
                "33:",
                "ldr r8, [lr, #{tiles}]",
                "subs r8, r8, #1",
                "beq 35f",
                "str r8, [lr, #{tiles}]",
                "ldr r8, [lr, #{output_step}]",
                "add r0, r0, r8",
                "add r1, r1, r8",
                "add r2, r2, r8",
                "add r3, r3, r8",
                "stm r12, {{r0-r3}}",
                "ldm lr, {{r0-r3}}",
                "ldr r8, [lr, #{input_step}]",
                "add r0, r0, r8",
                "add r1, r1, r8",
                "add r2, r2, r8",
                "add r3, r3, r8",
                "stm lr, {{r0-r3}}",
                "b 20b",
                "35:",
                "ldr r8, [lr, #{turns}]",
                "subs r8, r8, #1",
                "str r8, [lr, #{turns}]",
                "beq 29f",
                "mov r11, lr",
                "bl {turned}",
                "mov lr, r11",
                "b 34b",
                "29:",
                "vpop {{s16-s31}}",
                "pop {{r4-r11, pc}}",
                "30:",
                $one,
                "subs r8, r8, #1",
                "bne 30b",
                "b 25b",
                outputs = const core::mem::offset_of!(Sweep, outputs),
                threes = const core::mem::offset_of!(Sweep, threes),
                ones = const core::mem::offset_of!(Sweep, ones),
                rows = const core::mem::offset_of!(Sweep, rows),
                channels = const core::mem::offset_of!(Sweep, channels),
                row_step = const core::mem::offset_of!(Sweep, row_step),
                channel_step = const core::mem::offset_of!(Sweep, channel_step),
                input_step = const core::mem::offset_of!(Sweep, input_step),
                output_step = const core::mem::offset_of!(Sweep, output_step),
                tiles = const core::mem::offset_of!(Sweep, tiles),
                floor = const core::mem::offset_of!(Sweep, floor),
                sums = const core::mem::offset_of!(Sweep, sums),
                rectified = sym super::rectifying::rectify,
                turns = const core::mem::offset_of!(Sweep, turns),
                turned = sym super::turning::turn,
            )
        }
    };
}

// The loops take the addresses, in this order, from where the sweep begins, and these values in pairs.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Sweep, inputs) == 0);
    assert!(offset_of!(Sweep, weights) == 16);
    assert!(offset_of!(Sweep, three_step) == offset_of!(Sweep, threes) + 4);
    assert!(offset_of!(Sweep, one_step) == offset_of!(Sweep, ones) + 4);
    assert!(offset_of!(Sweep, weight_row_step) == offset_of!(Sweep, row_step) + 4);
    assert!(offset_of!(Sweep, weight_channel_step) == offset_of!(Sweep, channel_step) + 4);
};

macro_rules! four_filters {
    ($name:ident, $three:expr, [$($in_three:tt)+], $one:expr, $move:expr, $store:expr,
     $store_rectified:expr) => {
        loops!(
            $name,
            concat!(
                $three,
                three_taps!("r4"; 0 1 2 3; $($in_three)+),
                three_taps!("r5"; 4 5 6 7; $($in_three)+),
                three_taps!("r6"; 8 9 10 11; $($in_three)+),
                three_taps!("r7"; 12 13 14 15; $($in_three)+),
            ),
            concat!(
                $one,
                one_tap!("r4"; 0 1 2 3; 16 17 18 19),
                one_tap!("r5"; 4 5 6 7; 16 17 18 19),
                one_tap!("r6"; 8 9 10 11; 16 17 18 19),
                one_tap!("r7"; 12 13 14 15; 16 17 18 19),
            ),
            $move,
            $store,
            $store_rectified
        );
    };
}

four_filters!(
    line,
    "vldmia r0, {{s16-s21}}\nadd r0, r0, r11\n",
    [16 17 18 19; 17 18 19 20; 18 19 20 21],
    line_one!(),
    line_move!(),
    line_store!(),
    line_store_rectified!()
);

four_filters!(
    scattered,
    concat!(
        "vldmia r0, {{s16-s18}}\nadd r0, r0, r11\nvldmia r1, {{s19-s21}}\nadd r1, r1, r11\n",
        "vldmia r2, {{s22-s24}}\nadd r2, r2, r11\nvldmia r3, {{s25-s27}}\nadd r3, r3, r11\n",
    ),
    [16 19 22 25; 17 20 23 26; 18 21 24 27],
    scattered_one!(),
    scattered_move!(),
    scattered_stores!(),
    scattered_stores_rectified!()
);
