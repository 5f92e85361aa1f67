//! What is measured: a network on some threads at one lane width.

use super::limit::SpeedLimits;
use crate::data::{ImageShape, Samples};
use crate::defaults;
use crate::engine::{Engine, EngineError, EngineOptions};
use crate::seeds::{Stream, source};
use anyhow::Result;
use kiln_core::{LaneWidth, Network, Scaling, Sgd, he_uniform};
use std::time::Instant;

/// Samples of a batch.
const BATCH: usize = 64;
/// Batches of a round.
const BATCHES: usize = 8;

/// A network to measure.
pub(super) struct NetworkUnderTest {
    name: &'static str,
    shape: ImageShape,
    classes: u16,
}

/// The two networks of the published comparisons.
pub(super) const NETWORKS: [NetworkUnderTest; 2] = [
    NetworkUnderTest {
        name: "MNIST",
        shape: ImageShape {
            channels: 1,
            height: 28,
            width: 28,
        },
        classes: 10,
    },
    NetworkUnderTest {
        name: "RGB",
        shape: ImageShape {
            channels: 3,
            height: 32,
            width: 32,
        },
        classes: 100,
    },
];

/// Seconds per sample, and what the machine could do at the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub seconds: f64,
    /// Thousand million separate multiply-accumulates a second, on as many threads, at the
    /// machine's best width.
    pub limit: f64,
    /// The same at the width measured.
    pub width_limit: f64,
}

/// Best timings so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timings {
    /// Whole training step, batch 64.
    pub training: Timing,
    /// Inference, batch 64.
    pub inference: Timing,
    /// Inference, one sample.
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

/// A network on some threads at one width.
pub(super) struct BenchSubject {
    name: &'static str,
    engine: Engine,
    network: Network,
    samples: Samples,
    best: Timings,
}

impl BenchSubject {
    pub fn new(under_test: &NetworkUnderTest, threads: usize, lanes: LaneWidth) -> Result<Self> {
        let NetworkUnderTest {
            name,
            shape,
            classes,
        } = *under_test;
        let network = defaults::network(shape, classes);
        let mut parameters = vec![0.0; network.parameters()];
        he_uniform(&network, &mut parameters, source(1, Stream::Init))?;
        let options = EngineOptions {
            threads,
            lanes: Some(lanes),
            batch: BATCH,
            ..EngineOptions::default()
        };
        let scaling = Scaling::uniform(shape.channels, 1.0 / 255.0, 0.0)?;
        Ok(Self {
            name,
            engine: Engine::new(&network, &scaling, parameters, &options)?,
            network,
            samples: noise(shape, classes),
            best: Timings {
                training: Timing::NONE,
                inference: Timing::NONE,
                inference_single: Timing::NONE,
            },
        })
    }

    /// Measures everything once, and gives the limits it found around it.
    pub fn round(&mut self) -> Result<SpeedLimits, EngineError> {
        // So low a rate that the weights stay what they are: the same work in every round.
        let sgd = Sgd {
            rate: 1e-6,
            momentum: 0.9,
            weight_decay: 5e-4,
            nesterov: false,
        };
        let samples = &self.samples;
        let order: Vec<u32> = (0..samples.len() as u32).collect();
        let before = SpeedLimits::measure(self.engine.threads());
        let [training, inference, single] = self.engine.within(|engine| {
            let training = best(&order, BATCH, |batch| engine.step(samples, batch, &sgd))?;
            let inference = best(&order, BATCH, |batch| engine.evaluate(samples, batch, None))?;
            let single = &order[..BATCH];
            let single = best(single, 1, |batch| engine.evaluate(samples, batch, None))?;
            Ok::<_, EngineError>([training, inference, single])
        })?;
        let limits = before.larger(&SpeedLimits::measure(self.engine.threads()));
        let width = self.engine.lanes();
        self.best.training.update(training, &limits, width);
        self.best.inference.update(inference, &limits, width);
        self.best.inference_single.update(single, &limits, width);
        Ok(limits)
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn threads(&self) -> usize {
        self.engine.threads()
    }

    pub fn lanes(&self) -> LaneWidth {
        self.engine.lanes()
    }

    pub fn best(&self) -> Timings {
        self.best
    }

    pub fn inference_macs(&self) -> u64 {
        self.network.cost().macs
    }

    /// Forward, parameter gradients, and input gradients of all but the first layer.
    pub fn training_macs(&self) -> u64 {
        3 * self.network.cost().macs - self.network.layer_cost(0).macs
    }
}

/// Best seconds per sample of a few passes over `order` in batches; the first ones warm the
/// caches and wake the threads.
fn best<T>(
    order: &[u32],
    batch: usize,
    mut work: impl FnMut(&[u32]) -> Result<T, EngineError>,
) -> Result<f64, EngineError> {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        best = best.min(seconds(order, batch, &mut work)?);
    }
    Ok(best)
}

/// Seconds per sample of a pass over `order` in batches.
fn seconds<T>(
    order: &[u32],
    batch: usize,
    mut work: impl FnMut(&[u32]) -> Result<T, EngineError>,
) -> Result<f64, EngineError> {
    let start = Instant::now();
    for batch in order.chunks(batch) {
        work(batch)?;
    }
    Ok(start.elapsed().as_secs_f64() / order.len() as f64)
}

fn noise(shape: ImageShape, classes: u16) -> Samples {
    let mut draw = source(1, Stream::Order);
    let count = BATCH * BATCHES;
    let pixels = (0..count * shape.size()).map(|_| draw() as u8).collect();
    let labels = (0..count as u16).map(|index| index % classes).collect();
    Samples::of_bytes(pixels, labels, shape)
}
