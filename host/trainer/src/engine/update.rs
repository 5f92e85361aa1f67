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

/// Parameters that are not worth another thread.
const FEW: usize = 8 * 1024;

/// Values of the longest span: what the gradient of one takes at most.
pub(super) fn longest_span(program: &Program) -> usize {
    program.spans().map(|span| span.len).max().unwrap_or(0)
}

/// A run of parameters with their velocity.
pub(super) struct Run<'a> {
    pub parameters: &'a mut [f32],
    pub velocity: &'a mut [f32],
}

impl<'a> Run<'a> {
    fn split_at(self, at: usize) -> (Run<'a>, Run<'a>) {
        let (parameters, more_parameters) = self.parameters.split_at_mut(at);
        let (velocity, more_velocity) = self.velocity.split_at_mut(at);
        let low = Run {
            parameters,
            velocity,
        };
        let high = Run {
            parameters: more_parameters,
            velocity: more_velocity,
        };
        (low, high)
    }
}

impl<L: Lanes> Update<'_, L> {
    /// Halves the spans until there is a run for each thread. `gradients` has room for each thread's
    /// longest span: a gradient is used as soon as it is whole, while it is in the first cache.
    pub fn all(
        &self,
        tasks: &[Task],
        run: Run<'_>,
        gradients: &mut [Vec<f32>],
    ) -> Result<(), BufferError> {
        let threads = gradients.len();
        if threads < 2 || tasks.len() < 2 || run.parameters.len() <= FEW {
            return self.in_turn(tasks, run, &mut gradients[0]);
        }
        let (own, others) = gradients.split_at_mut(threads / 2);
        let share = run.parameters.len() * own.len() / threads;
        let (low_tasks, high_tasks) = tasks.split_at(whole_spans(tasks, share));
        let (low, high) = run.split_at(low_tasks.iter().map(|task| task.span.len).sum());
        let (low, high) = awake::join(
            || self.all(low_tasks, low, own),
            || self.all(high_tasks, high, others),
        );
        low.and(high)
    }

    fn in_turn(
        &self,
        tasks: &[Task],
        mut run: Run<'_>,
        gradient: &mut [f32],
    ) -> Result<(), BufferError> {
        let mut layer = None;
        for Task { span, trained } in tasks {
            if layer.replace(span.step) != Some(span.step) {
                // Half of the groups lie in other threads' caches.
                for group in self.groups {
                    self.program.prefetch_group(span, &group.values);
                }
            }
            let (own, rest) = run.split_at(span.len);
            run = rest;
            if trained.is_empty() {
                continue;
            }
            Sgd::prefetch(own.parameters);
            let gradient = &mut gradient[..span.len];
            gradient.fill(0.0);
            for group in self.groups {
                let samples = group.outcome.samples;
                self.program
                    .add_gradient(span, &group.values, samples, self.proof, gradient)?;
            }
            self.sgd.update(
                &mut own.parameters[trained.clone()],
                &gradient[trained.clone()],
                &mut own.velocity[trained.clone()],
                self.proof,
            )?;
        }
        Ok(())
    }
}

/// The spans, one at least, that together have `share` parameters at most.
fn whole_spans(tasks: &[Task], share: usize) -> usize {
    let mut end = 0;
    let within = tasks.iter().take_while(|task| {
        end += task.span.len;
        end <= share
    });
    within.count().max(1)
}
