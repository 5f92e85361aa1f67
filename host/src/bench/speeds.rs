//! Whole training steps and inferences, round after round.

use super::limit::SpeedLimits;
use super::networks::BenchNetwork;
use super::subject::{BATCHES, Subject, Timing};
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

/// One network on some threads at one width.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// The network's name.
    pub network: String,
    /// Number of threads.
    pub threads: usize,
    /// Lanes.
    pub lanes: usize,
    /// Samples of a batch.
    pub batch: usize,
    /// Whole training steps.
    pub training: Speed,
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
    /// Of the machine's limit on as many threads, around the same time.
    pub fraction: f64,
    /// Of the limit at the same width.
    pub fraction_of_width: f64,
}

/// Takes rounds of everything in turn until the time is up.
///
/// # Errors
///
/// Threads that cannot be started, or a batch that a network cannot be trained on.
pub fn measure(networks: &[BenchNetwork], plan: &BenchPlan) -> Result<SpeedReport> {
    let mut subjects = subjects(networks.len(), plan);
    let slice = slice(plan.time, subjects.len());
    let samples: Vec<_> = networks
        .iter()
        .map(|network| network.samples(plan.batch, BATCHES))
        .collect();
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
            let (network, samples) = (&networks[subject.network], &samples[subject.network]);
            let reached = subject
                .round(network, samples, plan.batch, slice)
                .with_context(|| network.name().to_string())?;
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
            .map(|subject| Measurement::of(&networks[subject.network], subject, plan.batch))
            .collect(),
    })
}

fn subjects(networks: usize, plan: &BenchPlan) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for network in 0..networks {
        for threads in &plan.threads {
            for lanes in &plan.lanes {
                let arithmetic = plan.arithmetic.into();
                subjects.push(Subject::new(network, *threads, *lanes, arithmetic));
            }
        }
    }
    subjects
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
    fn of(network: &BenchNetwork, subject: &Subject, batch: usize) -> Self {
        let forward = network.inference_macs();
        let best = subject.best;
        Self {
            network: network.name().into(),
            threads: subject.threads,
            lanes: subject.lanes.lanes(),
            batch,
            training: Speed::of(best.training, network.training_macs()),
            inference: Speed::of(best.inference, forward),
            inference_single: Speed::of(best.inference_single, forward),
        }
    }
}

impl Speed {
    /// `macs` are those of one sample.
    fn of(timing: Timing, macs: u64) -> Self {
        let gmacs = macs as f64 / timing.seconds / 1e9;
        Self {
            microseconds: timing.seconds * 1e6,
            gmacs,
            fraction: gmacs / timing.limit,
            fraction_of_width: gmacs / timing.width_limit,
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
