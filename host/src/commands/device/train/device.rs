//! The device's side of a run: samples go there, losses and parameters come back.

use super::report::DeviceEpochReport;
use crate::data::Samples;
use crate::link::LinkSession;
use crate::training::{CourseRules, CourseStep};
use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use kiln_core::link::Example;

/// What a run took and gave on the device.
#[derive(Default)]
pub(super) struct Trace {
    pub epochs: Vec<DeviceEpochReport>,
    /// Ticks of every step.
    pub ticks: Vec<u32>,
}

/// Trains on the device.
pub(super) fn train(
    session: &mut LinkSession,
    samples: &Samples,
    course: &CourseRules,
) -> Result<Trace> {
    let images = samples.bytes()?;
    let bar = bar(course.samples.len() * course.epochs as usize, "training")?;
    let mut trace = Trace::default();
    course.clone().start().run(|step| {
        let CourseStep {
            epoch,
            samples: batch,
            sgd,
        } = step;
        if trace.epochs.len() < epoch as usize {
            trace.epochs.push(DeviceEpochReport {
                epoch,
                ..DeviceEpochReport::default()
            });
        }
        let mut ticks = 0_u32;
        for (place, index) in batch.iter().enumerate() {
            let index = *index as usize;
            let trained = session.train(Example {
                image: images.image(index),
                label: samples.labels[index],
                place: place as u16,
                batch: batch.len() as u16,
                rate: sgd.rate,
            })?;
            ticks = ticks.saturating_add(trained.ticks);
            if let Some(report) = trace.epochs.last_mut() {
                report.add(trained.loss, trained.correct);
                bar.set_message(format!("loss {:.4}", report.loss));
            }
            bar.inc(1);
        }
        trace.ticks.push(ticks);
        anyhow::Ok(())
    })?;
    bar.finish_and_clear();
    Ok(trace)
}

/// The share of samples that the device classifies as they are labelled; nothing where there are
/// none.
pub(super) fn accuracy(
    session: &mut LinkSession,
    samples: &Samples,
    indices: &[u32],
    classes: usize,
) -> Result<Option<f64>> {
    let images = samples.bytes()?;
    let bar = bar(indices.len(), "testing")?;
    let mut correct = 0;
    for index in indices {
        let index = *index as usize;
        let (_, logits) = session.infer(images.image(index))?;
        ensure!(
            logits.len() == classes,
            "the device gave {} logits, not {classes}; flash it again",
            logits.len()
        );
        let class = kiln_core::reference::loss::highest_class(&logits);
        correct += usize::from(class == usize::from(samples.labels[index]));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((!indices.is_empty()).then(|| correct as f64 / indices.len() as f64))
}

fn bar(length: usize, what: &'static str) -> Result<ProgressBar> {
    let style =
        ProgressStyle::with_template("{prefix:10} {bar:30} {pos} of {len}, {eta} left {msg}")?;
    let bar = ProgressBar::new(length as u64).with_style(style);
    Ok(bar.with_prefix(what))
}
