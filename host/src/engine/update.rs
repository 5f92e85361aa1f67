//! Sums the gradient over the groups of a batch and updates the parameters, in parallel.

use super::awake;
use super::groups::Group;
use kiln::{BufferError, Lanes, Operation, Plan, Sgd, Span, SpanKind, Trainable};
use std::ops::Range;

/// What an update needs to know.
pub(super) struct Update<'a, L> {
    pub plan: &'a Plan,
    pub groups: &'a [Group],
    pub sgd: &'a Sgd,
    pub trainable: &'a Trainable,
    pub proof: L,
}

/// A run of parameters with their gradient and velocity.
pub(super) struct Run<'a> {
    pub parameters: &'a mut [f32],
    pub gradient: &'a mut [f32],
    pub velocity: &'a mut [f32],
}

impl<'a> Run<'a> {
    fn split_at(self, at: usize) -> (Run<'a>, Run<'a>) {
        let (parameters, more_parameters) = self.parameters.split_at_mut(at);
        let (gradient, more_gradient) = self.gradient.split_at_mut(at);
        let (velocity, more_velocity) = self.velocity.split_at_mut(at);
        let low = Run {
            parameters,
            gradient,
            velocity,
        };
        let high = Run {
            parameters: more_parameters,
            gradient: more_gradient,
            velocity: more_velocity,
        };
        (low, high)
    }
}

impl<L: Lanes> Update<'_, L> {
    /// Halves the spans until few parameters are left, which one thread then takes.
    pub fn all(&self, spans: &[Span], run: Run<'_>) -> Result<(), BufferError> {
        const ENOUGH: usize = 8 * 1024;
        if spans.len() < 2 || run.parameters.len() <= ENOUGH {
            return self.in_turn(spans, run);
        }
        let mut low_len = 0;
        let middle = spans
            .iter()
            .take_while(|span| {
                let fits = 2 * low_len + span.len <= run.parameters.len();
                low_len += if fits { span.len } else { 0 };
                fits
            })
            .count()
            .max(1);
        let (low_spans, high_spans) = spans.split_at(middle);
        let (low, high) = run.split_at(low_spans.iter().map(|span| span.len).sum());
        let (low, high) = awake::join(|| self.all(low_spans, low), || self.all(high_spans, high));
        low.and(high)
    }

    fn in_turn(&self, spans: &[Span], mut run: Run<'_>) -> Result<(), BufferError> {
        for span in spans {
            let (own, rest) = run.split_at(span.len);
            run = rest;
            let trained = self.trained(span);
            if trained.is_empty() {
                continue;
            }
            own.gradient.fill(0.0);
            for group in self.groups {
                let samples = group.outcome.samples;
                self.plan
                    .add_gradient(span, &group.values, samples, self.proof, own.gradient)?;
            }
            self.sgd.update(
                &mut own.parameters[trained.clone()],
                &own.gradient[trained.clone()],
                &mut own.velocity[trained],
                self.proof,
            )?;
        }
        Ok(())
    }

    /// The part of a span that is trained.
    fn trained(&self, span: &Span) -> Range<usize> {
        let step = &self.plan.steps()[span.step];
        let weights = match (span.kind, step.operation) {
            (SpanKind::LinearBias, _) => 0,
            (_, Operation::Conv2d { conv, .. }) => span.len - usize::from(conv.filters),
            _ => span.len,
        };
        let start = if self.trainable.weights(step.layer) {
            0
        } else {
            weights
        };
        let end = if self.trainable.biases(step.layer) {
            span.len
        } else {
            weights
        };
        start.min(end)..end
    }
}
