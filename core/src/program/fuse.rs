//! Turns nodes into steps: neighbours that run as one become one.

use super::{Operation, Program, ProgramError, Region, Step, int8, step::MOMENTS};
use crate::ops::activation::Activation;
use crate::{Layer, MAX_NODES, Network, Pool2d, Shape};

/// Fills `program.steps` with the steps of a sound network, their parameters one behind another,
/// and says what each reads.
pub(super) const fn fuse<const STEPS: usize>(
    program: &mut Program<STEPS>,
    network: &Network,
    shapes: &[Shape; MAX_NODES + 1],
) -> Result<(), ProgramError> {
    let readers = readers(network);
    // By the number of a node: the number of the value that holds its output.
    let mut values = [0_u8; MAX_NODES + 1];
    let layers = network.layers();
    let mut node = 0;
    while node < layers.len() {
        let [first, second] = network.inputs()[node];
        let is_dropout = matches!(layers[node], Layer::Dropout(_));
        if is_dropout && !program.purpose.is_group() {
            values[node + 1] = values[first.number()];
            node += 1;
            continue;
        }
        let (operation, mut count) =
            match operation(network, node, shapes[first.number()], &readers) {
                (Operation::BatchNorm { .. }, _) if !program.purpose.is_group() => {
                    return Err(ProgramError::BatchNorm { node: node + 1 });
                }
                found => found,
            };
        if program.len == STEPS {
            return Err(ProgramError::Steps { room: STEPS });
        }
        let mut step = Step::NOTHING;
        step.operation = operation;
        step.node = node;
        step.nodes = count;
        step.input = shapes[first.number()];
        step.inner = shapes[node + 1];
        step.output = shapes[node + count];
        step.reads[0].value = values[first.number()] as usize;
        step.reads[1].value = values[second.number()] as usize;
        let [parameters, mut constants] = program.tensor_lens(&layers[node], step.input);
        if let Some((addition, read)) = int8::addition_behind(program, network, node, &readers) {
            let [_, more] = program.tensor_lens(&layers[node + 1], step.input);
            constants += more;
            count = addition;
            step.nodes = count;
            step.output = shapes[node + count];
            let value = network.inputs()[node + 1][read as usize];
            step.reads[1].value = values[value.number()] as usize;
            step.adds = Some(read);
        }
        step.parameters = Region {
            at: program.parameters,
            len: parameters,
        };
        program.parameters += parameters;
        step.constants = Region {
            at: program.constants,
            len: constants,
        };
        program.constants += constants;
        if let Operation::BatchNorm { .. } = step.operation {
            let len = MOMENTS * step.output.channels as usize;
            step.moments = Region {
                at: program.moments,
                len,
            };
            program.moments += len;
            program.batch_norms += 1;
        }
        program.steps[program.len] = step;
        program.len += 1;
        node += count;
        values[node] = program.len as u8;
    }
    Ok(())
}

/// By the number of a value: how many times nodes read it.
const fn readers(network: &Network) -> [u8; MAX_NODES + 1] {
    let mut readers = [0_u8; MAX_NODES + 1];
    let mut node = 0;
    while node < network.layers().len() {
        let [first, second] = network.inputs()[node];
        readers[first.number()] = readers[first.number()].saturating_add(1);
        if let Layer::Add = network.layers()[node] {
            readers[second.number()] = readers[second.number()].saturating_add(1);
        }
        node += 1;
    }
    readers
}

/// The operation that starts at node `node`, and how many nodes it covers.
const fn operation(
    network: &Network,
    node: usize,
    input: Shape,
    readers: &[u8; MAX_NODES + 1],
) -> (Operation, usize) {
    let activation = match following(network, node, readers) {
        Some(Layer::Relu) => Activation::Relu,
        Some(Layer::Relu6) => Activation::Relu6,
        _ => Activation::Identity,
    };
    let activated = !matches!(activation, Activation::Identity) as usize;
    match network.layers()[node] {
        Layer::Conv2d(conv) => {
            let pool = !matches!(activation, Activation::Relu6)
                && is_fusible_pool(following(network, node + activated, readers));
            let operation = Operation::Conv2d {
                conv,
                activation,
                pool,
            };
            (operation, 1 + activated + pool as usize)
        }
        Layer::Linear(linear) => (Operation::Linear { linear, activation }, 1 + activated),
        Layer::Add => (Operation::Add { activation }, 1 + activated),
        Layer::ScaleShift => (Operation::ScaleShift { activation }, 1 + activated),
        Layer::BatchNorm(norm) => (Operation::BatchNorm { norm, activation }, 1 + activated),
        Layer::Relu => (Operation::Activation(Activation::Relu), 1),
        Layer::Relu6 => (Operation::Activation(Activation::Relu6), 1),
        Layer::MaxPool2d(pool) => (Operation::MaxPool2d(pool), 1),
        Layer::AvgPool2d(pool) => (Operation::AvgPool2d(pool), 1),
        Layer::GlobalAvgPool2d => (Operation::AvgPool2d(Pool2d::whole(input)), 1),
        Layer::Dropout(dropout) => (Operation::Dropout(dropout), 1),
    }
}

/// The layer behind node `node`, if it is the only one that reads its value, and reads nothing else.
pub(super) const fn following(
    network: &Network,
    node: usize,
    readers: &[u8; MAX_NODES + 1],
) -> Option<Layer> {
    let next = node + 1;
    if next == network.layers().len() || readers[next] != 1 {
        return None;
    }
    let [first, second] = network.inputs()[next];
    if first.number() != next || second.number() != next {
        return None;
    }
    Some(network.layers()[next])
}

const fn is_fusible_pool(layer: Option<Layer>) -> bool {
    match layer {
        Some(Layer::MaxPool2d(pool)) => {
            let [rows, columns] = pool.padding.total();
            matches!((pool.window, pool.stride), ([2, 2], [2, 2]))
                && rows == 0
                && columns == 0
                && !pool.ceil_mode
        }
        _ => false,
    }
}
