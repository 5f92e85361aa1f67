//! A tensor of parameters and what becomes of its gradient, where samples come one at a time.

use crate::Sgd;

/// Weights or biases of a layer.
pub(crate) enum Tensor<'a> {
    /// Not trained.
    Frozen(&'a [f32]),
    /// Updated as the gradient is made, by plain gradient descent.
    Descend { values: &'a mut [f32], sgd: &'a Sgd },
    /// The gradient is added to that of the samples before, which began as zeros.
    Accumulate {
        values: &'a [f32],
        gradient: &'a mut [f32],
    },
}

impl Tensor<'_> {
    /// The parameters as they are now.
    pub fn values(&self) -> &[f32] {
        match self {
            Self::Frozen(values) | Self::Accumulate { values, .. } => values,
            Self::Descend { values, .. } => values,
        }
    }

    /// Whether its gradient is of no use.
    pub const fn is_frozen(&self) -> bool {
        matches!(self, Self::Frozen(_))
    }

    /// Takes one sample's gradient of the values from `at` on.
    pub fn take(&mut self, at: usize, gradient: &[f32]) {
        match self {
            Self::Frozen(_) => {}
            Self::Descend { values, sgd } => {
                for (w, g) in values[at..][..gradient.len()].iter_mut().zip(gradient) {
                    // A gradient is a sum that begins at +0, of one sample here.
                    let g = (0.0 + g) + sgd.weight_decay * *w;
                    *w -= sgd.rate * g;
                }
            }
            Self::Accumulate { gradient: sums, .. } => {
                for (sum, g) in sums[at..][..gradient.len()].iter_mut().zip(gradient) {
                    *sum += g;
                }
            }
        }
    }
}
