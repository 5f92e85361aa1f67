//! Max pool.

use super::PoolGeometry;
use crate::lanes::{Kernel, Lanes};

/// The pool of one 2 x 2 window, in scan order, and the ReLU of it; the winner's place goes to
/// `winner` where that is not empty.
///
/// ReLU and maximum are exchanged: the maximum of the ReLUs is the ReLU of the maximum, bit for
/// bit, since ReLU makes every value up to 0 the same +0.
#[inline(always)]
pub(crate) fn pool_2x2<L: Lanes>(window: [L; 4], relu: bool, winner: &mut [u8]) -> L {
    let mut best = window[0];
    if winner.is_empty() {
        for value in &window[1..] {
            best = value.larger(best);
        }
        return if relu { best.relu() } else { best };
    }
    let mut higher = [best.greater(best); 3];
    for (index, value) in window.iter().skip(1).enumerate() {
        higher[index] = value.greater(best);
        best = value.larger(best);
    }
    let dead = if relu {
        best.at_most(best.splat(0.0))
    } else {
        best.greater(best)
    };
    best.store_winner(higher, dead, winner);
    if relu { best.zero_where(dead) } else { best }
}

/// Forward pass of any window, stride and padding.
pub(crate) struct MaxPool<'a, L> {
    pub geometry: PoolGeometry,
    pub input: &'a [L],
    pub output: &'a mut [L],
    /// Where training keeps which value of each window won; empty for inference.
    pub winners: &'a mut [u8],
}

impl<L: Lanes> Kernel for MaxPool<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        #[cfg(all(
            target_arch = "arm",
            target_abi = "eabihf",
            not(target_has_atomic = "64")
        ))]
        if L::LANES == 1 && self.winners.is_empty() {
            let (input, output) = (L::values(self.input), L::values_mut(self.output));
            return crate::cortex_m::LoopedPool {
                geometry: self.geometry,
                input,
                output,
            }
            .find_largest();
        }
        if self.geometry.is_inside() {
            self.whole();
        } else {
            self.clipped();
        }
    }
}

impl<L: Lanes> MaxPool<'_, L> {
    #[inline(always)]
    fn whole(mut self) {
        let g = self.geometry;
        g.each_window(
            #[inline(always)]
            |out, corner| {
                let mut best = self.input[corner];
                let mut place = best.splat(0.0);
                for row in 0..g.window[0] {
                    for column in 0..g.window[1] {
                        let value = self.input[corner + row * g.input[1] + column];
                        let higher = value.greater(best);
                        best = L::select(higher, value, best);
                        let index = (row * g.window[1] + column) as f32;
                        place = L::select(higher, value.splat(index), place);
                    }
                }
                self.keep(out, best, place);
            },
        );
    }

    #[inline(always)]
    fn clipped(mut self) {
        let g = self.geometry;
        g.each_clip(
            #[inline(always)]
            |out, clip| {
                let mut best = self.input[clip.corner];
                let first = clip.rows.start * g.window[1] + clip.columns.start;
                let mut place = best.splat(first as f32);
                clip.each(
                    &g,
                    #[inline(always)]
                    |index, at| {
                        let value = self.input[at];
                        let higher = value.greater(best);
                        best = L::select(higher, value, best);
                        place = L::select(higher, value.splat(index as f32), place);
                    },
                );
                self.keep(out, best, place);
            },
        );
    }

    #[inline(always)]
    fn keep(&mut self, out: usize, best: L, place: L) {
        self.output[out] = best;
        if let Some(bytes) = self.winners.get_mut(out * L::LANES..(out + 1) * L::LANES) {
            place.store_bytes(bytes);
        }
    }
}

/// Gradient of the input.
pub(crate) struct MaxPoolGradient<'a, L> {
    pub geometry: PoolGeometry,
    pub d_output: &'a [L],
    pub winners: &'a [u8],
    pub d_input: &'a mut [L],
}

impl<L: Lanes> Kernel for MaxPoolGradient<'_, L> {
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

// Losers add +0, which leaves a sum that began at +0 as it is.
impl<L: Lanes> MaxPoolGradient<'_, L> {
    #[inline(always)]
    fn whole(self) {
        let g = self.geometry;
        g.each_window(
            #[inline(always)]
            |out, corner| {
                let bytes = &self.winners[out * L::LANES..][..L::LANES];
                for row in 0..g.window[0] {
                    for column in 0..g.window[1] {
                        let place = (row * g.window[1] + column) as u8;
                        let at = &mut self.d_input[corner + row * g.input[1] + column];
                        *at = at.add(self.d_output[out].where_byte(bytes, place));
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
                let bytes = &self.winners[out * L::LANES..][..L::LANES];
                let d = self.d_output[out];
                clip.each(
                    &g,
                    #[inline(always)]
                    |place, at| {
                        let sum = &mut self.d_input[at];
                        *sum = sum.add(d.where_byte(bytes, place as u8));
                    },
                );
            },
        );
    }
}
