//! What stands for the loops on a processor that has none.

use super::{SIZE_WORDS, Sweeping};
use crate::ops::conv2d::ConvGeometry;

/// Which loops go over a convolution's outputs: there are none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CodeSweeping {}

/// What goes over the outputs: nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SweepKernel;

impl SweepKernel {
    pub const fn of(_: Sweeping) -> Self {
        Self
    }

    pub const fn paired(_: Sweeping) -> Self {
        Self
    }
}

impl CodeSweeping {
    pub const fn by(_: SweepKernel, _: &ConvGeometry, _: bool) -> Option<Self> {
        None
    }

    pub const fn of_words(_: SweepKernel, _: &[u32; SIZE_WORDS]) -> Option<Self> {
        None
    }
}
