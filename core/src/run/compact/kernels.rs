//! Which kernels a walk through the steps of a sample has.

use super::pass::StepGradient;
use crate::run::compiled::Compiled;
use crate::run::forward::StepForward;

/// Runs single steps.
///
/// `pub` in a private module: it seals the type parameter of
/// [`CompactTrainer`](crate::CompactTrainer).
pub trait StepKernels: Copy {
    /// Runs step `index` forward.
    fn forward(self, index: usize, work: StepForward<'_, f32>);
    /// Runs step `index` backward.
    fn backward(self, index: usize, work: StepGradient<'_>);
}

/// The kernels of all operations: they run whatever a program says.
#[derive(Clone, Copy, Debug)]
pub struct EveryKernel;

impl StepKernels for EveryKernel {
    fn forward(self, _: usize, work: StepForward<'_, f32>) {
        <f32 as Compiled>::forward(work);
    }

    fn backward(self, _: usize, work: StepGradient<'_>) {
        work.run();
    }
}
