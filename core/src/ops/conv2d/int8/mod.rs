//! Convolution and linear layers of codes, channels last, for any processor.

mod arranged;
mod block_output;
pub(crate) mod block_scale;
mod column_places;
mod column_rows;
mod columns;
pub(crate) mod float_scale;
mod group_copy;
mod grouped;
pub(crate) mod one_position;
mod output_walk;
pub(crate) mod packets;
mod positions;
mod quad_shapes;
pub(crate) mod quads;
pub mod reference;

use super::ConvGeometry;
use crate::int8::{Int8Rule, Quantization, Requantization};

/// A convolution's forward pass, or that of a linear layer, which is one of a single position.
pub(crate) struct Int8Conv<'a> {
    pub geometry: ConvGeometry,
    /// Whether only the largest of each 2 x 2 outputs is wanted.
    pub pool: bool,
    pub rule: Int8Rule,
    /// rows x columns x channels
    pub input: &'a [i8],
    /// What padding is filled with.
    pub input_zero: i8,
    /// filters x kernel rows x kernel columns x channels of the group
    pub weights: &'a [i8],
    /// Biases, multipliers, shifts.
    pub constants: &'a [i32],
    /// Codes of the output.
    pub quantization: Quantization,
    /// rows x columns x filters, pooled where that is wanted
    pub output: &'a mut [i8],
    /// [`Int8Conv::scratch`] bytes.
    pub scratch: &'a mut [i8],
}

/// Positions of a pool's window.
const TILE: usize = 4;

impl Int8Conv<'_> {
    /// Bytes that the taps of a position take, or of all four of a pool's window.
    pub const fn scratch(geometry: &ConvGeometry, pool: bool) -> usize {
        match pool {
            true => TILE * geometry.taps(),
            false => geometry.taps(),
        }
    }

    /// Runs it.
    pub fn run(mut self) {
        let g = self.geometry;
        let [rows, columns] = match self.pool {
            true => g.pooled_output(),
            false => g.output,
        };
        for y in 0..rows {
            for x in 0..columns {
                let place = y * columns + x;
                for group in 0..g.groups {
                    let positions = match self.pool {
                        true => self.gather_window([2 * y, 2 * x], group),
                        false => self.gather([y, x], group, 0),
                    };
                    self.finish(place, group, positions);
                }
            }
        }
    }

    /// Gathers the four positions of a window, and says how many they are.
    fn gather_window(&mut self, at: [usize; 2], group: usize) -> usize {
        for position in 0..TILE {
            let [y, x] = [at[0] + position / 2, at[1] + position % 2];
            self.gather([y, x], group, position);
        }
        TILE
    }

    /// Gathers a position's taps as the `index`th.
    fn gather(&mut self, at: [usize; 2], group: usize, index: usize) -> usize {
        let g = &self.geometry;
        let (channels, first) = (g.group_channels(), group * g.group_channels());
        let taps = &mut self.scratch[index * g.taps()..][..g.taps()];
        for (tap, codes) in taps.chunks_exact_mut(channels).enumerate() {
            let row = at[0] * g.stride[0] + tap / g.kernel[1] * g.dilation[0];
            let column = at[1] * g.stride[1] + tap % g.kernel[1] * g.dilation[1];
            // What lies before the input wraps around, far beyond its end.
            let row = row.wrapping_sub(g.padding[0]);
            let column = column.wrapping_sub(g.padding[1]);
            if row < g.input[0] && column < g.input[1] {
                let start = (row * g.input[1] + column) * g.channels + first;
                codes.copy_from_slice(&self.input[start..][..channels]);
            } else {
                codes.fill(self.input_zero);
            }
        }
        1
    }

    /// Computes a group's filters from the taps of so many positions, of which the largest sum counts.
    fn finish(&mut self, place: usize, group: usize, positions: usize) {
        let g = &self.geometry;
        let (biases, scales) = self.constants.split_at(g.filters);
        let (multipliers, shifts) = scales.split_at(g.filters);
        let positions = &self.scratch[..positions * g.taps()];
        for f in group * g.group_filters()..(group + 1) * g.group_filters() {
            let weights = &self.weights[f * g.taps()..][..g.taps()];
            let mut sum = i32::MIN;
            for taps in positions.chunks_exact(g.taps()) {
                sum = sum.max(biases[f] + dot(taps, weights));
            }
            let scale = Requantization {
                multiplier: multipliers[f],
                shift: shifts[f],
            };
            let rounded = match self.rule {
                Int8Rule::Once => scale.once(sum),
                Int8Rule::TensorFlowLite => scale.round_twice(sum),
            };
            let code = rounded.saturating_add(self.quantization.zero.into());
            self.output[place * g.filters + f] = self.quantization.clamp(code);
        }
    }
}

fn dot(codes: &[i8], weights: &[i8]) -> i32 {
    let products = codes.iter().zip(weights);
    products
        .map(|(code, weight)| i32::from(*code) * i32::from(*weight))
        .sum()
}

#[cfg(test)]
mod tests;
