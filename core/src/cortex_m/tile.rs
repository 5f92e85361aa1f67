//! Sixteen sums of products, or four, in registers while all their taps are added.

/// What a tile consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileShape {
    /// 4 filters x 4 outputs, each with inputs of its own.
    Scattered,
    /// 4 filters x 4 outputs whose inputs lie side by side: at the first address.
    Line,
    /// 4 filters x 2 x 2 outputs whose inputs lie side by side: at the first two addresses, one
    /// for each row.
    Window,
    /// 4 outputs, each with weights and inputs of its own.
    Quad,
}

/// The taps of a tile, and its sums.
///
/// Taps are walked in three loops, one in the other: channels, rows, and the taps of a row, of
/// which there are first `threes` times three that lie side by side, then `ones` by themselves. An
/// address of inputs moves on by `three_step` or `one_step` behind these, an address of weights to
/// the next weight; behind a row, but the last, both move on by the row's steps, behind a channel,
/// but the last, by the channel's. What the loops call rows and channels need not be these: loops
/// with a single turn inside are one loop.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    /// Each filter's first weight.
    pub weights: [*const f32; 4],
    /// Each output's first input.
    pub inputs: [*const f32; 4],
    pub threes: u32,
    pub ones: u32,
    pub rows: u32,
    pub channels: u32,
    /// Bytes from three taps' first input to the next one's.
    pub three_step: i32,
    /// Bytes from a single tap's input to the next one's.
    pub one_step: i32,
    /// Bytes that inputs skip behind a row.
    pub row_step: i32,
    /// Bytes that inputs skip behind a channel.
    pub channel_step: i32,
    /// Bytes that weights skip behind a row.
    pub weight_row_step: i32,
    /// Bytes that weights skip behind a channel.
    pub weight_channel_step: i32,
    /// What the sums begin at, then the sums: filter by filter, the outputs of each. A [quad] has
    /// the first four.
    ///
    /// [quad]: TileShape::Quad
    pub sums: [f32; 16],
}

impl Tile {
    /// No taps at all.
    pub const NOTHING: Self = Self {
        weights: [core::ptr::null(); 4],
        inputs: [core::ptr::null(); 4],
        threes: 0,
        ones: 0,
        rows: 0,
        channels: 0,
        three_step: 0,
        one_step: 0,
        row_step: 0,
        channel_step: 0,
        weight_row_step: 0,
        weight_channel_step: 0,
        sums: [0.0; 16],
    };

    /// Adds all products to the sums.
    ///
    /// # Safety
    ///
    /// There is at least one channel, one row and one tap, and every address that the loops come to
    /// may be read.
    #[inline(always)]
    pub unsafe fn accumulate(&mut self, shape: TileShape) {
        #[cfg(target_arch = "arm")]
        {
            let run = match shape {
                TileShape::Scattered => super::tile::scattered,
                TileShape::Line => super::tile::line,
                TileShape::Window => super::tile::window,
                TileShape::Quad => super::tile::quad,
            };
            // SAFETY: the loops read what the caller vouches for, and write the sums.
            unsafe { run(self) }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::accumulate(self, shape);
        }
    }
}

