//! The innermost loops: taps added in the order (channel, kernel row, kernel column) to a tile of
//! sums in registers.

use super::{Block, ConvGeometry};
use crate::lanes::Lanes;
use crate::program::MapSteps;
use core::ops::Range;

/// The taps of the positions of a rectangle that are inside the input, as three loops: from the
/// outermost on, how many there are, and how far apart inputs lie.
#[derive(Clone, Copy)]
pub(super) struct TileTaps {
    counts: [usize; 3],
    steps: [usize; 3],
    /// First tap of the first channel.
    first: usize,
    /// Taps from one turn of the outermost loop to the next, and of the middle one.
    strides: [usize; 2],
    /// From where a position's kernel would begin without padding to the input of its first tap;
    /// wraps where that lies before.
    corner: usize,
    /// Inputs from the first tap to the last.
    reach: usize,
}

impl TileTaps {
    pub const NONE: Self = Self {
        counts: [0; 3],
        steps: [0; 3],
        first: 0,
        strides: [0; 2],
        corner: 0,
        reach: 0,
    };

    /// The taps inside the input for place `sub` of windows; none at all where `ranges`, of rows and
    /// columns of the kernel, are empty. Apart from what calls it, whose tiles need the registers.
    #[inline(never)]
    pub fn new(
        g: &ConvGeometry,
        steps: MapSteps,
        ranges: [Range<usize>; 2],
        sub: [usize; 2],
    ) -> Self {
        let [rows, columns] = ranges;
        if rows.is_empty() || columns.is_empty() {
            return Self::NONE;
        }
        let channels = g.group_channels();
        let mut counts = [channels, rows.len(), columns.len()];
        let mut distances = [
            steps.channel,
            g.dilation[0] * steps.row,
            g.dilation[1] * steps.column,
        ];
        let mut strides = [g.kernel_area(), g.kernel[1]];
        if g.kernel_area() == 1 {
            // Channels innermost: a loop over a single column would be all overhead.
            counts = [1, 1, channels];
            distances = [0, 0, steps.channel];
            strides = [0, 0];
        }
        let start = [rows.start, columns.start];
        let place = |axis: usize| {
            let tap = sub[axis] * g.stride[axis] + start[axis] * g.dilation[axis];
            tap.wrapping_sub(g.padding[axis])
        };
        let corner = place(0).wrapping_mul(steps.row);
        let turns = |loops: usize| (counts[loops] - 1) * distances[loops];
        Self {
            counts,
            steps: distances,
            first: rows.start * g.kernel[1] + columns.start,
            strides,
            corner: corner.wrapping_add(place(1).wrapping_mul(steps.column)),
            reach: turns(0) + turns(1) + turns(2),
        }
    }

    /// The sums of `P` positions of `V` packets of filters, from their biases on; `origins` says where
    /// their kernels would begin without padding. Each lane meets its own channel where `PER_LANE` is
    /// set, or else all meet the same value.
    #[inline(always)]
    pub fn add<L: Lanes, const PER_LANE: bool, const P: usize, const V: usize>(
        &self,
        proof: L,
        input: &[f32],
        origins: [usize; P],
        block: Block<'_>,
    ) -> [[L; V]; P] {
        let mut sums = [[proof; V]; P];
        for v in 0..V {
            let bias = proof.load(&block.bias[v * L::LANES..]);
            for p in 0..P {
                sums[p][v] = bias;
            }
        }
        let [channels, rows, columns] = self.counts;
        if channels == 0 {
            return sums;
        }
        // All windows are as long, so that one check of an index serves all of them.
        let reach = self.reach + if PER_LANE { V * L::LANES } else { 1 };
        let mut windows: [&[f32]; P] = [&[]; P];
        for p in 0..P {
            windows[p] = &input[origins[p].wrapping_add(self.corner)..][..reach];
        }
        let (mut channel, mut channel_tap) = (0, self.first);
        for _ in 0..channels {
            let (mut line, mut tap) = (channel, channel_tap);
            for _ in 0..rows {
                let size = V * L::LANES;
                let weights = &block.weights[tap * size..][..columns * size];
                let mut at = line;
                for packets in weights.chunks_exact(size) {
                    let mut own = [proof; V];
                    for v in 0..V {
                        own[v] = proof.load(&packets[v * L::LANES..]);
                    }
                    for p in 0..P {
                        if PER_LANE {
                            let values = &windows[p][at..][..size];
                            for v in 0..V {
                                let value = proof.load(&values[v * L::LANES..]);
                                sums[p][v] = sums[p][v].add_product(own[v], value);
                            }
                        } else {
                            let value = proof.splat(windows[p][at]);
                            for v in 0..V {
                                sums[p][v] = sums[p][v].add_product(own[v], value);
                            }
                        }
                    }
                    at += self.steps[2];
                }
                line += self.steps[1];
                tap += self.strides[1];
            }
            channel += self.steps[0];
            channel_tap += self.strides[0];
        }
        sums
    }
}
