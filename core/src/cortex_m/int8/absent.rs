//! What stands for the loops on a processor that has none.

use super::{SIZE_WORDS, Sweeping};
use crate::ops::conv2d::ConvGeometry;

/// Which loops go over a convolution's outputs: there are none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AbsentSweeping {}

/// What goes over the outputs: nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AbsentKernel;

impl AbsentKernel {
    pub const fn of(_: Sweeping) -> Self {
        Self
    }

    pub const fn paired(_: Sweeping) -> Self {
        Self
    }
}

impl AbsentSweeping {
    pub const fn by(_: AbsentKernel, _: &ConvGeometry, _: bool) -> Option<Self> {
        None
    }

    pub const fn of_words(_: AbsentKernel, _: &[u32; SIZE_WORDS]) -> Option<Self> {
        None
    }
}
