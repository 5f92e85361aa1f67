//! Makes a plan: fuses layers into steps, then lays out the buffers.

use super::{FILTER_BLOCK, FILTER_PAIR, GROUP, Operation, Plan, Region, Step};
use crate::{Conv2d, Layer, Network, Padding, Pool2d, Shape, network::MAX_LAYERS};

/// The plan of a sound network.
pub(super) const fn plan(network: &Network) -> Plan {
    let mut plan = fuse(network);
    plan.first_trained = first_trained(&plan);
    lay_out_inference(&mut plan);
    lay_out_training(&mut plan);
    plan
}

pub(super) const NOTHING: Step = Step {
    operation: Operation::Relu,
    layer: 0,
    layers: 0,
    input: Shape::new(0, 0, 0),
    output: Shape::new(0, 0, 0),
    inner: Shape::new(0, 0, 0),
    parameters: Region::EMPTY,
    inference: Region::EMPTY,
    activation: Region::EMPTY,
    gradient: Region::EMPTY,
    scratch: 0,
    winners: Region::EMPTY,
    group: Region::EMPTY,
};

/// Turns layers into steps and places their parameters one behind another.
const fn fuse(network: &Network) -> Plan {
    let mut plan = Plan {
        input: network.input_shape(),
        steps: [NOTHING; MAX_LAYERS],
        len: 0,
        parameters: 0,
        inference_packets: 0,
        activation_packets: 0,
        gradient_packets: 0,
        scratch_packets: 0,
        winner_bytes: 0,
        group_values: 0,
        first_trained: 0,
    };
    let layers = network.layers();
    let mut shape = plan.input;
    let mut at = 0;
    while at < layers.len() {
        let (operation, count) = operation(layers, at, shape);
        let (weights, biases) = layers[at].parameters(shape);
        let mut step = NOTHING;
        step.operation = operation;
        step.layer = at;
        step.layers = count;
        step.input = shape;
        step.inner = network.output_shape(at);
        step.output = network.output_shape(at + count - 1);
        step.parameters = Region {
            at: plan.parameters,
            len: (weights + biases) as usize,
        };
        plan.parameters += step.parameters.len;
        shape = step.output;
        plan.steps[plan.len] = step;
        plan.len += 1;
        at += count;
    }
    plan
}

/// The operation that starts at layer `at`, and how many layers it covers.
const fn operation(layers: &[Layer], at: usize, input: Shape) -> (Operation, usize) {
    let relu = at + 1 < layers.len() && matches!(layers[at + 1], Layer::Relu);
    match layers[at] {
        Layer::Conv2d(conv) => {
            let next = at + 1 + relu as usize;
            let pool = next < layers.len() && is_fusible_pool(&layers[next]);
            let count = 1 + relu as usize + pool as usize;
            (Operation::Conv2d { conv, relu, pool }, count)
        }
        Layer::Linear(_) => (Operation::Linear { relu }, 1 + relu as usize),
        Layer::Relu => (Operation::Relu, 1),
        Layer::MaxPool2d(pool) => (Operation::MaxPool2d(pool), 1),
        Layer::AvgPool2d(pool) => (Operation::AvgPool2d(pool), 1),
        Layer::GlobalAvgPool2d => (Operation::AvgPool2d(Pool2d::whole(input)), 1),
        _ => panic!("not planned yet"),
    }
}

const fn is_fusible_pool(layer: &Layer) -> bool {
    match layer {
        Layer::MaxPool2d(pool) => {
            pool.window[0] == 2 && pool.window[1] == 2 && pool.stride[0] == 2 && pool.stride[1] == 2
        }
        _ => false,
    }
}

const fn first_trained(plan: &Plan) -> usize {
    let mut index = 0;
    while index < plan.len && plan.steps[index].parameters.len == 0 {
        index += 1;
    }
    index
}

