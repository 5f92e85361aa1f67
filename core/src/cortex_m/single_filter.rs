//! Outputs of one filter, one at a time.

/// The taps of a filter, at most seven a row, and a line of its outputs; then those of a filter of the
/// next group. Steps are in bytes.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct SingleFilter {
    pub input: *const f32,
    pub output: *mut f32,
    pub weights: *const f32,
    /// What sums begin at.
    pub bias: *const f32,
    /// What no output is below of.
    pub floor: f32,
    /// Taps a row, 1 to 7, side by side.
    pub columns: u32,
    pub rows: u32,
    pub channels: u32,
    /// From a row of taps to the next one.
    pub pitch: i32,
    pub weight_pitch: i32,
    /// From behind a channel's last row to the next channel.
    pub channel_step: i32,
    pub weight_channel_step: i32,
    /// From an output's inputs to the next one's.
    pub input_step: i32,
    pub output_step: i32,
    /// How many outputs of a filter.
    pub outputs: u32,
    pub groups: u32,
    /// From a group to the next one.
    pub group_step: i32,
    pub output_group_step: i32,
    pub weight_group_step: i32,
    pub bias_step: i32,
}

impl SingleFilter {
    /// Most taps a row.
    pub const MOST: usize = 7;

    /// Computes the outputs.
    ///
    /// # Safety
    ///
    /// There is at least one output, channel, row and tap, and every address that the loops come to
    /// may be read, every output written.
    #[inline(always)]
    pub unsafe fn run(&mut self) {
        debug_assert!((1..=Self::MOST).contains(&(self.columns as usize)));
        #[cfg(target_arch = "arm")]
        // SAFETY: the loops read and write what the caller vouches for.
        unsafe {
            dot(self);
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::single_filter(self);
        }
    }
}

/// All rows of a channel with so many taps: `label; inputs and weights; input weight each`.
#[cfg(target_arch = "arm")]
macro_rules! rows_of {
    ($label:literal; $inputs:literal, $weights:literal; $($input:literal $weight:literal),+) => {
        concat!(
            $label, ":\n",
            "vldmia r0, {{", $inputs, "}}\nvldmia r4, {{", $weights, "}}\n",
            "add r0, r0, r1\nadd r4, r4, r5\n",
            chain!(0; $($weight $input),+),
            "subs r9, r9, #1\nbne ", $label, "b\nb 40f\n",
        )
    };
}

