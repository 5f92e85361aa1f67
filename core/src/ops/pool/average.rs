//! Average pool.

use super::PoolGeometry;
use crate::Shape;
use crate::lanes::{Kernel, Lanes};

/// Forward pass: the sum of each window, in scan order, times the reciprocal of its count.
pub(crate) struct AveragePool<'a, L> {
    pub geometry: PoolGeometry,
    pub input: &'a [L],
    pub output: &'a mut [L],
}

impl<L: Lanes> Kernel for AveragePool<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if self.geometry.is_inside() {
            self.whole();
        } else {
            self.clipped();
        }
    }
}

impl<L: Lanes> AveragePool<'_, L> {
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
}

impl<L: Lanes> Kernel for AveragePoolGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.d_input.fill(self.d_output[0].splat(0.0));
        if self.geometry.is_inside() {
            self.whole();
        } else {
            self.clipped();
        }
    }
}

impl<L: Lanes> AveragePoolGradient<'_, L> {
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
