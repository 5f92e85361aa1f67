//! ReLU on its own, where no layer before it could take it along.

use crate::lanes::{Kernel, Lanes};

/// Forward pass.
pub(crate) struct Relu<'a, L> {
    pub input: &'a [L],
    pub output: &'a mut [L],
}

impl<L: Lanes> Kernel for Relu<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (output, input) in self.output.iter_mut().zip(self.input) {
            *output = input.relu();
        }
    }
}

/// Takes the gradient away, in place, where the ReLU's output is 0.
pub(crate) struct ReluMask<'a, L> {
    pub output: &'a [L],
    pub gradient: &'a mut [L],
}

impl<L: Lanes> Kernel for ReluMask<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (gradient, output) in self.gradient.iter_mut().zip(self.output) {
            let zero = output.splat(0.0);
            *gradient = L::select(output.at_most(zero), zero, *gradient);
        }
    }
}

/// The naive ReLU, one sample at a time. It defines the bits.
pub mod reference {
    /// +0 where the input is at most 0, else the input; NaN stays NaN.
    pub fn forward(input: &[f32], output: &mut [f32]) {
        for (output, input) in output.iter_mut().zip(input) {
            *output = if *input <= 0.0 { 0.0 } else { *input };
        }
    }

    /// The gradient passes where the output is not 0.
    pub fn gradient(output: &[f32], d_output: &[f32], d_input: &mut [f32]) {
        for ((d_input, d), output) in d_input.iter_mut().zip(d_output).zip(output) {
            *d_input = if *output <= 0.0 { 0.0 } else { *d };
        }
    }
}
