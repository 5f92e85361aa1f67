//! Tiles of sums in registers, one behind another.
//!
//! A sweep computes outputs along a line, of up to four filters, then of others. Taps are walked in three loops, one
//! in the other: channels, rows, and the taps of a row, of which there are first `threes` times
//! three that lie side by side, then `ones` by themselves. What the loops call rows and channels
//! need not be these: loops with a single turn inside are one loop.

/// What the tiles of a sweep consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileShape {
    /// 4 filters x 4 outputs whose inputs lie side by side: at the first address.
    Line,
    /// 4 filters x 4 outputs, each with inputs and a place of its own.
    Scattered,
}

/// The taps of tiles, and where their sums go.
///
/// All steps are in bytes. Behind three taps, or one, an address of inputs moves on by `three_step`
/// or `one_step`, an address of weights to the next weight; behind a row, but the last, both move on
/// by the row's steps, and behind a channel, but the last, by the channel's.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    /// Each output's first input; or that of a line's first output.
    pub inputs: [*const f32; 4],
    /// Each filter's first weight.
    pub weights: [*const f32; 4],
    /// Each filter's first output, the others of a line behind it.
    pub outputs: [*mut f32; 4],
    /// What the sums begin at: filter by filter, the outputs of each.
    pub sums: [f32; 16],
    /// From the first output of a scattered tile to each of the others.
    pub places: [i32; 3],
    pub threes: u32,
    pub three_step: i32,
    pub ones: u32,
    pub one_step: i32,
    pub rows: u32,
    pub channels: u32,
    pub row_step: i32,
    pub weight_row_step: i32,
    pub channel_step: i32,
    pub weight_channel_step: i32,
    /// From a tile's inputs to the next one's.
    pub input_step: i32,
    /// From a tile's outputs to the next one's.
    pub output_step: i32,
    pub tiles: u32,
    /// How often all this is done, of other filters each time.
    pub turns: u32,
    /// Tiles of a turn.
    pub turn_tiles: u32,
    /// From a filter's weights to those of a next turn.
    pub weight_turn: i32,
    /// From a turn's last tile to the first of the next one: of inputs, and of outputs.
    pub input_turn: i32,
    pub output_turn: i32,
    /// What the sums of the turn's first filter begin at.
    pub bias: *const f32,
    pub bias_turn: i32,
    /// From a filter's bias to that of the next one.
    pub bias_steps: [i32; 3],
    /// What no output is below of: 0 for a ReLU, else minus infinity.
    pub floor: f32,
}

/// The filters that sweeps with the same taps start at. Steps are in bytes.
#[derive(Clone, Debug)]
pub(crate) struct SweepStart {
    /// Of the first group, and the one that comes behind all of a sweep's turns; the same where they have to
    /// be found.
    pub filters: [usize; 2],
    pub turns: u16,
    /// Whether the sweep is one of these and the block's taps, and of no others, so that it stays so.
    pub is_ready: bool,
    /// Each filter's first place.
    pub outputs: [*mut f32; 4],
    /// From a turn's first tile to the next one's.
    pub input_turn: i32,
    pub output_turn: i32,
}

impl SweepStart {
    /// At no filters yet.
    pub const NONE: Self = Self {
        filters: [0; 2],
        turns: 1,
        is_ready: false,
        outputs: [core::ptr::null_mut(); 4],
        input_turn: 0,
        output_turn: 0,
    };
}

impl Sweep {
    /// No tiles yet: all but the floor is to be said. Until then it is of a value at hand, since zeros are stored by a
    /// call that takes several times as long.
    #[inline(always)]
    pub fn unset(floor: f32, value: usize) -> Self {
        let (count, step) = (value as u32, value as i32);
        let at = core::ptr::without_provenance_mut::<f32>(value);
        Self {
            inputs: [at.cast_const(); 4],
            weights: [at.cast_const(); 4],
            outputs: [at; 4],
            sums: [floor; 16],
            threes: count,
            ones: count,
            rows: count,
            channels: count,
            three_step: step,
            one_step: step,
            row_step: step,
            channel_step: step,
            weight_row_step: step,
            weight_channel_step: step,
            input_step: step,
            output_step: step,
            places: [step; 3],
            tiles: count,
            turns: count,
            turn_tiles: count,
            weight_turn: step,
            input_turn: step,
            output_turn: step,
            bias: at.cast_const(),
            bias_turn: step,
            bias_steps: [step; 3],
            floor,
        }
    }

    /// Computes the outputs, and leaves the addresses of inputs and outputs at the last tile's.
    ///
    /// # Safety
    ///
    /// There is at least one turn, tile, channel, row and tap, and every address that the loops come to
    /// may be read, every output written.
    #[inline(always)]
    pub unsafe fn run(&mut self, shape: TileShape) {
        #[cfg(target_arch = "arm")]
        {
            let run = match shape {
                TileShape::Line => super::tiles::line,
                TileShape::Scattered => super::tiles::scattered,
            };
            // SAFETY: the loops read and write what the caller vouches for.
            unsafe { run(self) }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::sweep(self, shape, false);
        }
    }

    /// The same of a kernel of one column: an address of inputs moves on by `three_step` behind each of three taps.
    ///
    /// # Safety
    ///
    /// As for [`Sweep::run`].
    #[inline(always)]
    pub unsafe fn run_columns(&mut self, shape: TileShape) {
        #[cfg(target_arch = "arm")]
        {
            let run = match shape {
                TileShape::Line => super::column_tiles::line,
                TileShape::Scattered => super::column_tiles::scattered,
            };
            // SAFETY: the loops read and write what the caller vouches for.
            unsafe { run(self) }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated::sweep(self, shape, true);
        }
    }
}
