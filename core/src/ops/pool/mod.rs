//! Max and average pooling.

mod average;
mod max;
pub mod reference;

pub(crate) use average::{AveragePool, AveragePoolGradient};
pub(crate) use max::{MaxPool, MaxPoolGradient, pool_2x2};

use crate::{Pool2d, Shape};

/// Extents of a pool, all in elements.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Channels of input and output.
    pub channels: usize,
    /// Input rows and columns.
    pub input: [usize; 2],
    /// Output rows and columns.
    pub output: [usize; 2],
    /// Window rows and columns.
    pub window: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
}

impl Geometry {
    /// The geometry of `pool` between an input and an output of the given shapes.
    pub const fn new(pool: &Pool2d, input: Shape, output: Shape) -> Self {
        Self {
            channels: input.channels as usize,
            input: [input.height as usize, input.width as usize],
            output: [output.height as usize, output.width as usize],
            window: [pool.window[0] as usize, pool.window[1] as usize],
            stride: [pool.stride[0] as usize, pool.stride[1] as usize],
        }
    }

    /// What an average pool multiplies its sums by.
    pub fn reciprocal(&self) -> f32 {
        1.0 / (self.window[0] * self.window[1]) as f32
    }

    /// Calls `visit(index of the output, index of the window's first input)` for every window, in
    /// scan order.
    #[inline(always)]
    pub(crate) fn each_window(&self, mut visit: impl FnMut(usize, usize)) {
        let mut output = 0;
        for c in 0..self.channels {
            for y in 0..self.output[0] {
                for x in 0..self.output[1] {
                    let row = c * self.input[0] + y * self.stride[0];
                    visit(output, row * self.input[1] + x * self.stride[1]);
                    output += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
