//! The innermost loops: taps added in the order (channel, kernel row, kernel column) to a tile of
//! sums in registers.

use super::{Block, ConvGeometry};
use crate::lanes::Lanes;
use crate::program::MapSteps;
use core::ops::Range;

/// The taps of the positions of a tile that are inside the input, as three loops: from the outermost
/// on, how many there are, how far apart inputs lie, and how far apart weights do.
pub(super) struct TileTaps {
    rows: Range<usize>,
    columns: Range<usize>,
    counts: [usize; 3],
    steps: [usize; 3],
    /// First tap of the first channel.
    first: usize,
    /// Taps from one turn of the outermost loop to the next, and of the middle one.
    strides: [usize; 2],
}

impl TileTaps {
    #[inline(always)]
    pub fn new(g: &ConvGeometry, steps: MapSteps, [rows, columns]: [Range<usize>; 2]) -> Self {
        let channels = g.group_channels();
        let mut counts = [channels, rows.len(), columns.len()];
        let mut distances = [
            steps.channel,
            g.dilation[0] * steps.row,
            g.dilation[1] * steps.column,
        ];
        let mut strides = [g.kernel_area(), g.kernel[1]];
        if rows.is_empty() || columns.is_empty() {
            counts = [0; 3];
        } else if g.kernel_area() == 1 {
            // Channels innermost: a loop over a single column would be all overhead.
            counts = [1, 1, channels];
            distances = [0, 0, steps.channel];
            strides = [0, 0];
        }
        Self {
            first: rows.start * g.kernel[1] + columns.start,
            rows,
            columns,
            counts,
            steps: distances,
            strides,
        }
    }

    /// Offset of the input's first channel that the first tap of `position` meets.
    #[inline(always)]
    pub fn corner(&self, g: &ConvGeometry, steps: MapSteps, position: [usize; 2]) -> usize {
        if self.counts[0] == 0 {
            return 0;
        }
        let row = position[0] * g.stride[0] + self.rows.start * g.dilation[0] - g.padding[0];
        let column = position[1] * g.stride[1] + self.columns.start * g.dilation[1] - g.padding[1];
        row * steps.row + column * steps.column
    }

    /// The sums of `P` positions of `V` packets of filters, from their biases on. Each lane
    /// meets its own channel where `PER_LANE` is set, or else all meet the same value.
    #[inline(always)]
    pub fn add<L: Lanes, const PER_LANE: bool, const P: usize, const V: usize>(
        &self,
        proof: L,
        input: &[f32],
        corners: [usize; P],
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
        let reach = (channels - 1) * self.steps[0]
            + (rows - 1) * self.steps[1]
            + (columns - 1) * self.steps[2]
            + if PER_LANE { V * L::LANES } else { 1 };
        let mut windows: [&[f32]; P] = [&[]; P];
        for p in 0..P {
            windows[p] = &input[corners[p]..][..reach];
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
