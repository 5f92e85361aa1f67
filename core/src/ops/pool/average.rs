//! Average pool.

use super::Geometry;
use crate::lanes::{Kernel, Lanes};

/// Forward pass: the sum of each window, in scan order, times the window's reciprocal.
pub(crate) struct AveragePool<'a, L> {
    pub geometry: Geometry,
    pub input: &'a [L],
    pub output: &'a mut [L],
}

impl<L: Lanes> Kernel for AveragePool<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
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
}

/// Gradient of the input: every value of a window gets its share, windows in scan order.
pub(crate) struct AveragePoolGradient<'a, L> {
    pub geometry: Geometry,
    pub d_output: &'a [L],
    pub d_input: &'a mut [L],
}

impl<L: Lanes> Kernel for AveragePoolGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let g = self.geometry;
        let reciprocal = self.d_output[0].splat(g.reciprocal());
        self.d_input.fill(reciprocal.splat(0.0));
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
}