// r0 and r4 are addresses of inputs and weights, r1 and r5 their pitches, r3 and r7 the output's
// first input and the output; r2 is the number of rows, r8, r9, r10 and lr count outputs, rows,
// channels and groups, and r11 is where the rows begin.
#[cfg(target_arch = "arm")]
#[unsafe(naked)]
unsafe extern "C" fn dot(filter: &mut SingleFilter) {
    core::arch::naked_asm!(
        ".fpu fpv4-sp-d16",
        "push {{r4-r11, lr}}",
        "mov r6, r0",
        "ldr lr, [r6, #{groups}]",
        "ldr r1, [r6, #{pitch}]",
        "ldr r5, [r6, #{weight_pitch}]",
        "ldr r2, [r6, #{rows}]",
        "vldr s15, [r6, #{floor}]",
        "ldr r11, [r6, #{columns}]",
        "adr r12, 50f",
        "add r11, r12, r11, lsl #2",
        "sub r11, r11, #3",
        "22:",
        "ldr r3, [r6, #{input}]",
        "ldr r7, [r6, #{output}]",
        "ldr r8, [r6, #{outputs}]",
        "20:",
        "ldr r12, [r6, #{bias}]",
        "vldr s0, [r12]",
        "ldr r4, [r6, #{weights}]",
        "mov r0, r3",
        "ldr r10, [r6, #{channels}]",
        "21:",
        "mov r9, r2",
        "bx r11",
        // One branch of four bytes for each number of taps; r11 is one of them, and says Thumb.
        ".p2align 2",
        "50:",
        "b.w 31f",
        "b.w 32f",
        "b.w 33f",
        "b.w 34f",
        "b.w 35f",
        "b.w 36f",
        rows_of!("37"; "s1-s7", "s8-s14"; 1 8, 2 9, 3 10, 4 11, 5 12, 6 13, 7 14),
        rows_of!("36"; "s1-s6", "s8-s13"; 1 8, 2 9, 3 10, 4 11, 5 12, 6 13),
        rows_of!("35"; "s1-s5", "s8-s12"; 1 8, 2 9, 3 10, 4 11, 5 12),
        rows_of!("34"; "s1-s4", "s8-s11"; 1 8, 2 9, 3 10, 4 11),
        rows_of!("33"; "s1-s3", "s8-s10"; 1 8, 2 9, 3 10),
        rows_of!("32"; "s1-s2", "s8-s9"; 1 8, 2 9),
        rows_of!("31"; "s1", "s8"; 1 8),
        "40:",
        "subs r10, r10, #1",
        "beq 41f",
        "ldr r12, [r6, #{channel_step}]",
        "add r0, r0, r12",
        "ldr r12, [r6, #{weight_channel_step}]",
        "add r4, r4, r12",
        "b 21b",
        "41:",
        "vcmp.f32 s0, s15",
        "vmrs APSR_nzcv, fpscr",
        "it ls",
        "vmovls.f32 s0, s15",
        "vstr s0, [r7]",
        "ldr r12, [r6, #{input_step}]",
        "add r3, r3, r12",
        "ldr r12, [r6, #{output_step}]",
        "add r7, r7, r12",
        "subs r8, r8, #1",
        "bne 20b",
        "subs lr, lr, #1",
        "beq 42f",
        // The next group: input, output, weights, bias, which come first, in this order.
        "ldm r6, {{r0, r3, r4, r7}}",
        "ldr r12, [r6, #{group_step}]",
        "add r0, r0, r12",
        "ldr r12, [r6, #{output_group_step}]",
        "add r3, r3, r12",
        "ldr r12, [r6, #{weight_group_step}]",
        "add r4, r4, r12",
        "ldr r12, [r6, #{bias_step}]",
        "add r7, r7, r12",
        "stm r6, {{r0, r3, r4, r7}}",
        "b 22b",
        "42:",
        "pop {{r4-r11, pc}}",
        input = const core::mem::offset_of!(SingleFilter, input),
        output = const core::mem::offset_of!(SingleFilter, output),
        weights = const core::mem::offset_of!(SingleFilter, weights),
        bias = const core::mem::offset_of!(SingleFilter, bias),
        floor = const core::mem::offset_of!(SingleFilter, floor),
        columns = const core::mem::offset_of!(SingleFilter, columns),
        rows = const core::mem::offset_of!(SingleFilter, rows),
        channels = const core::mem::offset_of!(SingleFilter, channels),
        pitch = const core::mem::offset_of!(SingleFilter, pitch),
        weight_pitch = const core::mem::offset_of!(SingleFilter, weight_pitch),
        channel_step = const core::mem::offset_of!(SingleFilter, channel_step),
        weight_channel_step = const core::mem::offset_of!(SingleFilter, weight_channel_step),
        input_step = const core::mem::offset_of!(SingleFilter, input_step),
        output_step = const core::mem::offset_of!(SingleFilter, output_step),
        outputs = const core::mem::offset_of!(SingleFilter, outputs),
        groups = const core::mem::offset_of!(SingleFilter, groups),
        group_step = const core::mem::offset_of!(SingleFilter, group_step),
        output_group_step = const core::mem::offset_of!(SingleFilter, output_group_step),
        weight_group_step = const core::mem::offset_of!(SingleFilter, weight_group_step),
        bias_step = const core::mem::offset_of!(SingleFilter, bias_step),
    )
}
