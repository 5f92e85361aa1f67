//! Sums the gradient over the groups of a batch and updates the parameters, in parallel.

use super::awake;
use super::groups::Group;
use kiln_core::{
    BufferError, CompactMode, Lanes, Network, Program, ProgramError, Purpose, Sgd, Span, Trainable,
};
use std::ops::Range;

/// What an update needs to know.
pub(super) struct Update<'a, L> {
    pub program: &'a Program,
    pub groups: &'a [Group],
    pub sgd: &'a Sgd,
    pub proof: L,
}

/// A span, and the part of it that is trained.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub span: Span,
    trained: Range<usize>,
}

impl Task {
    /// The tasks of an update of what is trained, all spans of a program in order.
    pub fn all(
        network: &Network,
        program: &Program,
        trainable: Trainable,
    ) -> Result<Vec<Self>, ProgramError> {
        let ranges = trained_ranges(network, trainable)?;
        let mut start = 0;
        let tasks = program.spans().map(|span| {
            let own = start..start + span.len;
            start = own.end;
            let trained = ranges.iter().map(|range| {
                let start = range.start.clamp(own.start, own.end);
                start - own.start..range.end.clamp(start, own.end) - own.start
            });
            // A span lies in one step; what is trained of its weights and biases hangs together.
            let trained = trained.filter(|range| !range.is_empty());
            let trained = trained.reduce(|first, last| first.start..last.end);
            Self {
                span,
                trained: trained.unwrap_or(0..0),
            }
        });
        Ok(tasks.collect())
    }
}

/// Where the trained tensors lie among all parameters. Where everything is trained, a network may
/// have what compact training refuses.
fn trained_ranges(
    network: &Network,
    trainable: Trainable,
) -> Result<Vec<Range<usize>>, ProgramError> {
    if trainable == Trainable::ALL {
        return Ok(std::iter::once(0..network.parameters()).collect());
    }
    let mode = CompactMode::in_place(trainable);
    let compact: Program = Program::try_of(network, Purpose::Compact(mode))?;
    Ok(compact.trained_ranges().collect())
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
    pub fn all(&self, tasks: &[Task], run: Run<'_>) -> Result<(), BufferError> {
        const ENOUGH: usize = 8 * 1024;
        if tasks.len() < 2 || run.parameters.len() <= ENOUGH {
            return self.in_turn(tasks, run);
        }
        let mut low_len = 0;
        let middle = tasks
            .iter()
            .take_while(|task| {
                let len = task.span.len;
                let fits = 2 * low_len + len <= run.parameters.len();
                low_len += if fits { len } else { 0 };
                fits
            })
            .count()
            .max(1);
        let (low_tasks, high_tasks) = tasks.split_at(middle);
        let (low, high) = run.split_at(low_tasks.iter().map(|task| task.span.len).sum());
        let (low, high) = awake::join(|| self.all(low_tasks, low), || self.all(high_tasks, high));
        low.and(high)
    }

    fn in_turn(&self, tasks: &[Task], mut run: Run<'_>) -> Result<(), BufferError> {
        for Task { span, trained } in tasks {
            let (own, rest) = run.split_at(span.len);
            run = rest;
            if trained.is_empty() {
                continue;
            }
            own.gradient.fill(0.0);
            for group in self.groups {
                let samples = group.outcome.samples;
                self.program.add_gradient(
                    span,
                    &group.values,
                    samples,
                    self.proof,
                    own.gradient,
                )?;
            }
            self.sgd.update(
                &mut own.parameters[trained.clone()],
                &own.gradient[trained.clone()],
                &mut own.velocity[trained.clone()],
                self.proof,
            )?;
        }
        Ok(())
    }
}
