//! A row of values that four others share: one filter's weights and four outputs' inputs, or one output's
//! inputs and four filters' weights. Or two such rows.

use super::convolution::{OutputPlaces, bytes};
use super::filter_block::FilterBlock;
use super::scattered::ScatteredOutputs;

/// Rows of taps whose products make four sums, or eight, of the same channels. Steps are in bytes.
///
/// Of the two factors of each product one is of a row of its own, the other of a shared one.
#[repr(C)]
#[derive(Clone, Debug)]
pub(crate) struct Fan {
    /// First values of the rows. Of a line, whose outputs are side by side, the first alone counts.
    pub own: [*const f32; 4],
    /// First values of the shared rows, of which there may be one.
    pub shared: [*const f32; 2],
    /// That of the first row.
    pub output: *mut f32,
    /// What its sum begins at.
    pub bias: *const f32,
    /// From a row's bias to the next one's.
    pub bias_step: i32,
    /// From the first row's output to each of the others'; a line's are side by side.
    pub places: [i32; 3],
    /// From the first shared row's outputs to the second one's.
    pub shared_place: i32,
    /// From behind the first shared row's biases to the second one's.
    pub shared_bias_step: i32,
    /// What no output is below of.
    pub floor: f32,
    /// Taps of a row.
    pub taps: u32,
    /// Rows of a channel.
    pub rows: u32,
    pub channels: u32,
    /// From a row to the next one.
    pub pitch: i32,
    pub shared_pitch: i32,
    /// From behind a channel's last row to the next one's first.
    pub channel_step: i32,
    pub shared_channel_step: i32,
    /// How often all this is done.
    pub turns: u32,
    /// From one time to the next.
    pub turn: i32,
    pub shared_turn: i32,
    pub output_turn: i32,
    pub bias_turn: i32,
}

/// What a fan's sums are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FanShape {
    /// Four rows that share one.
    One,
    /// Four rows that share two.
    Two,
    /// Four outputs side by side, their inputs too, that share one row.
    OneLine,
    /// The same, two rows.
    TwoLines,
}

impl Fan {
    /// Nowhere yet: of a block, all of which is to be said.
    pub fn nowhere<const PARTS: u8>(block: &FilterBlock<PARTS>) -> Self {
        // A value at hand, since zeros are stored by a call that takes three times as long.
        let unset = bytes(block.groups);
        Self {
            own: [block.input; 4],
            shared: [block.weights; 2],
            output: block.input.cast_mut(),
            bias: block.input,
            places: [unset; 3],
            shared_place: unset,
            bias_step: unset,
            shared_bias_step: unset,
            floor: block.sweep.floor,
            taps: block.groups as u32,
            rows: block.groups as u32,
            channels: block.groups as u32,
            pitch: unset,
            shared_pitch: unset,
            channel_step: unset,
            shared_channel_step: unset,
            turns: block.groups as u32,
            turn: unset,
            shared_turn: unset,
            output_turn: unset,
            bias_turn: unset,
        }
    }

    /// Makes the fan one of outputs with the block's taps, which share rows of weights.
    #[inline(never)]
    pub fn aim<const PARTS: u8>(&mut self, block: &FilterBlock<PARTS>) {
        let g = block.geometry;
        let rows = block.taps[0].len();
        let area = bytes(g.input_area());
        let kernel = bytes(g.kernel_area());
        let (pitch, row) = (bytes(g.dilation[0] * g.input[1]), bytes(g.kernel[1]));
        self.taps = block.taps[1].len() as u32;
        if rows == 1 {
            // The channels' rows as rows of one channel.
            (self.rows, self.channels) = (g.group_channels() as u32, 1);
            (self.pitch, self.shared_pitch) = (area, kernel);
            // There is no channel behind.
            return;
        }
        (self.rows, self.channels) = (rows as u32, g.group_channels() as u32);
        (self.pitch, self.shared_pitch) = (pitch, row);
        self.channel_step = area - pitch * rows as i32;
        self.shared_channel_step = kernel - row * rows as i32;
    }

