//! Rows of a convolution of codes, by whatever computes them.

use super::step::{Int8Step, StepTensors};
use crate::dsp::CodeSweeping;
use crate::ops::conv2d::{ConvGeometry, Int8Conv};
use crate::{Int8Rule, Operation, Quantization};
use core::ops::Range;

/// Computes rows of a convolution, by what its integers were arranged for.
pub(super) fn convolve_rows(step: &Int8Step<'_>, work: ConvolvedRows<'_>) {
    match step.integers.tensors {
        StepTensors::Plain { .. } => convolve_portably(step, work),
        StepTensors::Arranged { words, .. } => work.by_loops(words, step.inputs[0].zero),
    }
}

/// Computes rows of a convolution by the loops that have been found for it before.
pub(super) fn sweep_rows(step: &Int8Step<'_>, work: ConvolvedRows<'_>) {
    if let (Some(sweep), StepTensors::Arranged { words, .. }) =
        (step.integers.sweep, step.integers.tensors)
    {
        work.by_sweep(sweep, words, step.inputs[0].zero);
    }
}

/// Computes rows of a convolution on any processor.
pub(super) fn convolve_portably(step: &Int8Step<'_>, work: ConvolvedRows<'_>) {
    let StepTensors::Plain { weights, constants } = step.integers.tensors else {
        return;
    };
    let (geometry, above) = match work.is_part() {
        true => work.geometry.of_row(work.rows.start),
        false => (work.geometry, 0),
    };
    Int8Conv {
        geometry,
        pool: work.pool,
        rule: match step.step.operation {
            // TensorFlow Lite's linear layers round once, too.
            Operation::Linear { .. } => Int8Rule::Once,
            _ => step.rule,
        },
        input: &work.input[above * geometry.input[1] * geometry.channels..],
        input_zero: step.inputs[0].zero,
        weights,
        constants,
        quantization: work.quantization,
        output: work.output,
        scratch: work.scratch,
    }
    .run();
}

/// Rows of a convolution's output, and what they are computed in.
pub(super) struct ConvolvedRows<'a> {
    pub geometry: ConvGeometry,
    pub pool: bool,
    /// All, or one where there is no pool.
    pub rows: Range<usize>,
    pub input: &'a [i8],
    pub quantization: Quantization,
    pub output: &'a mut [i8],
    pub scratch: &'a mut [i8],
}

impl ConvolvedRows<'_> {
    fn is_part(&self) -> bool {
        let rows = match self.pool {
            true => self.geometry.output[0] / 2,
            false => self.geometry.output[0],
        };
        self.rows.len() < rows
    }
}

#[cfg(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
))]
impl ConvolvedRows<'_> {
    /// By the loops of the processor that the words were arranged for.
    fn by_loops(self, words: &[u32], input_zero: i8) {
        let is_served = self.by_words(words, input_zero).run();
        debug_assert!(is_served, "arranged for loops that are not there");
    }

    /// By those of them that have been found before.
    fn by_sweep(self, sweep: &CodeSweeping, words: &[u32], input_zero: i8) {
        self.by_words(words, input_zero).run_by(sweep);
    }

    /// As the processor's loops take it.
    fn by_words<'w>(self, words: &'w [u32], input_zero: i8) -> crate::dsp::CodeConvolution<'w>
    where
        Self: 'w,
    {
        crate::dsp::CodeConvolution {
            geometry: self.geometry,
            pool: self.pool,
            rows: self.rows,
            input: self.input,
            input_zero,
            arranged: words,
            output: self.output,
            limits: [self.quantization.low, self.quantization.high],
            scratch: self.scratch,
        }
    }
}

#[cfg(not(any(
    test,
    all(
        target_arch = "arm",
        target_abi = "eabihf",
        not(target_has_atomic = "64")
    )
)))]
impl ConvolvedRows<'_> {
    fn by_loops(self, _: &[u32], _: i8) {
        unreachable!("an arranged network has been checked for the processor's loops")
    }

    fn by_sweep(self, sweep: &CodeSweeping, _: &[u32], _: i8) {
        match *sweep {}
    }
}
