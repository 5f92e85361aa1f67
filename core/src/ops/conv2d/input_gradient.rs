//! Gradient of a convolution's input: each value is summed from zero in the order (filter, kernel
//! row, kernel column).

use super::ConvGeometry;
use super::gather::Gather;
use super::segments::Direction;
use crate::lanes::{Kernel, Lanes};
use crate::ops::activation::{Activation, GradientMask};

/// Input gradient of one packet of samples.
pub(crate) struct ConvInputGradient<'a, L> {
    pub geometry: ConvGeometry,
    pub weights: &'a [f32],
    /// filters x rows x columns, of the geometry's output extent
    pub d_output: &'a [L],
    /// channels x rows x columns
    pub d_input: &'a mut [L],
    /// Of the activation that made the input.
    pub mask: GradientMask<'a, L>,
}

impl<L: Lanes> Kernel for ConvInputGradient<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.d_output[0].vectorize(Gather {
            geometry: self.geometry,
            direction: Direction::Backward,
            values: self.d_output,
            weights: self.weights,
            bias: &[],
            activation: Activation::Identity,
            mask: self.mask,
            sums: self.d_input,
        });
    }
}