    /// Has outputs share their inputs, not filters their weights.
    pub fn share_inputs(&mut self) {
        core::mem::swap(&mut self.pitch, &mut self.shared_pitch);
        core::mem::swap(&mut self.channel_step, &mut self.shared_channel_step);
    }

    /// Becomes one of one output or two; these, their taps and filters are to be said.
    pub fn begin_outputs<const PARTS: u8>(
        &mut self,
        block: &FilterBlock<PARTS>,
        target: &OutputPlaces,
    ) {
        self.shared_turn = 0;
        let bias = bytes(block.bias_step());
        (self.bias_step, self.shared_bias_step) = (bias, -4 * bias);
        self.places = [1, 2, 3].map(|f| bytes(f * target.map));
        (self.turn, self.bias_turn) = (bytes(4 * block.geometry.taps()), 4 * bias);
        self.output_turn = bytes(4 * target.map);
    }

    /// Aims such a fan at four filters from this one on, and so many times at the next four; at one output or two,
    /// as its shape says.
    pub fn at_filters<const PARTS: u8>(
        &mut self,
        block: &FilterBlock<PARTS>,
        (group, first, turns): (usize, usize, usize),
        outputs: &ScatteredOutputs,
        target: &OutputPlaces,
    ) {
        let filter = group * block.geometry.group_filters() + first;
        let offset = group * block.group_values();
        self.own = [0, 1, 2, 3].map(|f| block.first_weight(filter + f));
        self.shared = [0, 1].map(|at: usize| outputs.inputs[at].wrapping_add(offset));
        self.output = target.of(filter, outputs.places[0]);
        self.bias = block.bias_of(filter);
        self.turns = turns as u32;
    }

    /// Becomes one of one filter or two, in each of the block's groups; these, the outputs and their taps are to be
    /// said.
    #[inline(never)]
    pub fn begin_filters<const PARTS: u8>(
        &mut self,
        block: &FilterBlock<PARTS>,
        target: &OutputPlaces,
    ) {
        let filters = block.geometry.group_filters();
        self.bias_step = 0;
        self.shared_bias_step = bytes(block.bias_step());
        self.shared_place = bytes(target.map);
        self.turn = bytes(block.group_values());
        self.shared_turn = bytes(filters * block.geometry.taps());
        self.output_turn = bytes(filters * target.map);
        self.bias_turn = bytes(filters * block.bias_step());
    }

    /// Aims such a fan at one filter or two, so many from the first one on, and at outputs with these inputs, the
    /// first of which has this place.
    pub fn at_outputs<const PARTS: u8>(
        &mut self,
        block: &FilterBlock<PARTS>,
        inputs: [*const f32; 4],
        [first, filters]: [usize; 2],
        target: &OutputPlaces,
        place: usize,
    ) {
        self.own = inputs;
        self.shared = [first, first + filters - 1].map(|f| block.first_weight(f));
        self.output = target.of(first, place);
        self.bias = block.bias_of(first);
    }

    /// Computes the outputs, and leaves the addresses behind them.
    ///
    /// # Safety
    ///
    /// There is at least one turn, channel and row, and a row has at least one and at most
    /// [`Rectangle::COLUMNS`](super::Rectangle::COLUMNS) taps. Every address that the loops come to may be
    /// read, every output written.
    #[inline(always)]
    pub unsafe fn run(&mut self, shape: FanShape) {
        #[cfg(target_arch = "arm")]
        {
            let run = match shape {
                FanShape::One => super::fan_loops::one,
                FanShape::Two => super::fan_loops::two,
                FanShape::OneLine => super::fan_lines::one,
                FanShape::TwoLines => super::fan_lines::two,
            };
            // SAFETY: the loops read and write what the caller vouches for.
            unsafe { run(self) }
        }
        #[cfg(not(target_arch = "arm"))]
        // SAFETY: the caller's.
        unsafe {
            super::emulated_fan::fan(self, shape);
        }
    }
}
