//! How a sweep goes on to other filters.

use super::Sweep;

// What is moved on by is taken in pairs.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Sweep, input_turn) == offset_of!(Sweep, weight_turn) + 4);
    assert!(offset_of!(Sweep, bias_turn) == offset_of!(Sweep, bias) + 4);
};

/// Four sums that begin at a bias at r8.
macro_rules! spread_bias {
    ($first:literal $a:literal $b:literal $c:literal) => {
        concat!(
            "vldr s",
            $first,
            ", [r8]\nvmov.f32 s",
            $a,
            ", s",
            $first,
            "\nvmov.f32 s",
            $b,
            ", s",
            $first,
            "\nvmov.f32 s",
            $c,
            ", s",
            $first,
            "\n",
        )
    };
}

/// Moves all of a sweep on to its next turn; a place of its own, since each shape needs it.
// SAFETY: only the loops call it, with the sweep at r11; it leaves them a tile's first addresses and sums in
// their registers, and reads the biases that `Sweep` says, which the caller vouches for.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn turn() {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "add r12, r11, #{outputs}",
        "ldm r12, {{r0-r3}}",
        "ldr r8, [r11, #{output_turn}]",
        "add r0, r8",
        "add r1, r8",
        "add r2, r8",
        "add r3, r8",
        "stm r12, {{r0-r3}}",
        "ldr r8, [r11, #{turn_tiles}]",
        "str r8, [r11, #{tiles}]",
        "ldrd r8, r9, [r11, #{bias}]",
        "add r8, r9",
        "str r8, [r11, #{bias}]",
        "add r12, r11, #{bias_steps}",
        "ldm r12, {{r0-r2}}",
        spread_bias!(0 1 2 3),
        "add r8, r0",
        spread_bias!(4 5 6 7),
        "add r8, r1",
        spread_bias!(8 9 10 11),
        "add r8, r2",
        spread_bias!(12 13 14 15),
        "add r12, r11, #{sums}",
        "vstmia r12, {{s0-s15}}",
        "ldm r11, {{r0-r7}}",
        "ldrd r9, r8, [r11, #{weight_turn}]",
        "add r0, r8",
        "add r1, r8",
        "add r2, r8",
        "add r3, r8",
        "add r4, r9",
        "add r5, r9",
        "add r6, r9",
        "add r7, r9",
        "stm r11, {{r0-r7}}",
        "bx lr",
        outputs = const core::mem::offset_of!(Sweep, outputs),
        sums = const core::mem::offset_of!(Sweep, sums),
        tiles = const core::mem::offset_of!(Sweep, tiles),
        turn_tiles = const core::mem::offset_of!(Sweep, turn_tiles),
        weight_turn = const core::mem::offset_of!(Sweep, weight_turn),
        output_turn = const core::mem::offset_of!(Sweep, output_turn),
        bias = const core::mem::offset_of!(Sweep, bias),
        bias_steps = const core::mem::offset_of!(Sweep, bias_steps),
    )
}
