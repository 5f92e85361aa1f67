//! A convolution's weights, arranged for packets of codes.

use super::block_scale::{BlockScale, FilterScales};
use super::grouped::GroupQuads;
use super::quads::QuadGeometry;
use crate::lanes::codes::{CODE_BIAS, CodeLanes, QUAD};

impl QuadGeometry {
    /// Arranges weights, filters x kernel rows x kernel columns x channels of the group, and what
    /// makes codes of sums: block by block, a [`BlockScale`], then quad by quad the weights of four
    /// filters.
    pub fn arrange<C: CodeLanes>(&self, weights: &[i8], scales: &FilterScales, words: &mut [u32]) {
        let taps = self.conv().taps();
        let mut rest = words;
        for block in 0..self.blocks() {
            let (own, behind) = rest.split_at_mut(BlockScale::WORDS);
            let mut scale = scales.block(block);
            let mut sums = [[0; 2]; QUAD];
            for (index, bias) in scale.biases.iter_mut().enumerate() {
                let filter = weights.chunks_exact(taps).nth(block * QUAD + index);
                let filter = filter.unwrap_or(&[]);
                let sum: i32 = filter.iter().map(|weight| i32::from(*weight)).sum();
                *bias = bias.wrapping_sub(CODE_BIAS.wrapping_mul(sum));
                sums[index] = sums_of(*bias, filter);
            }
            if C::HAS_FUSED_SCALES {
                scale.look_for_floats(scales, sums);
            }
            scale.write(own);
            let (own, behind) = behind.split_at_mut(self.block_words::<C>(block));
            for (quad, words) in own.chunks_exact_mut(QUAD * C::WEIGHT_WORDS).enumerate() {
                for (index, words) in words.chunks_exact_mut(C::WEIGHT_WORDS).enumerate() {
                    let filter = block * QUAD + index;
                    C::arrange_weight(self.weight(weights, filter, block, quad), words);
                }
            }
            rest = behind;
        }
    }

    /// A filter's weights for the `index`th quad that its block sees; 0 where it has none.
    fn weight(&self, weights: &[i8], filter: usize, block: usize, index: usize) -> [i8; QUAD] {
        let g = self.conv();
        if self.column_quads > 0 {
            return self.column_weight(weights, filter, index);
        }
        let seen = self.seen(block);
        let (tap, quad) = (index / seen.len(), seen.start + index % seen.len());
        let (row, column) = (tap / self.kernel[1], tap % self.kernel[1]);
        if let Some(groups) = &self.groups {
            return self.group_weight(groups, weights, filter, [row, column, quad]);
        }
        [0, 1, 2, 3].map(|place| {
            let (column, channel) = match self.window {
                1 => (column, quad * QUAD + place),
                window => (column * window + place / g.channels, place % g.channels),
            };
            if filter >= g.filters || column >= g.kernel[1] {
                return 0;
            }
            let first = filter / g.group_filters() * g.group_channels();
            match channel.checked_sub(first) {
                Some(channel) if channel < g.group_channels() => {
                    let tap = row * g.kernel[1] + column;
                    weights[filter * g.taps() + tap * g.group_channels() + channel]
                }
                _ => 0,
            }
        })
    }

    /// A filter's weights for a quad of its group, of a row and a column of windows.
    fn group_weight(
        &self,
        groups: &GroupQuads,
        weights: &[i8],
        filter: usize,
        [row, column, quad]: [usize; 3],
    ) -> [i8; QUAD] {
        let g = self.conv();
        [0, 1, 2, 3].map(|place| {
            let mut tap = [row, column];
            let Some([position, channel]) = groups.source(g, quad * QUAD + place) else {
                return 0;
            };
            tap[groups.axis] = tap[groups.axis] * groups.window + position;
            if filter >= g.filters || tap[groups.axis] >= g.kernel[groups.axis] {
                return 0;
            }
            let tap = tap[0] * g.kernel[1] + tap[1];
            weights[filter * g.taps() + tap * g.group_channels() + channel]
        })
    }

    /// A filter's weights for the `index`th quad of columns: row by row those of each quad, or, where
    /// two outputs share it, of the quad's first columns and then of those of the second output.
    fn column_weight(&self, weights: &[i8], filter: usize, index: usize) -> [i8; QUAD] {
        let g = self.conv();
        let in_row = self.column_quads * self.column_share;
        let (row, index) = (index / in_row, index % in_row);
        let (first, skipped) = match self.column_share {
            1 => (index * QUAD, 0),
            _ => (0, index * g.stride[1]),
        };
        [0, 1, 2, 3].map(|place: usize| match (first + place).checked_sub(skipped) {
            Some(column) if column < g.kernel[1] && filter < g.filters => {
                weights[filter * g.taps() + row * g.kernel[1] + column]
            }
            _ => 0,
        })
    }
}

/// The least and the greatest sum of a filter, whatever codes it sees.
fn sums_of(bias: i32, weights: &[i8]) -> [i64; 2] {
    let most = i64::from(u8::MAX);
    let mut sums = [i64::from(bias); 2];
    for weight in weights {
        sums[usize::from(*weight > 0)] += most * i64::from(*weight);
    }
    sums
}
