//! Gradient of the input: several inputs side by side, outputs in order.

use crate::lanes::{Kernel, Lanes};

/// Input gradient of one packet of samples.
pub(crate) struct LinearInputGradient<'a, L> {
    pub weights: &'a [f32],
    pub d_output: &'a [L],
    pub d_input: &'a mut [L],
}

impl<L: Lanes> Kernel for LinearInputGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let mut i = 0;
        // As many as a line of the cache has weights.
        while const { L::REGISTERS >= 32 } && i + 16 <= self.d_input.len() {
            self.columns::<16>(i);
            i += 16;
        }
        while i + 8 <= self.d_input.len() {
            self.columns::<8>(i);
            i += 8;
        }
        while i < self.d_input.len() {
            self.columns::<1>(i);
            i += 1;
        }
    }
}

impl<L: Lanes> LinearInputGradient<'_, L> {
    #[inline(always)]
    fn columns<const I: usize>(&mut self, first: usize) {
        let inputs = self.d_input.len();
        let zero = self.d_output[0].splat(0.0);
        let mut sums = [zero; I];
        for (d, row) in self.d_output.iter().zip(self.weights.chunks_exact(inputs)) {
            let weights = &row[first..first + I];
            for i in 0..I {
                sums[i] = sums[i].add_scaled(*d, &weights[i]);
            }
        }
        self.d_input[first..first + I].copy_from_slice(&sums);
    }
}
