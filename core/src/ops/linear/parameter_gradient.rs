//! Gradient of weights and biases.
//!
//! Here the vector runs over inputs and the samples follow one another in the innermost loop, so
//! that a group's sum stays in registers until it is complete.

use crate::GROUP;
use crate::lanes::{Kernel, Lanes};

/// Adds one group's sum to the gradient of a few rows of the weights.
pub struct WeightGradient<'a, L> {
    /// Proves that the processor has the packets' instructions.
    pub proof: L,
    /// samples x inputs
    pub inputs: &'a [f32],
    /// samples x outputs
    pub d_outputs: &'a [f32],
    /// Number of outputs of the layer.
    pub outputs: usize,
    /// Samples of the group.
    pub samples: usize,
    /// First row.
    pub first: usize,
    /// rows x inputs
    pub gradient: &'a mut [f32],
}

impl<L: Lanes> Kernel for WeightGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let inputs = self.inputs.len() / self.samples;
        let rows = self.gradient.len() / inputs;
        let short = self.short_rows(inputs);
        let mut row = 0;
        while row + 4 <= rows {
            self.rows::<4>(row, inputs, &short);
            row += 4;
        }
        while row < rows {
            self.rows::<1>(row, inputs, &short);
            row += 1;
        }
    }
}

impl<L: Lanes> WeightGradient<'_, L> {
    /// Where inputs fill no packet: each sample's, and zeros behind them.
    #[inline(always)]
    fn short_rows(&self, inputs: usize) -> [L; GROUP] {
        let mut short = [self.proof.splat(0.0); GROUP];
        if inputs < L::LANES {
            let samples = self.inputs.chunks_exact(inputs);
            for (packet, values) in short.iter_mut().zip(samples) {
                let lanes = L::values_mut(core::slice::from_mut(packet));
                lanes[..inputs].copy_from_slice(values);
            }
        }
        short
    }

    #[inline(always)]
    fn rows<const R: usize>(&mut self, row: usize, inputs: usize, short: &[L; GROUP]) {
        let mut i = 0;
        if const { L::REGISTERS >= 32 } {
            while i + 4 * L::LANES <= inputs {
                self.tile::<R, 4>(row, inputs, i);
                i += 4 * L::LANES;
            }
        }
        while i + 2 * L::LANES <= inputs {
            self.tile::<R, 2>(row, inputs, i);
            i += 2 * L::LANES;
        }
        while i + L::LANES <= inputs {
            self.tile::<R, 1>(row, inputs, i);
            i += L::LANES;
        }
        if i < inputs {
            self.tail::<R>(row, inputs, short);
        }
    }

    /// `R` rows x `C` packets of inputs.
    #[inline(always)]
    fn tile<const R: usize, const C: usize>(&mut self, row: usize, inputs: usize, i: usize) {
        let proof = self.proof;
        let mut sums = [[proof.splat(0.0); C]; R];
        let mut samples = self.inputs.chunks_exact(inputs);
        let mut d_outputs = self.d_outputs.chunks_exact(self.outputs);
        // Not zipped: of two chunks behind one index the compiler makes a multiplication a round, and
        // where registers are few the loop takes a fifth more for it.
        while let (Some(values), Some(d)) = (samples.next(), d_outputs.next()) {
            let values = &values[i..i + C * L::LANES];
            let d = &d[self.first + row..][..R];
            let mut line = [proof; C];
            for c in 0..C {
                line[c] = proof.load(&values[c * L::LANES..]);
            }
            for r in 0..R {
                for c in 0..C {
                    sums[r][c] = sums[r][c].add_scaled(line[c], &d[r]);
                }
            }
        }
        for r in 0..R {
            let line = &mut self.gradient[(row + r) * inputs + i..][..C * L::LANES];
            for c in 0..C {
                let sum = proof.load(&line[c * L::LANES..]).add(sums[r][c]);
                sum.store(&mut line[c * L::LANES..]);
            }
        }
    }

    /// `R` rows of the inputs behind the last whole packet, in a packet that begins before its end.
    #[inline(always)]
    fn tail<const R: usize>(&mut self, row: usize, inputs: usize, short: &[L; GROUP]) {
        let proof = self.proof;
        let first = inputs - inputs % L::LANES;
        let start = inputs.saturating_sub(L::LANES);
        let mut sums = [proof.splat(0.0); R];
        let mut samples = self.inputs.chunks_exact(inputs).zip(short);
        let mut d_outputs = self.d_outputs.chunks_exact(self.outputs);
        while let (Some((values, short)), Some(d)) = (samples.next(), d_outputs.next()) {
            let line = match inputs < L::LANES {
                true => *short,
                false => proof.load(&values[start..]),
            };
            let d = &d[self.first + row..][..R];
            for r in 0..R {
                sums[r] = sums[r].add_scaled(line, &d[r]);
            }
        }
        for r in 0..R {
            let gradient = &mut self.gradient[(row + r) * inputs..][first..inputs];
            let own = &L::values(&sums[r..r + 1])[first - start..];
            for (value, sum) in gradient.iter_mut().zip(own) {
                *value += sum;
            }
        }
    }
}

/// Adds one group's sum to the gradient of the biases.
pub(crate) struct BiasGradient<'a> {
    /// samples x outputs
    pub d_outputs: &'a [f32],
    /// outputs; empty where there are no biases
    pub gradient: &'a mut [f32],
}

impl BiasGradient<'_> {
    pub fn run(self) {
        let outputs = self.gradient.len();
        for (o, gradient) in self.gradient.iter_mut().enumerate() {
            let mut sum = 0.0;
            for d in self.d_outputs.chunks_exact(outputs) {
                sum += d[o];
            }
            *gradient += sum;
        }
    }
}
