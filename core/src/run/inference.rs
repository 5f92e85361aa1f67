//! The forward pass of a whole network, and the score of what it gives.

use super::buffers::{self, BufferError};
use super::forward::{Extras, StepForward, forward_within};
use super::observer::{Observer, Work};
use crate::lanes::Lanes;
use crate::ops::loss;
use crate::{GROUP, Outcome, Program};

impl<const STEPS: usize> Program<STEPS> {
    /// Computes what the network gives for one packet of samples that `fill` writes into the
    /// working memory, which input and values share.
    ///
    /// `arena` holds exactly [`Program::arena_packets`], `parameters` exactly
    /// [`Program::parameters`] values. `fill` gets channels x height x width packets with anything
    /// in them. The logits, [`Program::classes`] packets, lie in `arena`.
    ///
    /// # Errors
    ///
    /// The first buffer of another length.
    pub fn infer<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &'m mut [L],
        fill: impl FnOnce(&mut [L]),
    ) -> Result<&'m [L], BufferError> {
        self.infer_observed(parameters, arena, fill, &mut ())
    }

    /// Like [`Program::infer`], while `observer` looks on.
    ///
    /// # Errors
    ///
    /// As [`Program::infer`].
    pub fn infer_observed<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &'m mut [L],
        fill: impl FnOnce(&mut [L]),
        observer: &mut impl Observer,
    ) -> Result<&'m [L], BufferError> {
        self.infer_looking_on(parameters, arena, fill, |step, _| {
            observer.done(match step {
                None => Work::Input,
                Some(step) => Work::Forward { step },
            });
        })
    }

    /// Like [`Program::infer`], and shows `visit` the input, then what each step gives, with the
    /// step's index.
    ///
    /// # Errors
    ///
    /// As [`Program::infer`].
    pub fn infer_visited<L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &mut [L],
        fill: impl FnOnce(&mut [L]),
        mut visit: impl FnMut(Option<usize>, &[L]),
    ) -> Result<(), BufferError> {
        self.infer_looking_on(parameters, arena, fill, |step, arena| {
            let value = self.value(step.map_or(0, |step| step + 1));
            visit(step, &arena[value.range()]);
        })
        .map(|_| ())
    }

    fn infer_looking_on<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &'m mut [L],
        fill: impl FnOnce(&mut [L]),
        look: impl FnMut(Option<usize>, &[L]),
    ) -> Result<&'m [L], BufferError> {
        self.infer_stepwise(parameters, arena, fill, look, |_, work| L::forward(work))
    }

    /// The pass; `run` runs a step, whose index it is given, and `look` is called behind the input and
    /// behind each step, with the arena.
    pub(super) fn infer_stepwise<'m, L: Lanes>(
        &self,
        parameters: &[f32],
        arena: &'m mut [L],
        fill: impl FnOnce(&mut [L]),
        mut look: impl FnMut(Option<usize>, &[L]),
        run: impl Fn(usize, StepForward<'_, L>),
    ) -> Result<&'m [L], BufferError> {
        buffers::check("parameters", parameters.len(), self.parameters())?;
        buffers::check("inference arena", arena.len(), self.arena_packets())?;
        fill(&mut arena[self.value(0).range()]);
        look(None, arena);
        for (index, step) in self.steps().iter().enumerate() {
            let own = step.tensors(parameters);
            forward_within(self, index, own, arena, Extras::none(), |work| {
                run(index, work)
            });
            look(Some(index), arena);
        }
        Ok(&arena[self.value(self.steps().len()).range()])
    }
}

/// Scores the logits of one packet of samples against their labels, at most as many as lanes, and
/// adds the samples to `outcome`, one by one.
///
/// # Errors
///
/// No or too many labels, or one that is not among the classes; `outcome` is then as it was.
pub fn score<L: Lanes>(
    logits: &[L],
    labels: &[u16],
    outcome: &mut Outcome,
) -> Result<(), BufferError> {
    buffers::check_labels(labels, L::LANES, logits.len())?;
    L::score(loss::Score {
        logits,
        labels,
        outcome,
    });
    Ok(())
}

/// As [`score`], of several packets one behind another, of `classes` packets of logits each; all but the last have as
/// many labels as lanes. Adds the samples to the outcome of their [`GROUP`], of which the first begins with the first
/// label.
///
/// # Errors
///
/// No labels, or one that is not among the classes; logits or outcomes of another number of samples; the outcomes are
/// then as they were.
pub fn score_packets<L: Lanes>(
    logits: &[L],
    classes: usize,
    labels: &[u16],
    outcomes: &mut [Outcome],
) -> Result<(), BufferError> {
    // Their largest first: one is found where many are compared at once.
    let largest = labels.iter().copied().fold(0, u16::max);
    if labels.is_empty() || usize::from(largest) >= classes {
        buffers::check_labels(labels, usize::MAX, classes)?;
    }
    let packets = labels.len().div_ceil(L::LANES);
    buffers::check("logits", logits.len(), packets * classes)?;
    buffers::check("outcomes", outcomes.len(), labels.len().div_ceil(GROUP))?;
    L::score_packets(loss::PacketScores {
        logits,
        classes,
        labels,
        outcomes,
    });
    Ok(())
}

/// Scores what an autoencoder gives for one packet of samples, as many as `errors` and at most as
/// many as lanes, against what it was given: leaves each sample's mean squared distance, and adds
/// these to `outcome`, one by one.
///
/// # Errors
///
/// A target of another length, or no or too many samples; `outcome` is then as it was.
pub fn score_reconstruction<L: Lanes>(
    output: &[L],
    target: &[L],
    errors: &mut [f32],
    outcome: &mut Outcome,
) -> Result<(), BufferError> {
    buffers::check("target", target.len(), output.len())?;
    if errors.is_empty() || errors.len() > L::LANES {
        let (most, given) = (L::LANES, errors.len());
        return Err(BufferError::Samples { most, given });
    }
    L::score_reconstruction(loss::ErrorScore {
        output,
        target,
        errors,
        outcome,
    });
    Ok(())
}
