//! What is measured: a network on some threads at one lane width.

use super::limit::SpeedLimits;
use super::networks::BenchNetwork;
use crate::data::Samples;
use crate::engine::{Engine, EngineError, EngineOptions};
use kiln_core::{Arithmetic, LaneWidth, Sgd};
use std::time::{Duration, Instant};

/// Batches that a round goes through in turn, so that no sample is always the last one's neighbour.
pub(super) const BATCHES: usize = 8;

/// What is measured of a network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// Number of the network.
    pub network: usize,
    pub threads: usize,
    pub lanes: LaneWidth,
    pub arithmetic: Arithmetic,
    pub best: Timings,
}

/// Seconds per sample, and what the machine could do at the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub seconds: f64,
    /// Thousand million multiply-accumulates a second, on as many threads, at the
    /// machine's best width.
    pub limit: f64,
    /// The same at the width measured.
    pub width_limit: f64,
}

/// Best timings so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timings {
    /// Whole training step.
    pub training: Timing,
    /// Inference of a batch.
    pub inference: Timing,
    /// Inference of one sample, which one thread computes.
    pub inference_single: Timing,
}

impl Timing {
    const NONE: Self = Self {
        seconds: f64::INFINITY,
        limit: f64::INFINITY,
        width_limit: f64::INFINITY,
    };

    /// Keeps the faster one.
    fn update(&mut self, seconds: f64, limits: &SpeedLimits, width: LaneWidth) {
        if seconds < self.seconds {
            *self = Self {
                seconds,
                limit: limits.best(),
                width_limit: limits.at(width),
            };
        }
    }
}

/// The limits found around a round: on the subject's threads, and on one.
pub(super) struct RoundLimits {
    pub all: SpeedLimits,
    pub one: SpeedLimits,
}

impl RoundLimits {
    fn measure(threads: usize, arithmetic: Arithmetic) -> Self {
        let one = SpeedLimits::measure(1, arithmetic);
        let all = match threads {
            1 => one.clone(),
            _ => SpeedLimits::measure(threads, arithmetic),
        };
        Self { all, one }
    }

    fn larger(self, other: &Self) -> Self {
        Self {
            all: self.all.larger(&other.all),
            one: self.one.larger(&other.one),
        }
    }
}

impl Subject {
    pub fn new(network: usize, threads: usize, lanes: LaneWidth, arithmetic: Arithmetic) -> Self {
        Self {
            network,
            threads,
            lanes,
            arithmetic,
            best: Timings {
                training: Timing::NONE,
                inference: Timing::NONE,
                inference_single: Timing::NONE,
            },
        }
    }

    /// Measures everything once, each for about as long as `slice`, and gives the limits it found
    /// around it. The engine is made anew and given back: those of all networks, widths and threads
    /// together would take gigabytes.
    pub fn round(
        &mut self,
        network: &BenchNetwork,
        samples: &Samples,
        batch: usize,
        slice: Duration,
    ) -> Result<RoundLimits, EngineError> {
        // So low a rate that the weights stay what they are: the same work in every round.
        let sgd = Sgd {
            rate: 1e-6,
            momentum: 0.9,
            weight_decay: 5e-4,
            nesterov: false,
        };
        let options = EngineOptions {
            threads: self.threads,
            lanes: Some(self.lanes),
            arithmetic: self.arithmetic,
            evaluation: self.arithmetic,
            batch,
            loss: network.loss(),
            ..EngineOptions::default()
        };
        let parameters = network.parameters().to_vec();
        let mut engine = Engine::new(network.network(), network.scaling(), parameters, &options)?;
        let order: Vec<u32> = (0..samples.len() as u32).collect();
        let before = RoundLimits::measure(self.threads, self.arithmetic);
        let [training, inference, single] = engine.within(|engine| {
            // First, while the weights are the first ones, whose folding is known to be finite.
            let inference = best(&order, batch, slice, |batch| {
                engine.evaluate(samples, batch, None)
            })?;
            let single = best(&order, 1, slice, |one| engine.evaluate(samples, one, None))?;
            let training = best(&order, batch, slice, |batch| {
                engine.step(samples, batch, &sgd)
            })?;
            Ok::<_, EngineError>([training, inference, single])
        })?;
        let limits = before.larger(&RoundLimits::measure(self.threads, self.arithmetic));
        let best = &mut self.best;
        best.training.update(training, &limits.all, self.lanes);
        best.inference.update(inference, &limits.all, self.lanes);
        best.inference_single
            .update(single, &limits.one, self.lanes);
        Ok(limits)
    }
}

/// Best seconds per sample of passes over `order` in batches, until about `slice` is over. What
/// comes before warms the caches and wakes the threads.
fn best<T>(
    order: &[u32],
    batch: usize,
    slice: Duration,
    mut work: impl FnMut(&[u32]) -> Result<T, EngineError>,
) -> Result<f64, EngineError> {
    /// So long that the clock and the way into a pass cost nothing.
    const PASS: Duration = Duration::from_millis(2);
    /// Passes even where one takes longer than the slice.
    const LEAST: usize = 2;
    let start = Instant::now();
    let mut batches = order.chunks_exact(batch).cycle();
    let mut next = |count: &mut usize| {
        let samples = batches.next().unwrap_or(order);
        *count += samples.len();
        work(samples)
    };
    let mut count = 0;
    next(&mut count)?;
    let (mut best, mut passes) = (f64::INFINITY, 0);
    if start.elapsed() >= slice {
        // So slow that cold caches make no difference, and every second one.
        (best, passes) = (start.elapsed().as_secs_f64() / count as f64, 1);
    }
    while passes < LEAST || start.elapsed() < slice {
        let (pass, mut count) = (Instant::now(), 0);
        while count == 0 || pass.elapsed() < PASS {
            next(&mut count)?;
        }
        best = best.min(pass.elapsed().as_secs_f64() / count as f64);
        passes += 1;
    }
    Ok(best)
}
