//! LinearForward pass: several outputs side by side, inputs in order.

use crate::lanes::{Kernel, LINE, Lanes, prefetch};
use crate::ops::activation::Activation;

/// Linear layer, and activation, of one packet of samples.
pub(crate) struct LinearForward<'a, L> {
    pub activation: Activation,
    pub input: &'a [L],
    pub weights: &'a [f32],
    /// Empty where sums begin at +0.
    pub bias: &'a [f32],
    pub output: &'a mut [L],
}

impl<L: Lanes> Kernel for LinearForward<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        debug_assert!([0, self.output.len()].contains(&self.bias.len()));
        let mut o = 0;
        if const { L::LANES > 1 } {
            while o + 8 <= self.output.len() {
                self.rows::<8>(o);
                o += 8;
            }
        }
        while o + 4 <= self.output.len() {
            self.rows::<4>(o);
            o += 4;
        }
        while o < self.output.len() {
            self.rows::<1>(o);
            o += 1;
        }
    }
}

impl<L: Lanes> LinearForward<'_, L> {
    #[inline(always)]
    fn rows<const O: usize>(&mut self, first: usize) {
        let inputs = self.input.len();
        let proof = self.input[0];
        let mut rows: [&[f32]; O] = [&[]; O];
        let mut sums = [proof; O];
        for o in 0..O {
            rows[o] = &self.weights[(first + o) * inputs..][..inputs];
            let bias = self.bias.get(first + o).copied();
            sums[o] = proof.splat(bias.unwrap_or(0.0));
        }
        for start in (0..inputs).step_by(LINE) {
            // The next rows, each of which begins a stream that no processor sees coming.
            for o in 0..O {
                prefetch(self.weights, (first + O + o) * inputs + start);
            }
            for i in start..inputs.min(start + LINE) {
                let value = self.input[i];
                for o in 0..O {
                    sums[o] = sums[o].add_scaled(value, &rows[o][i]);
                }
            }
        }
        for o in 0..O {
            self.output[first + o] = self.activation.apply(sums[o]);
        }
    }
}
