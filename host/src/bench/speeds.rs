//! Whole training steps and inferences, round after round.

use super::limit::SpeedLimits;
use super::models::BenchModel;
use super::networks::BenchNetwork;
use super::subject::{BATCHES, INT8, Measured, Subject, Timing};
use crate::settings::ArithmeticSetting;
use anyhow::{Context, Result};
use kiln_core::LaneWidth;
use serde::Serialize;
use std::time::{Duration, Instant};

/// What to measure every network with.
#[derive(Clone, Debug)]
pub struct BenchPlan {
    /// Numbers of threads.
    pub threads: Vec<usize>,
    /// Lane widths, all of which this processor has for the arithmetic.
    pub lanes: Vec<LaneWidth>,
    /// How products are added to sums, in training and in inference.
    pub arithmetic: ArithmeticSetting,
    /// Samples of a batch, at least 1.
    pub batch: usize,
    /// About how long in all; everything is measured once at least.
    pub time: Duration,
}

/// The result as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct SpeedReport {
    /// How products were added to sums.
    pub arithmetic: ArithmeticSetting,
    /// What the machine can do, for each number of threads.
    pub limits: Vec<Limit>,
    /// Every network on every number of threads at every width.
    pub results: Vec<Measurement>,
}

/// What the machine can do on some threads.
#[derive(Clone, Debug, Serialize)]
pub struct Limit {
    /// Number of threads.
    pub threads: usize,
    /// Multiply-accumulates a second, in thousand millions, in the arithmetic measured, at the best
    /// width.
    pub gmacs: f64,
    /// The same at every width.
    pub widths: Vec<WidthLimit>,
}

/// What the machine can do at a lane width.
#[derive(Clone, Debug, Serialize)]
pub struct WidthLimit {
    /// Lanes.
    pub lanes: usize,
    /// As [`Limit::gmacs`].
    pub gmacs: f64,
}

/// One network or model on some threads at one width.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// The network's name.
    pub network: String,
    /// What it computes in: `f32` or `int8`.
    pub element: &'static str,
    /// Number of threads.
    pub threads: usize,
    /// Lanes.
    pub lanes: usize,
    /// Samples of a batch.
    pub batch: usize,
    /// Whole training steps, of what is trained.
    pub training: Option<Speed>,
    /// Inference of batches.
    pub inference: Speed,
    /// Inference of one sample, on one thread.
    pub inference_single: Speed,
}

/// What a sample takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Speed {
    /// Microseconds a sample.
    pub microseconds: f64,
    /// Multiply-accumulates a second, in thousand millions.
    pub gmacs: f64,
    /// Of the machine's limit on as many threads, around the same time; of integers none, whose limit is
    /// another.
    pub fraction: Option<f64>,
    /// Of the limit at the same width, likewise.
    pub fraction_of_width: Option<f64>,
}

/// Takes rounds of everything in turn until the time is up.
///
/// # Errors
///
/// Threads that cannot be started, or a batch that a network cannot be trained on.
pub fn measure(
    networks: &[BenchNetwork],
    models: &[BenchModel],
    plan: &BenchPlan,
) -> Result<SpeedReport> {
    let mut subjects = subjects(networks, models, plan)?;
    let slice = slice(plan.time, subjects.len());
    let mut samples = Vec::new();
    for network in networks {
        let own = network.samples(plan.batch, BATCHES);
        samples.push(own.with_context(|| network.name().to_string())?);
    }
    for model in models {
        samples.push(model.samples(plan.batch, BATCHES)?);
    }
    let mut limits: Vec<_> = plan
        .threads
        .iter()
        .map(|threads| {
            (
                *threads,
                SpeedLimits::measure(*threads, plan.arithmetic.into()),
            )
        })
        .collect();
    let start = Instant::now();
    loop {
        for subject in &mut subjects {
            let reached = subject
                .round(&samples[subject.samples], plan.batch, slice)
                .with_context(|| subject.measured.name().to_string())?;
            let own = limits
                .iter_mut()
                .filter(|(threads, _)| *threads == subject.threads);
            own.for_each(|(_, limit)| *limit = reached.all.clone().larger(limit));
        }
        if start.elapsed() >= plan.time {
            break;
        }
    }
    Ok(SpeedReport {
        arithmetic: plan.arithmetic,
        limits: limits.iter().map(Limit::of).collect(),
        results: subjects
            .iter()
            .map(|subject| Measurement::of(subject, plan.batch))
            .collect::<Result<_>>()?,
    })
}

fn subjects<'a>(
    networks: &'a [BenchNetwork],
    models: &'a [BenchModel],
    plan: &BenchPlan,
) -> Result<Vec<Subject<'a>>> {
    let networks = networks.iter().map(Measured::Network);
    let measured = networks.chain(models.iter().map(Measured::Model));
    let mut subjects = Vec::new();
    for (samples, measured) in measured.enumerate() {
        for threads in &plan.threads {
            for lanes in &plan.lanes {
                if measured.has_width(*lanes)? {
                    let (own, arithmetic) = ((measured, samples), plan.arithmetic.into());
                    subjects.push(Subject::new(own, *threads, *lanes, arithmetic));
                }
            }
        }
    }
    Ok(subjects)
}

/// How long one thing is measured in one round: so that there are some rounds, but not so short
/// that making the engine is most of it.
fn slice(time: Duration, subjects: usize) -> Duration {
    const ROUNDS: u32 = 3;
    const MEASURED: u32 = 3;
    let share = time / (ROUNDS * MEASURED * subjects.max(1) as u32);
    share.clamp(Duration::from_millis(6), Duration::from_millis(200))
}

impl Limit {
    fn of((threads, limits): &(usize, SpeedLimits)) -> Self {
        let width = |(width, gmacs): (LaneWidth, f64)| WidthLimit {
            lanes: width.lanes(),
            gmacs,
        };
        Self {
            threads: *threads,
            gmacs: limits.best(),
            widths: limits.widths().map(width).collect(),
        }
    }
}

impl Measurement {
    fn of(subject: &Subject<'_>, batch: usize) -> Result<Self> {
        let (forward, training) = subject.measured.macs()?;
        let best = subject.best;
        // The limit is one of floating-point numbers.
        let element = subject.measured.element();
        let speed = |timing, macs| match element {
            INT8 => Speed::of_time(timing, macs),
            _ => Speed::of(timing, macs),
        };
        Ok(Self {
            network: subject.measured.name().into(),
            element,
            threads: subject.threads,
            lanes: subject.lanes.lanes(),
            batch,
            training: best.training.map(|timing| speed(timing, training)),
            inference: speed(best.inference, forward),
            inference_single: speed(best.inference_single, forward),
        })
    }
}

impl Speed {
    /// `macs` are those of one sample.
    fn of(timing: Timing, macs: u64) -> Self {
        let own = Self::of_time(timing, macs);
        Self {
            fraction: Some(own.gmacs / timing.limit),
            fraction_of_width: Some(own.gmacs / timing.width_limit),
            ..own
        }
    }

    /// The same beside no limit.
    fn of_time(timing: Timing, macs: u64) -> Self {
        Self {
            microseconds: timing.seconds * 1e6,
            gmacs: macs as f64 / timing.seconds / 1e9,
            fraction: None,
            fraction_of_width: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_a_share_of_the_time_within_bounds() {
        let slice = |seconds, subjects| slice(Duration::from_secs(seconds), subjects).as_millis();
        assert_eq!([slice(20, 104), slice(36, 40)], [21, 100]);
        assert_eq!([slice(1, 104), slice(3600, 1)], [6, 200]);
    }
}
