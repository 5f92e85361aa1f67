//! A whole network out of core's naive kernels, one layer and one sample at a time: no fusion, no
//! plan, no lanes. It defines what the fast passes must give, to the bit.

use kiln_core::reference::{
    Activation, ConvGeometry, PoolGeometry, activation, conv2d, linear, loss, pool,
};
use kiln_core::{GROUP, Layer, Network, Pool2d, Shape};
use std::ops::Range;

/// What a batch gives.
pub struct Batch {
    /// samples x classes
    pub logits: Vec<f32>,
    /// One loss per sample.
    pub losses: Vec<f32>,
    /// Gradient of the mean loss, in parameter order.
    pub gradient: Vec<f32>,
    /// Gradient of the mean loss by the images' values.
    pub image_gradient: Vec<f32>,
}

/// Logits, losses and gradient of a batch, by the numeric contract.
pub fn batch(network: &Network, parameters: &[f32], images: &[f32], labels: &[u16]) -> Batch {
    let mean = 1.0 / labels.len() as f32;
    let mut result = Batch {
        logits: vec![],
        losses: vec![],
        gradient: vec![0.0; parameters.len()],
        image_gradient: vec![],
    };
    let elements = network.input_shape().elements();
    for (group, labels) in labels.chunks(GROUP).enumerate() {
        let mut sum = vec![0.0; parameters.len()];
        for (index, label) in labels.iter().enumerate() {
            let image = &images[(group * GROUP + index) * elements..][..elements];
            let trace = forward(network, parameters, image);
            let mut gradient = trace.last().unwrap().output.clone();
            result.logits.extend(&gradient);
            let loss = loss::softmax_cross_entropy(&mut gradient, usize::from(*label), mean);
            result.losses.push(loss);
            let (own, below) = backward(network, parameters, image, &trace, gradient);
            add(&mut sum, &own);
            result.image_gradient.extend(below);
        }
        add(&mut result.gradient, &sum);
    }
    result
}

/// The logits of one sample.
pub fn logits(network: &Network, parameters: &[f32], image: &[f32]) -> Vec<f32> {
    forward(network, parameters, image).pop().unwrap().output
}

struct Trace {
    input: Shape,
    shape: Shape,
    parameters: Range<usize>,
    output: Vec<f32>,
    winners: Vec<u8>,
}

fn forward(network: &Network, parameters: &[f32], image: &[f32]) -> Vec<Trace> {
    let mut traces: Vec<Trace> = vec![];
    let mut at = 0;
    for (index, layer) in network.layers().iter().enumerate() {
        let input = traces
            .last()
            .map_or(network.input_shape(), |trace| trace.shape);
        let len = network.layer_cost(index).parameters as usize;
        let mut trace = Trace {
            input,
            shape: network.output_shape(index),
            parameters: at..at + len,
            output: vec![],
            winners: vec![],
        };
        at += len;
        trace.output = vec![0.0; trace.shape.elements()];
        let values = traces.last().map_or(image, |trace| &trace.output);
        layer_forward(layer, &mut trace, parameters, values);
        traces.push(trace);
    }
    traces
}

fn layer_forward(layer: &Layer, trace: &mut Trace, parameters: &[f32], input: &[f32]) {
    let biases = trace.parameters.len().min(trace.shape.channels as usize);
    let (weights, bias) =
        parameters[trace.parameters.clone()].split_at(trace.parameters.len() - biases);
    let output = &mut trace.output;
    match layer {
        Layer::Conv2d(conv) => {
            let geometry = ConvGeometry::new(conv, trace.input, trace.shape);
            conv2d::forward(&geometry, input, weights, bias, output);
        }
        Layer::Linear(_) => linear::forward(input, weights, bias, output),
        Layer::Relu => activation::forward(Activation::Relu, input, output),
        Layer::MaxPool2d(options) => {
            let geometry = PoolGeometry::new(options, trace.input, trace.shape);
            trace.winners = vec![0; output.len()];
            pool::max_forward(&geometry, input, output, &mut trace.winners);
        }
        Layer::AvgPool2d(options) => {
            let geometry = PoolGeometry::new(options, trace.input, trace.shape);
            pool::average_forward(&geometry, input, output);
        }
        Layer::GlobalAvgPool2d => {
            let geometry = PoolGeometry::new(&whole(trace.input), trace.input, trace.shape);
            pool::average_forward(&geometry, input, output);
        }
        _ => unimplemented!("a layer the reference does not know"),
    }
}

/// Gradients of the parameters and of the image.
fn backward(
    network: &Network,
    parameters: &[f32],
    image: &[f32],
    traces: &[Trace],
    mut gradient: Vec<f32>,
) -> (Vec<f32>, Vec<f32>) {
    let mut sums = vec![0.0; parameters.len()];
    for (index, layer) in network.layers().iter().enumerate().rev() {
        let trace = &traces[index];
        let input = match index {
            0 => image,
            _ => &traces[index - 1].output,
        };
        let mut below = vec![0.0; input.len()];
        let own = &mut sums[trace.parameters.clone()];
        let (d_weights, d_bias) =
            own.split_at_mut(own.len() - own.len().min(trace.shape.channels as usize));
        let weights = &parameters[trace.parameters.clone()][..d_weights.len()];
        match layer {
            Layer::Conv2d(conv) => {
                let geometry = ConvGeometry::new(conv, trace.input, trace.shape);
                conv2d::parameter_gradient(&geometry, input, &gradient, d_weights, d_bias);
                conv2d::input_gradient(&geometry, weights, &gradient, &mut below);
            }
            Layer::Linear(_) => {
                linear::parameter_gradient(input, &gradient, d_weights, d_bias);
                linear::input_gradient(weights, &gradient, &mut below);
            }
            Layer::Relu => {
                activation::gradient(Activation::Relu, &trace.output, &gradient, &mut below)
            }
            Layer::MaxPool2d(options) => {
                let geometry = PoolGeometry::new(options, trace.input, trace.shape);
                pool::max_gradient(&geometry, &gradient, &trace.winners, &mut below);
            }
            Layer::AvgPool2d(options) => {
                let geometry = PoolGeometry::new(options, trace.input, trace.shape);
                pool::average_gradient(&geometry, &gradient, &mut below);
            }
            Layer::GlobalAvgPool2d => {
                let geometry = PoolGeometry::new(&whole(trace.input), trace.input, trace.shape);
                pool::average_gradient(&geometry, &gradient, &mut below);
            }
            _ => unimplemented!("a layer the reference does not know"),
        }
        gradient = below;
    }
    (sums, gradient)
}

fn whole(input: Shape) -> Pool2d {
    Pool2d::whole(input)
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
