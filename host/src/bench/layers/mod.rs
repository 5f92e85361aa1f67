//! Where the time of one network goes, layer by layer, on one thread.

mod clock;
mod report;
mod walk;

pub use report::{LayerSpeed, LayersReport, PassReport, StepReport};

use super::limit::SpeedLimits;
use super::networks::BenchNetwork;
use anyhow::{Context as _, Result};
use clock::LayerClock;
use kiln_core::{Arithmetic, BufferError, LaneWidth, Lanes, PacketWork};
use std::time::{Duration, Instant};
use walk::{BatchWalk, Pass};

/// Times training steps and inferences of `batch` samples until about `time` is over; of each piece
/// of work the best counts.
///
/// # Errors
///
/// Lanes that this processor lacks, or a batch that the network cannot be trained on.
pub fn measure(
    network: &BenchNetwork,
    (lanes, arithmetic): (LaneWidth, Arithmetic),
    batch: usize,
    time: Duration,
) -> Result<LayersReport> {
    let work = MeasureLayers {
        network,
        batch,
        time,
    };
    lanes
        .run(arithmetic, work)
        .context("this processor lacks the lanes")?
}

struct MeasureLayers<'a> {
    network: &'a BenchNetwork,
    batch: usize,
    time: Duration,
}

impl PacketWork for MeasureLayers<'_> {
    type Output = Result<LayersReport>;

    fn run<L: Lanes>(self, _: L) -> Self::Output {
        at_width::<L>(self.network, self.batch, self.time)
    }
}

/// The best of what was seen of a pass, layer by layer and, without looking inside, as a whole.
struct BestPass {
    clock: LayerClock,
    /// Seconds.
    whole: f64,
}

impl BestPass {
    fn new(steps: usize) -> Self {
        Self {
            clock: LayerClock::new(steps),
            whole: f64::INFINITY,
        }
    }

    /// Runs the pass twice: once looked into, once not.
    fn round<L: Lanes>(&mut self, walk: &mut BatchWalk<L>, pass: Pass) -> Result<(), BufferError> {
        self.clock.start();
        walk.run(pass, &mut self.clock)?;
        self.clock.finish();
        let start = Instant::now();
        walk.run(pass, &mut ())?;
        self.whole = self.whole.min(start.elapsed().as_secs_f64());
        Ok(())
    }
}

fn at_width<L: Lanes>(
    network: &BenchNetwork,
    batch: usize,
    time: Duration,
) -> Result<LayersReport> {
    let mut walk = BatchWalk::<L>::new(network, batch)?;
    let mut training = BestPass::new(walk.training().steps().len());
    let mut inference = BestPass::new(walk.inference().steps().len());
    // The first ones warm the caches. They come in this order while the weights are the first ones.
    walk.run(Pass::Inference, &mut ())?;
    walk.run(Pass::Training, &mut ())?;
    let mut limit = SpeedLimits::measure(1, L::ARITHMETIC);
    let start = Instant::now();
    loop {
        inference.round(&mut walk, Pass::Inference)?;
        training.round(&mut walk, Pass::Training)?;
        limit = limit.larger(&SpeedLimits::measure(1, L::ARITHMETIC));
        if start.elapsed() >= time {
            break;
        }
    }
    let limits = [limit.best(), limit.at(L::WIDTH)];
    Ok(report::report(
        network, &walk, batch, limits, &training, &inference,
    ))
}