/// The loops around a shape's taps: `(text of three taps) (text of one tap) (text that moves the
/// inputs on by r12)`, in which r0 to r3 are the inputs' addresses, r4 to r7 the weights'.
///
/// r8 counts taps, r9 rows, r10 channels; r11 is what is skipped behind taps.
#[cfg(target_arch = "arm")]
macro_rules! loops {
    ($name:ident, $three:expr, $one:expr, $move:expr) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $name(tile: &mut Tile) {
            core::arch::naked_asm!(
                "push {{r4-r11, lr}}",
                "vpush {{s16-s31}}",
                "mov lr, r0",
                "add r12, lr, #{sums}",
                "vldmia r12, {{s0-s15}}",
                "add r12, lr, #{weights}",
                "ldm r12, {{r4-r7}}",
                "add r12, lr, #{inputs}",
                "ldm r12, {{r0-r3}}",
                "ldr r10, [lr, #{channels}]",
                "1:",
                "ldr r9, [lr, #{rows}]",
                "2:",
                "ldr r8, [lr, #{threes}]",
                "cmp r8, #0",
                "beq 4f",
                "ldr r11, [lr, #{three_step}]",
                "3:",
                $three,
                "subs r8, r8, #1",
                "bne 3b",
                "4:",
                "ldr r8, [lr, #{ones}]",
                "cmp r8, #0",
                "bne 8f",
                "5:",
                "subs r9, r9, #1",
                "beq 6f",
                "ldr r12, [lr, #{row_step}]",
                $move,
                "ldr r12, [lr, #{weight_row_step}]",
                "cmp r12, #0",
                "beq 2b",
                "add r4, r4, r12",
                "add r5, r5, r12",
                "add r6, r6, r12",
                "add r7, r7, r12",
                "b 2b",
                "6:",
                "subs r10, r10, #1",
                "beq 7f",
                "ldr r12, [lr, #{channel_step}]",
                $move,
                "ldr r12, [lr, #{weight_channel_step}]",
                "add r4, r4, r12",
                "add r5, r5, r12",
                "add r6, r6, r12",
                "add r7, r7, r12",
                "b 1b",
                "7:",
                "add r12, lr, #{sums}",
                "vstmia r12, {{s0-s15}}",
                "vpop {{s16-s31}}",
                "pop {{r4-r11, pc}}",
                "8:",
                "ldr r11, [lr, #{one_step}]",
                "9:",
                $one,
                "subs r8, r8, #1",
                "bne 9b",
                "b 5b",
                weights = const core::mem::offset_of!(Tile, weights),
                inputs = const core::mem::offset_of!(Tile, inputs),
                threes = const core::mem::offset_of!(Tile, threes),
                ones = const core::mem::offset_of!(Tile, ones),
                rows = const core::mem::offset_of!(Tile, rows),
                channels = const core::mem::offset_of!(Tile, channels),
                three_step = const core::mem::offset_of!(Tile, three_step),
                one_step = const core::mem::offset_of!(Tile, one_step),
                row_step = const core::mem::offset_of!(Tile, row_step),
                channel_step = const core::mem::offset_of!(Tile, channel_step),
                weight_row_step = const core::mem::offset_of!(Tile, weight_row_step),
                weight_channel_step = const core::mem::offset_of!(Tile, weight_channel_step),
                sums = const core::mem::offset_of!(Tile, sums),
            )
        }
    };
}

#[cfg(target_arch = "arm")]
loops!(
    scattered,
    concat!(
        "vldmia r0, {{s16-s18}}\nadd r0, r0, r11\n",
        "vldmia r1, {{s19-s21}}\nadd r1, r1, r11\n",
        "vldmia r2, {{s22-s24}}\nadd r2, r2, r11\n",
        "vldmia r3, {{s25-s27}}\nadd r3, r3, r11\n",
        three_taps!("r4"; 0 1 2 3; 16 19 22 25; 17 20 23 26; 18 21 24 27),
        three_taps!("r5"; 4 5 6 7; 16 19 22 25; 17 20 23 26; 18 21 24 27),
        three_taps!("r6"; 8 9 10 11; 16 19 22 25; 17 20 23 26; 18 21 24 27),
        three_taps!("r7"; 12 13 14 15; 16 19 22 25; 17 20 23 26; 18 21 24 27),
    ),
    concat!(
        "vldmia r0, {{s16}}\nadd r0, r0, r11\nvldmia r1, {{s17}}\nadd r1, r1, r11\n",
        "vldmia r2, {{s18}}\nadd r2, r2, r11\nvldmia r3, {{s19}}\nadd r3, r3, r11\n",
        one_tap!("r4"; 0 1 2 3; 16 17 18 19),
        one_tap!("r5"; 4 5 6 7; 16 17 18 19),
        one_tap!("r6"; 8 9 10 11; 16 17 18 19),
        one_tap!("r7"; 12 13 14 15; 16 17 18 19),
    ),
    "add r0, r0, r12\nadd r1, r1, r12\nadd r2, r2, r12\nadd r3, r3, r12"
);

