//! The sum of gradients over groups, and the update: run by run of parameters, so that threads
//! can share them.

use super::buffers::{self, BufferError};
use crate::lanes::{Kernel, LINE, Lanes, prefetch};
use crate::ops::linear::{BiasGradient, WeightGradient};
use crate::{GROUP, Program, Span, SpanKind};

impl Program {
    /// Adds one group's gradient of a span of parameters to `gradient`, `span.len` values.
    ///
    /// `values` are the group's, as [`Program::run_phase`] left them, `samples` the number of
    /// its samples. Groups are to be added in their order, to a gradient that begins as zeros.
    /// `proof` is any packet; it chooses the instructions.
    ///
    /// # Errors
    ///
    /// A slice of another length than the program says, or a number of samples no group has.
    pub fn add_gradient<L: Lanes>(
        &self,
        span: &Span,
        values: &[f32],
        samples: usize,
        proof: L,
        gradient: &mut [f32],
    ) -> Result<(), BufferError> {
        buffers::check("group values", values.len(), self.group_values())?;
        buffers::check("gradient of the span", gradient.len(), span.len)?;
        if samples == 0 || samples > GROUP {
            return Err(BufferError::Samples {
                most: GROUP,
                given: samples,
            });
        }
        let step = &self.steps()[span.step];
        let values = &values[step.group.range()];
        let (inputs, outputs) = (step.input.elements(), step.output.elements());
        match span.kind {
            // A batch normalisation's sums lie behind its statistics.
            SpanKind::Sums => proof.add_sums(AddSums {
                sums: &values[values.len() - span.len..],
                gradient,
            }),
            SpanKind::LinearRows { first, .. } => L::add_weight_gradient(WeightGradient {
                proof,
                inputs: &values[..samples * inputs],
                d_outputs: &values[GROUP * inputs..][..samples * outputs],
                outputs,
                samples,
                first,
                gradient,
            }),
            SpanKind::LinearBias => BiasGradient {
                d_outputs: &values[GROUP * inputs..][..samples * outputs],
                gradient,
            }
            .run(),
        }
        Ok(())
    }

    /// Asks for what a group left of a span's linear layer to be brought nearer, where other threads
    /// made it: the sums go through it in strides that no processor sees coming.
    pub fn prefetch_group(&self, span: &Span, values: &[f32]) {
        if !matches!(span.kind, SpanKind::LinearRows { .. }) {
            return;
        }
        let values = values.get(self.steps()[span.step].group.range());
        let values = values.unwrap_or_default();
        for at in (0..values.len()).step_by(LINE) {
            prefetch(values, at);
        }
    }
}

/// Adds a group's sums to a gradient.
pub struct AddSums<'a> {
    sums: &'a [f32],
    gradient: &'a mut [f32],
}

impl Kernel for AddSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (gradient, sum) in self.gradient.iter_mut().zip(self.sums) {
            *gradient += sum;
        }
    }
}
