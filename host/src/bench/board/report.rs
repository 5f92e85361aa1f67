//! Instructions by layer, and for each multiply-accumulate.

use super::log::PassLog;
use super::profile::BoardResult;
use crate::bench::networks::{BenchNetwork, covered, propagates, step_macs, training_macs};
use kiln_core::{Network, Program, Step};
use serde::Serialize;

/// A network of the result.
#[derive(Clone, Debug, Serialize)]
pub struct BoardNetwork {
    /// Its name.
    pub network: String,
    /// Nothing where it does not fit.
    pub inference: Option<BoardInference>,
    /// Nothing where it does not fit.
    pub training: Option<BoardTraining>,
    /// Why something was not measured.
    pub note: Option<String>,
}

/// What an inference takes.
#[derive(Clone, Debug, Serialize)]
pub struct BoardInference {
    /// Whether it computes in integers; what it takes is then counted from the codes of its input on.
    pub int8: bool,
    /// In all, packing pixels among it where it does not compute in integers.
    pub instructions: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Instructions for each of them.
    pub per_mac: Option<f64>,
    /// Bytes of working memory.
    pub ram: usize,
    /// Packing pixels into the input.
    pub packing: u64,
    /// Layers that run as one, in order.
    pub layers: Vec<BoardLayer>,
}

/// What a training step in place takes.
#[derive(Clone, Debug, Serialize)]
pub struct BoardTraining {
    /// In all, packing pixels among it.
    pub instructions: u64,
    /// Multiply-accumulates: forward, for the gradient of the parameters and of the input.
    pub macs: u64,
    /// Instructions for each of them.
    pub per_mac: Option<f64>,
    /// Bytes of working memory, the parameters among it.
    pub ram: usize,
    /// Of these the arena.
    pub arena: usize,
    /// Packing pixels into the input.
    pub packing: u64,
    /// The loss and its gradient.
    pub loss: u64,
    /// Layers that run as one, in order.
    pub layers: Vec<TrainedBoardLayer>,
}

/// What some layers take that run as one.
#[derive(Clone, Debug, Serialize)]
pub struct BoardLayer {
    /// Numbers of the layers, from 1.
    pub layers: Vec<usize>,
    /// What they do.
    pub name: String,
    /// Instructions.
    pub instructions: u64,
    /// Multiply-accumulates.
    pub macs: u64,
    /// Instructions for each of them.
    pub per_mac: Option<f64>,
}

/// What some layers take there and back.
#[derive(Clone, Debug, Serialize)]
pub struct TrainedBoardLayer {
    /// Forward.
    pub forward: BoardLayer,
    /// Backward, the update among it; of what is not trained, zeros.
    pub backward: BoardLayer,
}

impl BoardNetwork {
    /// The report of what was measured.
    pub fn of(network: &BenchNetwork, result: &BoardResult) -> Self {
        let folded = network.folded();
        let inference = result.inference.as_ref().map(PassLog::mean);
        let training = result.training.as_ref().map(PassLog::mean);
        let program = result.training_program.as_ref();
        Self {
            network: network.name().into(),
            inference: inference.map(|log| inferred(folded, &result.inference_program, &log)),
            training: training
                .zip(program)
                .map(|(log, program)| trained(folded, program, &log)),
            note: result.note.clone(),
        }
    }
}

/// What an inference took.
pub(super) fn inferred(network: &Network, program: &Program, log: &PassLog) -> BoardInference {
    let macs = network.cost().macs;
    let layers = program.steps().iter().enumerate();
    BoardInference {
        int8: program.constants() > 0,
        instructions: log.whole,
        macs,
        per_mac: ratio(log.whole, macs),
        ram: program.working_bytes(1),
        packing: log.packing,
        layers: layers
            .map(|(index, step)| {
                layer(
                    network,
                    step,
                    at(&log.forward, index),
                    step_macs(network, step),
                )
            })
            .collect(),
    }
}

fn trained(network: &Network, program: &Program, log: &PassLog) -> BoardTraining {
    let macs = training_macs(network);
    let propagates = propagates(network);
    let layers = program.steps().iter().enumerate();
    BoardTraining {
        instructions: log.whole,
        macs,
        per_mac: ratio(log.whole, macs),
        ram: program.compact_bytes(),
        arena: program.working_bytes(1),
        packing: log.packing,
        loss: log.loss,
        layers: layers
            .map(|(index, step)| {
                let macs = step_macs(network, step);
                let back = macs * (1 + u64::from(propagates[step.node]));
                TrainedBoardLayer {
                    forward: layer(network, step, at(&log.forward, index), macs),
                    backward: layer(network, step, at(&log.backward, index), back),
                }
            })
            .collect(),
    }
}

fn layer(network: &Network, step: &Step, instructions: u64, macs: u64) -> BoardLayer {
    let (layers, name) = covered(network, step);
    BoardLayer {
        layers,
        name,
        instructions,
        macs,
        per_mac: ratio(instructions, macs),
    }
}

fn at(instructions: &[u64], step: usize) -> u64 {
    instructions.get(step).copied().unwrap_or(0)
}

fn ratio(instructions: u64, macs: u64) -> Option<f64> {
    (macs > 0).then(|| instructions as f64 / macs as f64)
}
