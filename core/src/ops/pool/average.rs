//! Average pool.

use super::PoolGeometry;
use crate::Shape;
use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::GradientMask;

/// Forward pass: the sum of each window, in scan order, times the reciprocal of its count.
pub(crate) struct AveragePool<'a, L> {
    pub geometry: PoolGeometry,
    pub input: &'a [L],
    pub output: &'a mut [L],
}

impl<L: Lanes> Kernel for AveragePool<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        #[cfg(all(
            target_arch = "arm",
            target_abi = "eabihf",
            not(target_has_atomic = "64")
        ))]
        if L::LANES == 1 {
            let (input, output) = (L::values(self.input), L::values_mut(self.output));
            return crate::cortex_m::LoopedPool {
                geometry: self.geometry,
                input,
                output,
            }
            .average();
        }
        // A single sample's kernels are to be small, not fast.
        if L::LANES > 1 && self.geometry.averages_maps() {
            self.maps();
        } else if self.geometry.is_inside() {
            self.whole();
        } else {
            self.clipped();
        }
    }
}

impl<L: Lanes> AveragePool<'_, L> {
    /// Four maps side by side: one sum alone would wait for each of its additions.
    #[inline(always)]
    fn maps(&mut self) {
        let whole = self.output.len() / 4 * 4;
        for first in (0..whole).step_by(4) {
            self.maps_from::<4>(first);
        }
        for first in whole..self.output.len() {
            self.maps_from::<1>(first);
        }
    }

    #[inline(always)]
    fn maps_from<const C: usize>(&mut self, first: usize) {
        let area = self.geometry.input[0] * self.geometry.input[1];
        let reciprocal = self.input[0].splat(self.geometry.reciprocal());
        let mut maps: [&[L]; C] = [&[]; C];
        for c in 0..C {
            maps[c] = &self.input[(first + c) * area..][..area];
        }
        let mut sums = [reciprocal.splat(0.0); C];
        for at in 0..area {
            for c in 0..C {
                sums[c] = sums[c].add(maps[c][at]);
            }
        }
        for c in 0..C {
            self.output[first + c] = sums[c].mul(reciprocal);
        }
    }

    #[inline(always)]
    fn whole(self) {
        let g = self.geometry;
        let reciprocal = self.input[0].splat(g.reciprocal());
        g.each_window(
            #[inline(always)]
            |out, corner| {
                let mut sum = reciprocal.splat(0.0);
                for row in 0..g.window[0] {
                    let line = &self.input[corner + row * g.input[1]..][..g.window[1]];
                    for value in line {
                        sum = sum.add(*value);
                    }
                }
                self.output[out] = sum.mul(reciprocal);
            },
        );
    }

    #[inline(always)]
    fn clipped(self) {
        let g = self.geometry;
        let zero = self.input[0].splat(0.0);
        g.each_clip(
            #[inline(always)]
            |out, clip| {
                let mut sum = zero;
                clip.each(
                    &g,
                    #[inline(always)]
                    |_, at| sum = sum.add(self.input[at]),
                );
                self.output[out] = sum.mul(zero.splat(1.0 / clip.count as f32));
            },
        );
    }
}

/// Gradient of the input: every value of a window gets its share, windows in scan order.
pub(crate) struct AveragePoolGradient<'a, L> {
    pub geometry: PoolGeometry,
    pub d_output: &'a [L],
    pub d_input: &'a mut [L],
    /// Of the activation that made the input; of none where windows are not whole maps.
    pub mask: GradientMask<'a, L>,
}

impl<L: Lanes> Kernel for AveragePoolGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.geometry.averages_maps() {
            self.maps();
            return;
        }
        self.d_input.fill(self.d_output[0].splat(0.0));
        if self.geometry.is_inside() {
            self.whole();
        } else {
            self.clipped();
        }
    }
}

impl<L: Lanes> AveragePoolGradient<'_, L> {
    /// Every value of a map gets the same, and nothing else.
    #[inline(always)]
    fn maps(self) {
        let area = self.geometry.input[0] * self.geometry.input[1];
        let reciprocal = self.d_output[0].splat(self.geometry.reciprocal());
        let zero = reciprocal.splat(0.0);
        let maps = self.d_input.chunks_exact_mut(area).zip(self.d_output);
        for (channel, (map, d)) in maps.enumerate() {
            let share = zero.add(d.mul(reciprocal));
            for (at, value) in map.iter_mut().enumerate() {
                *value = self.mask.apply(channel * area + at, share);
            }
        }
    }

    #[inline(always)]
    fn whole(self) {
        let g = self.geometry;
        let reciprocal = self.d_output[0].splat(g.reciprocal());
        g.each_window(
            #[inline(always)]
            |out, corner| {
                let share = self.d_output[out].mul(reciprocal);
                for row in 0..g.window[0] {
                    let line = &mut self.d_input[corner + row * g.input[1]..][..g.window[1]];
                    for value in line {
                        *value = value.add(share);
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn clipped(self) {
        let g = self.geometry;
        g.each_clip(
            #[inline(always)]
            |out, clip| {
                let d = self.d_output[out];
                let share = d.mul(d.splat(1.0 / clip.count as f32));
                clip.each(
                    &g,
                    #[inline(always)]
                    |_, at| self.d_input[at] = self.d_input[at].add(share),
                );
            },
        );
    }
}

/// Gradient of the input of a pool that averages whole maps of `input`: one value for each map,
/// since all of a map's values have the same.
pub(crate) fn differentiate_map_means(input: Shape, d_output: &[f32], d_maps: &mut [f32]) {
    let reciprocal = 1.0 / input.map_elements() as f32;
    for (d_map, d) in d_maps.iter_mut().zip(d_output) {
        // Each value's sum begins at +0.
        *d_map = 0.0 + d * reciprocal;
    }
}
