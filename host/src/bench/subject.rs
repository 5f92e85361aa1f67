//! What is measured: a network or a model on some threads at one lane width.

use super::limit::SpeedLimits;
use super::models::BenchModel;
use super::networks::BenchNetwork;
use crate::data::Samples;
use crate::engine::{Engine, EngineError, EngineOptions, Int8Engine};
use anyhow::Result;
use kiln_core::{Arithmetic, LaneWidth, Sgd};
use std::time::{Duration, Instant};

/// Batches that a round goes through in turn, so that no sample is always the last one's neighbour.
pub(super) const BATCHES: usize = 8;

/// The element of integers.
pub(super) const INT8: &str = "int8";

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measured<'a> {
    /// A network of floating-point numbers, which is trained as well.
    Network(&'a BenchNetwork),
    /// A model of integers.
    Model(&'a BenchModel),
}

/// What is measured of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub measured: Measured<'a>,
    /// The place of its samples among those of all.
    pub samples: usize,
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
    /// Whole training step, of what is trained.
    pub training: Option<Timing>,
    /// Inference of a batch.
    pub inference: Timing,
    /// Inference of one sample, which one thread computes.
    pub inference_single: Timing,
}

impl Measured<'_> {
    pub fn name(&self) -> &str {
        match self {
            Self::Network(network) => network.name(),
            Self::Model(model) => model.name(),
        }
    }

    /// What it computes in.
    pub fn element(&self) -> &'static str {
        match self {
            Self::Network(_) => "f32",
            Self::Model(_) => INT8,
        }
    }

    /// Whether it is computed by packets of so many samples.
    pub fn has_width(&self, lanes: LaneWidth) -> Result<bool> {
        match self {
            Self::Network(_) => Ok(true),
            Self::Model(model) => model.has_width(lanes),
        }
    }

    /// Multiply-accumulates of a sample, of inference and of a training step.
    pub fn macs(&self) -> Result<(u64, u64)> {
        Ok(match self {
            Self::Network(network) => (network.inference_macs(), network.training_macs()),
            Self::Model(model) => (model.open()?.network().cost().macs, 0),
        })
    }
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

impl<'a> Subject<'a> {
    pub fn new(
        (measured, samples): (Measured<'a>, usize),
        threads: usize,
        lanes: LaneWidth,
        arithmetic: Arithmetic,
    ) -> Self {
        Self {
            measured,
            samples,
            threads,
            lanes,
            arithmetic,
            best: Timings {
                training: None,
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
        samples: &Samples,
        batch: usize,
        slice: Duration,
    ) -> Result<RoundLimits> {
        let before = RoundLimits::measure(self.threads, self.arithmetic);
        let seconds = match self.measured {
            Measured::Network(network) => self.time_network(network, samples, batch, slice)?,
            Measured::Model(model) => self.time_model(model, samples, batch, slice)?,
        };
        let limits = before.larger(&RoundLimits::measure(self.threads, self.arithmetic));
        let best = &mut self.best;
        if let Some(training) = seconds.training {
            let own = best.training.get_or_insert(Timing::NONE);
            own.update(training, &limits.all, self.lanes);
        }
        best.inference
            .update(seconds.inference, &limits.all, self.lanes);
        best.inference_single
            .update(seconds.inference_single, &limits.one, self.lanes);
        Ok(limits)
    }

    fn time_network(
        &self,
        network: &BenchNetwork,
        samples: &Samples,
        batch: usize,
        slice: Duration,
    ) -> Result<Seconds> {
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
        let seconds = engine.within(|engine| {
            // First, while the weights are the first ones, whose folding is known to be finite.
            let inference = best(&order, batch, slice, |batch| {
                engine.evaluate(samples, batch, None)
            })?;
            let inference_single =
                best(&order, 1, slice, |one| engine.evaluate(samples, one, None))?;
            let training = best(&order, batch, slice, |batch| {
                engine.step(samples, batch, &sgd)
            })?;
            Ok::<_, EngineError>(Seconds {
                training: Some(training),
                inference,
                inference_single,
            })
        })?;
        Ok(seconds)
    }

    fn time_model(
        &self,
        model: &BenchModel,
        samples: &Samples,
        batch: usize,
        slice: Duration,
    ) -> Result<Seconds> {
        let model = model.open()?;
        let mut engine = Int8Engine::new(&model, self.threads, Some(self.lanes))?;
        let order: Vec<u32> = (0..samples.len() as u32).collect();
        let seconds = engine.within(|engine| {
            let mut evaluate = |size| best(&order, size, slice, |some| engine.score(samples, some));
            Ok::<_, EngineError>(Seconds {
                training: None,
                inference: evaluate(batch)?,
                inference_single: evaluate(1)?,
            })
        })?;
        Ok(seconds)
    }
}

/// Seconds a sample, in one round.
struct Seconds {
    training: Option<f64>,
    inference: f64,
    inference_single: f64,
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
        let (pass, mut count, mut done) = (Instant::now(), 0, 0);
        while done == 0 || pass.elapsed() < PASS {
            // An eighth more each time: to look at the clock takes as long as a tenth of a small network's batch.
            for _ in 0..=done / 8 {
                next(&mut count)?;
                done += 1;
            }
        }
        best = best.min(pass.elapsed().as_secs_f64() / count as f64);
        passes += 1;
    }
    Ok(best)
}
