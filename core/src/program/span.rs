//! Runs of parameters that can be summed and updated independently, so that threads can share
//! the work of an update without changing a bit of it.

use super::{Operation, Step};

/// Rows of a linear layer's weights in one span.
const ROWS: usize = 8;

/// A contiguous run of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the step it belongs to.
    pub step: usize,
    /// What it holds.
    pub kind: SpanKind,
    /// Number of values.
    pub len: usize,
}

/// What a span holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// All weights and biases of a step that leaves their sums: a convolution, a scale and shift, a
    /// batch normalisation.
    Sums,
    /// Weights of a few outputs of a linear layer.
    LinearRows {
        /// First output.
        first: usize,
        /// Number of outputs.
        rows: usize,
    },
    /// All biases of a linear layer.
    LinearBias,
}

/// Iterates over the spans of a program: contiguous, in parameter order, together all parameters.
#[derive(Clone, Debug)]
pub struct Spans<'a> {
    steps: &'a [Step],
    step: usize,
    row: usize,
}

impl<'a> Spans<'a> {
    pub(super) const fn new(steps: &'a [Step]) -> Self {
        Self {
            steps,
            step: 0,
            row: 0,
        }
    }

    fn finish_step(&mut self, kind: SpanKind, len: usize) -> Option<Span> {
        let span = Span {
            step: self.step,
            kind,
            len,
        };
        self.step += 1;
        self.row = 0;
        Some(span)
    }
}

impl Iterator for Spans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        loop {
            let step = self.steps.get(self.step)?;
            let outputs = step.output.elements();
            match step.operation {
                Operation::Linear { linear, .. } if self.row == outputs && linear.bias => {
                    return self.finish_step(SpanKind::LinearBias, outputs);
                }
                Operation::Linear { .. } if self.row == outputs => {
                    self.step += 1;
                    self.row = 0;
                }
                Operation::Linear { .. } => {
                    let first = self.row;
                    let rows = ROWS.min(outputs - first);
                    self.row += rows;
                    return Some(Span {
                        step: self.step,
                        kind: SpanKind::LinearRows { first, rows },
                        len: rows * step.input.elements(),
                    });
                }
                _ if step.parameters.len > 0 => {
                    return self.finish_step(SpanKind::Sums, step.parameters.len);
                }
                _ => self.step += 1,
            }
        }
    }
}
