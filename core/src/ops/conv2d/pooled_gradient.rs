//! Gradient of the weights and biases of an unpadded 3 x 3 convolution behind which a 2 x 2 max
//! pool stands.
//!
//! Of the two neighbouring outputs of a window's row, at most one has a gradient. So their two
//! products become one: the input is chosen by which of the two won. What is left out are products
//! with a gradient of 0, which change no sum that began at +0: the bits are those of the whole
//! gradient, output positions in scan order.

use super::ConvGeometry;
use crate::lanes::{Kernel, Lanes};
use crate::ops::add_lanes;

/// Adds the gradients of one packet of samples to a group's sums.
pub(crate) struct PooledParameterGradient<'a, L> {
    /// Its output extent is twice the pooled one, and none of its taps is in the padding: see
    /// [`splits_windows`](super::splits_windows).
    pub geometry: ConvGeometry,
    /// channels x rows x columns
    pub input: &'a [L],
    /// filters x half the rows x half the columns
    pub gradient: &'a [L],
    /// The byte of each window's winner.
    pub winners: &'a [u8],
    /// As for [`ConvParameterGradient`](super::ConvParameterGradient).
    pub scratch: &'a mut [L],
    /// The group's sums of weights, then biases where there are some.
    pub sums: &'a mut [f32],
    /// Samples in the packet; the lanes behind them hold nothing.
    pub samples: usize,
}

impl<L: Lanes> Kernel for PooledParameterGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let g = &self.geometry;
        debug_assert!(g.is_plain_3x3() && g.padding == [0, 0]);
        debug_assert!(
            [0, 1]
                .iter()
                .all(|axis| g.output[*axis] + 2 <= g.input[*axis])
        );
        let filters = g.group_filters();
        for group in 0..self.geometry.groups {
            let end = (group + 1) * filters;
            let mut filter = group * filters;
            while const { L::REGISTERS >= 32 } && filter + 2 <= end {
                self.filters::<2>(filter);
                filter += 2;
            }
            while filter < end {
                self.filters::<1>(filter);
                filter += 1;
            }
        }
    }
}

impl<L: Lanes> PooledParameterGradient<'_, L> {
    /// All rows of windows of `F` filters.
    #[inline(always)]
    fn filters<const F: usize>(&mut self, filter: usize) {
        let g = &self.geometry;
        let [rows, columns] = g.pooled_output();
        let biased = self.sums.len() > g.filters * g.taps();
        let (kernels, rest) = self.scratch.split_at_mut(F * (g.taps() + 1));
        let (halves, rest) = rest.split_at_mut(F * 2 * columns);
        let (kernels, biases) = kernels.split_at_mut(F * g.taps());
        kernels.fill(self.input[0].splat(0.0));
        biases.fill(self.input[0].splat(0.0));
        let len = g.group_channels() * g.input_area();
        let channels = &self.input[filter / g.group_filters() * len..][..len];
        for row in 0..rows {
            let mut windows = Windows::<L, F> {
                winners: [&[]; F],
                halves,
            };
            for f in 0..F {
                let at = ((filter + f) * rows + row) * columns;
                let bytes = &self.winners[at * L::LANES..][..columns * L::LANES];
                windows.split(f, &self.gradient[at..][..columns], bytes);
                if biased {
                    windows.add_bias(f, &mut biases[f]);
                }
            }
            for (index, channel) in channels.chunks_exact(g.input_area()).enumerate() {
                let lines = &channel[2 * row * g.input[1]..];
                let kernels = &mut kernels[index * 9..];
                if const { F == 1 && L::REGISTERS < 32 } {
                    let chosen = &mut rest.as_chunks_mut().0[..columns];
                    windows.add_channel_once_chosen(g, lines, chosen, kernels);
                } else {
                    windows.add_channel(g, lines, kernels);
                }
            }
        }
        let (weights, bias_sums) = self.sums.split_at_mut(g.filters * g.taps());
        let weights = &mut weights[filter * g.taps()..][..F * g.taps()];
        add_lanes(kernels, self.samples, weights);
        if biased {
            add_lanes(biases, self.samples, &mut bias_sums[filter..][..F]);
        }
    }
}

/// A row of windows of `F` filters.
struct Windows<'a, 's, L, const F: usize> {
    winners: [&'a [u8]; F],
    /// filters x the two rows of a window x windows: the gradient where that row has the winner
    halves: &'s mut [L],
}

impl<'a, L: Lanes, const F: usize> Windows<'a, '_, L, F> {
    /// Takes the gradients of filter `f` and gives each to the row of its window that won.
    #[inline(always)]
    fn split(&mut self, f: usize, gradient: &[L], winners: &'a [u8]) {
        self.winners[f] = winners;
        let (upper, lower) = self.halves[2 * f * gradient.len()..].split_at_mut(gradient.len());
        for (c, value) in gradient.iter().enumerate() {
            let bytes = &winners[c * L::LANES..][..L::LANES];
            upper[c] = value.where_bits(bytes, !1, 0);
            lower[c] = value.where_bits(bytes, !1, 2);
        }
    }