#[cfg(target_arch = "arm")]
loops!(
    line,
    concat!(
        "vldmia r0, {{s16-s21}}\nadd r0, r0, r11\n",
        three_taps!("r4"; 0 1 2 3; 16 17 18 19; 17 18 19 20; 18 19 20 21),
        three_taps!("r5"; 4 5 6 7; 16 17 18 19; 17 18 19 20; 18 19 20 21),
        three_taps!("r6"; 8 9 10 11; 16 17 18 19; 17 18 19 20; 18 19 20 21),
        three_taps!("r7"; 12 13 14 15; 16 17 18 19; 17 18 19 20; 18 19 20 21),
    ),
    concat!(
        "vldmia r0, {{s16-s19}}\nadd r0, r0, r11\n",
        one_tap!("r4"; 0 1 2 3; 16 17 18 19),
        one_tap!("r5"; 4 5 6 7; 16 17 18 19),
        one_tap!("r6"; 8 9 10 11; 16 17 18 19),
        one_tap!("r7"; 12 13 14 15; 16 17 18 19),
    ),
    "add r0, r0, r12"
);

#[cfg(target_arch = "arm")]
loops!(
    window,
    concat!(
        "vldmia r0, {{s16-s19}}\nadd r0, r0, r11\n",
        "vldmia r1, {{s20-s23}}\nadd r1, r1, r11\n",
        three_taps!("r4"; 0 1 2 3; 16 17 20 21; 17 18 21 22; 18 19 22 23),
        three_taps!("r5"; 4 5 6 7; 16 17 20 21; 17 18 21 22; 18 19 22 23),
        three_taps!("r6"; 8 9 10 11; 16 17 20 21; 17 18 21 22; 18 19 22 23),
        three_taps!("r7"; 12 13 14 15; 16 17 20 21; 17 18 21 22; 18 19 22 23),
    ),
    concat!(
        "vldmia r0, {{s16-s17}}\nadd r0, r0, r11\n",
        "vldmia r1, {{s18-s19}}\nadd r1, r1, r11\n",
        one_tap!("r4"; 0 1 2 3; 16 17 18 19),
        one_tap!("r5"; 4 5 6 7; 16 17 18 19),
        one_tap!("r6"; 8 9 10 11; 16 17 18 19),
        one_tap!("r7"; 12 13 14 15; 16 17 18 19),
    ),
    "add r0, r0, r12\nadd r1, r1, r12"
);

#[cfg(target_arch = "arm")]
loops!(
    quad,
    concat!(
        "vldmia r0, {{s16-s18}}\nadd r0, r0, r11\n",
        "vldmia r1, {{s19-s21}}\nadd r1, r1, r11\n",
        "vldmia r2, {{s22-s24}}\nadd r2, r2, r11\n",
        "vldmia r3, {{s25-s27}}\nadd r3, r3, r11\n",
        "vldmia r4!, {{s4-s6}}\nvldmia r5!, {{s7-s9}}\n",
        "vldmia r6!, {{s10-s12}}\nvldmia r7!, {{s13-s15}}\n",
        four!(0 4 16, 1 7 19, 2 10 22, 3 13 25),
        four!(0 5 17, 1 8 20, 2 11 23, 3 14 26),
        four!(0 6 18, 1 9 21, 2 12 24, 3 15 27),
    ),
    concat!(
        "vldmia r0, {{s16}}\nadd r0, r0, r11\nvldmia r1, {{s17}}\nadd r1, r1, r11\n",
        "vldmia r2, {{s18}}\nadd r2, r2, r11\nvldmia r3, {{s19}}\nadd r3, r3, r11\n",
        "vldmia r4!, {{s4}}\nvldmia r5!, {{s5}}\nvldmia r6!, {{s6}}\nvldmia r7!, {{s7}}\n",
        four!(0 4 16, 1 5 17, 2 6 18, 3 7 19),
    ),
    "add r0, r0, r12\nadd r1, r1, r12\nadd r2, r2, r12\nadd r3, r3, r12"
);
