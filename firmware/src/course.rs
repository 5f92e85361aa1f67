//! How the samples in flash are trained on: the device does so, and the build, which tells the
//! device what must come of it.

use kiln_core::{
    CompactError, CompactTrainer, CompactUpdate, Outcome, Program, Scaling, Sgd, pack_pixels,
};

/// Passes over the samples.
pub const EPOCHS: u32 = 3;
/// Samples a step, where a gradient is kept.
pub const BATCH: usize = 8;

/// A labelled image.
pub type Sample<'a> = (u16, &'a [u8]);

/// The optimizer: momentum where a velocity is kept.
pub fn sgd<const STEPS: usize>(program: &Program<STEPS>) -> Sgd {
    let momentum = program.velocity_values() > 0;
    Sgd {
        momentum: if momentum { 0.9 } else { 0.0 },
        ..Sgd::new(0.01)
    }
}

/// Samples that one step takes.
pub fn batch<const STEPS: usize>(program: &Program<STEPS>) -> usize {
    match is_in_place(program) {
        true => 1,
        false => BATCH,
    }
}

fn is_in_place<const STEPS: usize>(program: &Program<STEPS>) -> bool {
    let mode = program.compact_mode();
    mode.is_some_and(|mode| matches!(mode.update, CompactUpdate::InPlace))
}

/// One step on at most [`batch`] samples, at least one.
///
/// # Errors
///
/// A loss that is not finite, or a label that is not among the classes.
pub fn step<const STEPS: usize>(
    program: &Program<STEPS>,
    trainer: &mut CompactTrainer<'_, STEPS>,
    scaling: &Scaling,
    samples: &[Sample<'_>],
) -> Result<Outcome, CompactError> {
    let sgd = sgd(program);
    let fill = |image: &'_ [u8], input: &mut [f32]| pack_pixels(scaling, &[image], input);
    let mut outcome = Outcome::default();
    if is_in_place(program) {
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