    #[inline(always)]
    fn add_bias(&self, f: usize, bias: &mut L) {
        let columns = self.halves.len() / (2 * F);
        for value in &self.halves[2 * f * columns..][..2 * columns] {
            *bias = bias.add(*value);
        }
    }

    /// Adds to the kernels of one channel, nine taps each; `lines` begins at the windows' first row
    /// of the channel.
    #[inline(always)]
    fn add_channel(&self, g: &ConvGeometry, lines: &[L], kernels: &mut [L]) {
        let columns = self.halves.len() / (2 * F);
        let mut sums = [[[lines[0]; 3]; 3]; F];
        for f in 0..F {
            for ky in 0..3 {
                sums[f][ky].copy_from_slice(&kernels[f * g.taps() + ky * 3..][..3]);
            }
        }
        for row in 0..2 {
            let mut inputs: [&[L]; 3] = [&[]; 3];
            for ky in 0..3 {
                inputs[ky] = &lines[(row + ky) * g.input[1]..][..2 * columns + 2];
            }
            let mut gradients: [&[L]; F] = [&[]; F];
            for f in 0..F {
                gradients[f] = &self.halves[(2 * f + row) * columns..][..columns];
            }
            for c in 0..columns {
                let mut values = [gradients[0][c]; F];
                for f in 1..F {
                    values[f] = gradients[f][c];
                }
                let [first, second, third] = inputs;
                let window = [
                    &first[2 * c..][..4],
                    &second[2 * c..][..4],
                    &third[2 * c..][..4],
                ];
                self.add_window(c, values, window, &mut sums);
            }
        }
        for f in 0..F {
            for ky in 0..3 {
                kernels[f * g.taps() + ky * 3..][..3].copy_from_slice(&sums[f][ky]);
            }
        }
    }

    /// As [`Self::add_channel`], for one filter where registers hold no more than its sums. The
    /// inputs that both rows of a window meet are chosen once: the upper row keeps them, two lines
    /// of three for each window, for the lower one.
    #[inline(always)]
    fn add_channel_once_chosen(
        &self,
        g: &ConvGeometry,
        lines: &[L],
        chosen: &mut [[L; 6]],
        kernels: &mut [L],
    ) {
        let mut sums = [lines[0]; 9];
        sums.copy_from_slice(&kernels[..9]);
        let (upper, lower) = self.halves.split_at(chosen.len());
        let mut inputs: [&[L]; 4] = [&[]; 4];
        for (row, input) in inputs.iter_mut().enumerate() {
            *input = &lines[row * g.input[1]..][..2 * chosen.len() + 2];
        }
        let winners = self.winners[0].chunks_exact(L::LANES);
        let windows = upper.iter().zip(winners.clone()).zip(&mut *chosen);
        for (c, ((value, bytes), kept)) in windows.enumerate() {
            let right = value.has_bits(bytes, 1);
            let line = choose(right, &inputs[0][2 * c..]);
            for kx in 0..3 {
                sums[kx] = sums[kx].add_product(*value, line[kx]);
            }
            for ky in 1..3 {
                let line = choose(right, &inputs[ky][2 * c..]);
                for kx in 0..3 {
                    let tap = ky * 3 + kx;
                    sums[tap] = sums[tap].add_product(*value, line[kx]);
                    kept[tap - 3] = line[kx];
                }
            }
        }
        let windows = lower.iter().zip(winners).zip(&*chosen);
        for (c, ((value, bytes), kept)) in windows.enumerate() {
            for tap in 0..6 {
                sums[tap] = sums[tap].add_product(*value, kept[tap]);
            }
            let line = choose(value.has_bits(bytes, 1), &inputs[3][2 * c..]);
            for kx in 0..3 {
                sums[6 + kx] = sums[6 + kx].add_product(*value, line[kx]);
            }
        }
        kernels[..9].copy_from_slice(&sums);
    }

    /// Adds one row of window `c`: the column that won chooses the inputs.
    #[inline(always)]
    fn add_window(
        &self,
        c: usize,
        gradients: [L; F],
        inputs: [&[L]; 3],
        sums: &mut [[[L; 3]; 3]; F],
    ) {
        for ky in 0..3 {
            for kx in 0..3 {
                for f in 0..F {
                    let bytes = &self.winners[f][c * L::LANES..][..L::LANES];
                    let right = gradients[f].has_bits(bytes, 1);
                    let input = L::select(right, inputs[ky][kx + 1], inputs[ky][kx]);
                    sums[f][ky][kx] = sums[f][ky][kx].add_product(gradients[f], input);
                }
            }
        }
    }
}

/// Of a line of inputs that begins at a window, the three that its left or its right output meets.
#[inline(always)]
fn choose<L: Lanes>(right: L::Mask, line: &[L]) -> [L; 3] {
    let line = &line[..4];
    let mut chosen = [line[0]; 3];
    for kx in 0..3 {
        chosen[kx] = L::select(right, line[kx + 1], line[kx]);
    }
    chosen
}
