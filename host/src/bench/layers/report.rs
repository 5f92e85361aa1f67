//! Times layer by layer, as shares and beside the limit.

use super::BestPass;
use super::clock::{PassTime, StepTime};
use super::walk::BatchWalk;
use crate::bench::networks::{BenchNetwork, covered, propagates, step_macs};
use kiln_core::{Lanes, Network, Step};
use serde::Serialize;

/// The result as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct LayersReport {
    /// The network's name.
    pub network: String,
    /// Lanes.
    pub lanes: usize,
    /// Samples of a batch.
    pub batch: usize,
    /// Multiply-accumulates a second of one thread, in thousand millions, product and sum rounded
    /// separately, at the best width.
    pub limit: f64,
    /// The same at the width measured.
    pub width_limit: f64,
    /// A training step.
    pub training: PassReport,
    /// An inference, of the folded network.
    pub inference: PassReport,
}

/// What a pass takes, in microseconds a sample.
#[derive(Clone, Debug, Serialize)]
pub struct PassReport {
    /// Layers that run as one, in order.
    pub steps: Vec<StepReport>,
    /// Packing pixels into the input.
    pub packing: f64,
    /// The loss and its gradient; of an inference, the score.
    pub loss: f64,
    /// The sum of all pieces.
    pub sum: f64,
    /// The whole pass, measured without looking inside.
    pub whole: f64,
}

/// What some layers take that run as one.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// Numbers of the layers, from 1.
    pub layers: Vec<usize>,
    /// What they do.
    pub name: String,
    /// Multiply-accumulates of a sample's forward pass; as many for the gradient of the parameters
    /// and for that of the input.
    pub macs: u64,
    /// Forward.
    pub forward: LayerSpeed,
    /// From the gradient of the output to that of the input; where that is not wanted, the mask of an
    /// activation alone.
    pub input_gradient: LayerSpeed,
    /// The gradient of the parameters.
    pub parameter_gradient: LayerSpeed,
    /// Descending it.
    pub update: LayerSpeed,
    /// Share of the whole pass, 0 to 1.
    pub share: f64,
}

/// What a piece of work takes a sample.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LayerSpeed {
    /// Microseconds.
    pub microseconds: f64,
    /// Of the machine's limit, where there are multiply-accumulates.
    pub fraction: Option<f64>,
    /// Of the limit of the width.
    pub fraction_of_width: Option<f64>,
}

/// What times are held against.
struct ReportScale {
    /// Samples.
    batch: f64,
    /// Multiply-accumulates a second, in thousand millions, at best and at the width.
    limits: [f64; 2],
}

/// The result of the best passes.
pub(super) fn report<L: Lanes>(
    network: &BenchNetwork,
    walk: &BatchWalk<L>,
    batch: usize,
    limits: [f64; 2],
    training: &BestPass,
    inference: &BestPass,
) -> LayersReport {
    let scale = ReportScale {
        batch: batch as f64,
        limits,
    };
    let [limit, width_limit] = limits;
    LayersReport {
        network: network.name().into(),
        lanes: L::LANES,
        batch,
        limit,
        width_limit,
        training: scale.pass(network.network(), walk.training().steps(), training),
        inference: scale.pass(network.folded(), walk.inference().steps(), inference),
    }
}

impl ReportScale {
    fn pass(&self, network: &Network, steps: &[Step], best: &BestPass) -> PassReport {
        let time: &PassTime = best.clock.best();
        let propagates = propagates(network);
        let report = |(step, own): (&Step, &StepTime)| {
            let macs = step_macs(network, step);
            let (layers, name) = covered(network, step);
            let back = if propagates[step.node] { macs } else { 0 };
            StepReport {
                layers,
                name,
                macs,
                forward: self.speed(own.forward, macs),
                input_gradient: self.speed(own.input_gradient, back),
                parameter_gradient: self.speed(own.parameter_gradient, macs),
                update: self.speed(own.update, 0),
                share: own.sum() / time.sum(),
            }
        };
        let micro = |seconds: f64| seconds * 1e6 / self.batch;
        PassReport {
            steps: steps.iter().zip(&time.steps).map(report).collect(),
            packing: micro(time.input),
            loss: micro(time.loss),
            sum: micro(time.sum()),
            whole: micro(best.whole),
        }
    }

    fn speed(&self, seconds: f64, macs: u64) -> LayerSpeed {
        let sample = seconds / self.batch;
        let gmacs = macs as f64 / sample / 1e9;
        let [best, width] = self.limits.map(|limit| gmacs / limit);
        let known = |fraction: f64| (macs > 0 && sample > 0.0).then_some(fraction);
        LayerSpeed {
            microseconds: sample * 1e6,
            fraction: known(best),
            fraction_of_width: known(width),
        }
    }
}

impl StepReport {
    /// Microseconds of all of it.
    pub fn microseconds(&self) -> f64 {
        let pieces = [
            self.forward,
            self.input_gradient,
            self.parameter_gradient,
            self.update,
        ];
        pieces.iter().map(|piece| piece.microseconds).sum()
    }
}
