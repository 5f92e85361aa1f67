//! How the samples in flash are trained on: the device does so, and the build, which tells the
//! device what must come of it.

use kiln_core::{
    CompactError, CompactPlan, CompactTrainer, CompactUpdate, Outcome, Scaling, Sgd, pack_pixels,
};

/// Passes over the samples.
pub const EPOCHS: u32 = 3;
/// Samples a step, where a gradient is kept.
pub const BATCH: usize = 8;

/// A labelled image.
pub type Sample<'a> = (u16, &'a [u8]);

/// The optimizer: momentum where a velocity is kept.
pub fn sgd<const STEPS: usize>(plan: &CompactPlan<STEPS>) -> Sgd {
    let momentum = plan.velocity_values() > 0;
    Sgd {
        momentum: if momentum { 0.9 } else { 0.0 },
        ..Sgd::new(0.01)
    }
}

/// Samples that one step takes.
pub fn batch<const STEPS: usize>(plan: &CompactPlan<STEPS>) -> usize {
    match plan.mode().update {
        CompactUpdate::InPlace => 1,
        CompactUpdate::MiniBatch { .. } => BATCH,
    }
}

/// One step on at most [`batch`] samples, at least one.
///
/// # Errors
///
/// A loss that is not finite, or a label that is not among the classes.
pub fn step<const STEPS: usize>(
    plan: &CompactPlan<STEPS>,
    trainer: &mut CompactTrainer<'_, STEPS>,
    scaling: &Scaling,
    samples: &[Sample<'_>],
) -> Result<Outcome, CompactError> {
    let sgd = sgd(plan);
    let fill = |image: &'_ [u8], input: &mut [f32]| pack_pixels(scaling, &[image], input);
    let mut outcome = Outcome::default();
    if let CompactUpdate::InPlace = plan.mode().update {
        for (label, image) in samples {
            outcome += trainer.step(*label, &sgd, |input| fill(image, input))?;
        }
        return Ok(outcome);
    }
    trainer.begin_batch(samples.len())?;
    for (label, image) in samples {
        outcome += trainer.accumulate(*label, |input| fill(image, input))?;
    }
    trainer.finish_batch(&sgd)?;
    Ok(outcome)
}