/// Outputs lie at the two ends of the arena in turn, so that a step's input and output never
/// overlap and the arena is as long as the largest pair of neighbours.
const fn lay_out_inference(plan: &mut Plan) {
    let mut before = 0;
    let mut index = 0;
    while index < plan.len {
        let len = plan.steps[index].output.elements();
        plan.inference_packets = larger(plan.inference_packets, before + len);
        before = len;
        index += 1;
    }
    index = 0;
    while index < plan.len {
        let len = plan.steps[index].output.elements();
        plan.steps[index].inference = end_region(plan.inference_packets, len, index);
        index += 1;
    }
}

/// Activations (the input, then every step's output), then the gradients of two neighbouring
/// outputs at the two ends of their region, then scratch.
const fn lay_out_training(plan: &mut Plan) {
    plan.activation_packets = plan.input.elements();
    let mut index = 0;
    while index < plan.len {
        let len = plan.steps[index].output.elements();
        plan.steps[index].activation = Region {
            at: plan.activation_packets,
            len,
        };
        plan.activation_packets += len;
        if index >= plan.first_trained {
            lay_out_backward(plan, index);
        }
        index += 1;
    }
    // The loss leaves the logits' gradient even where no step is trained by it.
    let last = plan.len - 1;
    index = smaller(plan.first_trained, last);
    plan.gradient_packets = larger(plan.gradient_packets, plan.steps[last].output.elements());
    while index < plan.len {
        let len = plan.steps[index].output.elements();
        plan.steps[index].gradient = end_region(plan.gradient_packets, len, index);
        index += 1;
    }
}

/// Makes room for the backward pass of step `index`.
const fn lay_out_backward(plan: &mut Plan, index: usize) {
    let step = &mut plan.steps[index];
    let len = step.output.elements();
    let input_gradient = index > plan.first_trained;
    let below = if input_gradient {
        step.input.elements()
    } else {
        0
    };
    plan.gradient_packets = larger(plan.gradient_packets, len + below);
    step.scratch = scratch_packets(step, input_gradient);
    plan.scratch_packets = larger(plan.scratch_packets, step.scratch);
    if step.has_winners() {
        step.winners = Region {
            at: plan.winner_bytes,
            len,
        };
        plan.winner_bytes += len;
    }
    step.group = Region {
        at: plan.group_values,
        len: group_values(step),
    };
    plan.group_values += step.group.len;
}

/// A convolution accumulates the kernels of a block of filters; behind a pool it spreads the
/// pooled gradient over a row of windows of the block at the same time. Afterwards, where the
/// input's gradient is wanted, it spreads all of the pooled gradient.
const fn scratch_packets(step: &Step, input_gradient: bool) -> usize {
    let Operation::Conv2d { conv, pool, .. } = step.operation else {
        return 0;
    };
    let filters = step.inner.channels as usize;
    let group = filters / conv.groups as usize;
    let taps = step.weights() / filters;
    let [height, width] = step.pooled_extent();
    if !pool {
        return smaller(FILTER_BLOCK, group) * (taps + 1);
    }
    let row = if splits_windows(&conv) {
        let pair = smaller(FILTER_PAIR, group) * (taps + 1 + width);
        // One filter at a time keeps six chosen inputs of each window.
        larger(pair, taps + 1 + width + 3 * width)
    } else {
        smaller(FILTER_BLOCK, group) * (taps + 1 + 2 * width)
    };
    if input_gradient {
        larger(row, filters * height * width)
    } else {
        row
    }
}

/// Whether a pool's gradient is kept as the two rows of its windows, not spread over the four
/// values: the case of `PooledParameterGradient`.
const fn splits_windows(conv: &Conv2d) -> bool {
    matches!(
        conv,
        Conv2d {
            kernel: [3, 3],
            stride: [1, 1],
            padding: Padding::NONE,
            ..
        }
    )
}

const fn group_values(step: &Step) -> usize {
    match step.operation {
        Operation::Conv2d { .. } => step.parameters.len,
        Operation::Linear { .. } => GROUP * (step.input.elements() + step.output.elements()),
        _ => 0,
    }
}

/// The start of a region of `total` packets for even steps, its end for odd ones.
const fn end_region(total: usize, len: usize, index: usize) -> Region {
    let at = if index.is_multiple_of(2) {
        0
    } else {
        total - len
    };
    Region { at, len }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

const fn smaller(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}
