//! What a walk through one sample's training asks of its steps.

use crate::Program;
use crate::ops::activation::Activation;
use crate::program::{Mask, Region};
use crate::run::backward::BackwardSteps;

/// What has the steps of a training of one sample at a time, and knows what cuts their gradients off.
pub(crate) trait SampleSteps: BackwardSteps {
    /// What tells of step `index`'s activation where it runs backward.
    fn step_mask(&self, index: usize) -> Mask;
    /// Whether the gradient of what step `index` gives is one value for each map.
    fn is_mapped(&self, index: usize) -> bool;
    /// The value whose gradient is whole, and to be masked, once step `index` has run backward.
    fn whole_behind(&self, index: usize) -> Option<WholeGradient>;
}

/// A value whose gradient is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeGradient {
    pub value: Region,
    pub gradient: Region,
    /// The activation that the value went through.
    pub activation: Activation,
}

impl<const STEPS: usize> SampleSteps for Program<STEPS> {
    fn step_mask(&self, index: usize) -> Mask {
        self.mask(index)
    }

    fn is_mapped(&self, index: usize) -> bool {
        self.has_gradient_by_map(index + 1)
    }

    fn whole_behind(&self, index: usize) -> Option<WholeGradient> {
        let value = self.masked_behind(index)?;
        Some(WholeGradient {
            value: self.value(value),
            gradient: self.gradient(value),
            activation: self.steps()[value - 1].operation.activation(),
        })
    }
}
