//! A network walked naively: node by node, sample by sample, by the reference kernels, with nothing
//! fused, planned or written over. It knows the numeric contract and no program.

extern crate std;

use crate::ops::activation::{Activation, reference as activation};
use crate::ops::batch_norm::reference::{self as batch_norm, Moments, RunningStatistics};
use crate::ops::{add, conv2d, linear, loss, pool, scale_shift};
use crate::{BatchNorm, GROUP, Layer, Network, Outcome, Pool2d, Sgd, Shape};
use std::vec;
use std::vec::Vec;

/// A value of each sample.
type Values = Vec<Vec<f32>>;

/// A step of training, and what it is made of.
pub struct Walk<'a> {
    network: &'a Network,
    parameters: &'a [f32],
    /// Of each node: its values.
    values: Vec<Values>,
    /// Of each max pool, and of each sample, its windows' winners.
    winners: Vec<Vec<Vec<u8>>>,
    /// Of each batch normalisation: what it normalises by.
    norms: Vec<Option<Norm>>,
    /// Of each value, from the input on: its gradient.
    gradients: Vec<Option<Values>>,
    pub gradient: Vec<f32>,
}

#[derive(Clone)]
struct Norm {
    count: usize,
    mean: Vec<f32>,
    inverse: Vec<f32>,
    squares: Vec<f32>,
}

impl<'a> Walk<'a> {
    /// All values of a batch, normalised by its own statistics.
    pub fn forward(network: &'a Network, parameters: &'a [f32], images: Values) -> Self {
        let nodes = network.layers().len();
        let mut walk = Self {
            network,
            parameters,
            values: vec![images],
            winners: vec![vec![]; nodes],
            norms: vec![None; nodes],
            gradients: vec![None; nodes + 1],
            gradient: vec![0.0; network.parameters()],
        };
        for index in 0..nodes {
            if let Layer::BatchNorm(norm) = network.layers()[index] {
                walk.norms[index] = Some(walk.statistics(index, norm));
            }
            let samples = 0..walk.values[0].len();
            let outputs = samples.map(|sample| walk.node_forward(index, sample));
            let outputs: Vec<(Vec<f32>, Vec<u8>)> = outputs.collect();
            let (values, winners) = outputs.into_iter().unzip();
            walk.values.push(values);
            walk.winners[index] = winners;
        }
        walk
    }

    /// What the network gives for each sample.
    pub fn outputs(&self) -> &[Vec<f32>] {
        &self.values[self.network.layers().len()]
    }

    /// The loss of the batch, and every gradient.
    pub fn differentiate(&mut self, labels: &[u16]) -> Outcome {
        let mean = 1.0 / labels.len() as f32;
        let mut logits = self.outputs().to_vec();
        let mut outcome = Outcome::default();
        for (logits, labels) in logits.chunks_mut(GROUP).zip(labels.chunks(GROUP)) {
            let mut own = Outcome::default();
            for (logits, label) in logits.iter_mut().map(Vec::as_mut_slice).zip(labels) {
                let label = usize::from(*label);
                own.samples += 1;
                own.correct += usize::from(loss::reference::highest_class(logits) == label);
                let loss = loss::reference::softmax_cross_entropy(logits, label, mean);
                own.loss_sum += f64::from(loss);
            }
            outcome += own;
        }
        let nodes = self.network.layers().len();
        self.gradients[nodes] = Some(logits);
        for index in (0..nodes).rev() {
            self.node_backward(index);
        }
        outcome
    }

    /// Takes the batch into the running statistics.
    pub fn update_statistics(&self, statistics: &mut [f32]) {
        let mut rest = statistics;
        for (layer, norm) in self.network.layers().iter().zip(&self.norms) {
            let (Layer::BatchNorm(options), Some(norm)) = (layer, norm) else {
                continue;
            };
            let (mean, behind) = rest.split_at_mut(norm.mean.len());
            let (variance, behind) = behind.split_at_mut(norm.mean.len());
            rest = behind;
            let batch = Moments {
                count: norm.count,
                mean: &*norm.mean,
                squares: &*norm.squares,
            };
            RunningStatistics { mean, variance }.update(&batch, options.momentum);
        }
    }

    /// Number of the value that node `index` reads, its shape and that of what it gives.
    fn shapes(&self, index: usize) -> (usize, Shape, Shape) {
        let read = self.network.inputs()[index][0].number();
        let input = self.network.input_shape_of(index);
        (read, input, self.network.output_shape(index))
    }

    /// Where the node's weights begin among all parameters, and how many there are, and biases.
    fn places(&self, index: usize) -> [usize; 3] {
        let count = |node| {
            let (_, input, _) = self.shapes(node);
            let (weights, biases) = self.network.layers()[node].parameters(input);
            [weights as usize, biases as usize]
        };
        let start = (0..index)
            .map(|node| count(node).iter().sum::<usize>())
            .sum();
        let [weights, biases] = count(index);
        [start, weights, biases]
    }

    fn tensors(&self, index: usize) -> [&'a [f32]; 2] {
        let [start, weights, biases] = self.places(index);
        let own = &self.parameters[start..][..weights + biases];
        [&own[..weights], &own[weights..]]
    }

    /// The whole batch's statistics of what the node reads: each group's, combined in order.
    fn statistics(&self, index: usize, options: BatchNorm) -> Norm {
        let (read, input, _) = self.shapes(index);
        let channels = input.channels as usize;
        let (mut mean, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
        let mut total = Moments {
            count: 0,
            mean: mean.as_mut_slice(),
            squares: squares.as_mut_slice(),
        };
        for group in self.values[read].chunks(GROUP) {
            let (mut mean, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
            let map = input.map_elements();
            let count = batch_norm::group_moments(&group.concat(), map, &mut mean, &mut squares);
            let own = Moments {
                count,
                mean: mean.as_slice(),
                squares: squares.as_slice(),
            };
            batch_norm::combine(&mut total, &own);
        }
        let count = total.count;
        let batch = Moments {
            count,
            mean: mean.as_slice(),
            squares: squares.as_slice(),
        };
        let mut inverse = vec![0.0; channels];
        batch_norm::inverse(&batch, options.epsilon, &mut inverse);
        Norm {
            count,
            mean,
            inverse,
            squares,
        }
    }

    fn node_forward(&self, index: usize, sample: usize) -> (Vec<f32>, Vec<u8>) {
        let (read, shape, output_shape) = self.shapes(index);
        let input = &self.values[read][sample];
        let [weights, bias] = self.tensors(index);
        let mut output = vec![0.0; output_shape.elements()];
        let mut winners = vec![];
        let map = shape.map_elements();
        match self.network.layers()[index] {
            Layer::Conv2d(conv) => {
                let geometry = conv2d::Geometry::new(&conv, shape, output_shape);
                conv2d::reference::forward(&geometry, input, weights, bias, &mut output);
            }
            Layer::Linear(_) => linear::reference::forward(input, weights, bias, &mut output),
            Layer::Relu => activation::forward(Activation::Relu, input, &mut output),
            Layer::Relu6 => activation::forward(Activation::Relu6, input, &mut output),
            Layer::MaxPool2d(options) => {
                winners = vec![0; output.len()];
                let geometry = pool::Geometry::new(&options, shape, output_shape);
                pool::reference::max_forward(&geometry, input, &mut output, &mut winners);
            }
            Layer::AvgPool2d(_) | Layer::GlobalAvgPool2d => {
                let geometry = self.average(index);
                pool::reference::average_forward(&geometry, input, &mut output);
            }
            Layer::Add => {
                let other = self.network.inputs()[index][1].number();
                let inputs = [&**input, &*self.values[other][sample]];
                add::reference::forward(Activation::Identity, inputs, &mut output);
            }
            Layer::ScaleShift => {
                let tensors = [weights, bias];
                let identity = Activation::Identity;
                scale_shift::reference::forward(identity, map, input, tensors, &mut output);
            }
            Layer::BatchNorm(_) => {
                let (by, tensors) = (self.normalised_by(index), [weights, bias]);
                batch_norm::forward(Activation::Identity, &by, input, tensors, &mut output);
            }
            layer => panic!("{layer} is not walked"),
        }
        (output, winners)
    }

    fn average(&self, index: usize) -> pool::Geometry {
        let (_, input, output) = self.shapes(index);
        let options = match self.network.layers()[index] {
            Layer::AvgPool2d(options) => options,
            _ => Pool2d::whole(input),
        };
        pool::Geometry::new(&options, input, output)
    }

    fn normalised_by(&self, index: usize) -> batch_norm::Statistics<'_> {
        let norm = self.norms[index].as_ref().unwrap();
        batch_norm::Statistics {
            map: self.shapes(index).1.map_elements(),
            mean: &norm.mean,
            inverse: &norm.inverse,
        }
    }

    /// The gradient of the node's parameters, group by group, then of what it reads.
    fn node_backward(&mut self, index: usize) {
        // Of a value that is read, every reader has left its part by now.
        let d_outputs = self.gradients[index + 1].take().unwrap();
        let [start, weights, biases] = self.places(index);
        let mut total = vec![0.0; weights + biases];
        for first in (0..d_outputs.len()).step_by(GROUP) {
            let mut group = vec![0.0; weights + biases];
            for sample in first..d_outputs.len().min(first + GROUP) {
                let (d_weights, d_bias) = group.split_at_mut(weights);
                self.add_parameters(index, sample, &d_outputs[sample], [d_weights, d_bias]);
            }
            add::reference::accumulate(&mut total, &group);
        }
        self.gradient[start..][..total.len()].copy_from_slice(&total);
        let d_inputs = |walk: &Self| -> Values {
            let samples = d_outputs.iter().enumerate();
            samples
                .map(|(sample, d)| walk.input_gradient(index, sample, d))
                .collect()
        };
        let [first, second] = self.network.inputs()[index].map(|value| value.number());
        let d_inputs = d_inputs(self);
        // Backward, later readers come first; what was left is added behind this one's.
        if let Layer::Add = self.network.layers()[index] {
            self.leave(second, d_inputs.clone());
        }
        self.leave(first, d_inputs);
    }

    /// Puts a reader's part of a value's gradient before those of the readers behind it. Kept apart
    /// until the value's own node takes them, since sums run from the first reader on.
    fn leave(&mut self, value: usize, mut parts: Values) {
        if let Some(later) = self.gradients[value].take() {
            for (part, later) in parts.iter_mut().zip(later) {
                part.extend(later);
            }
        }
        self.gradients[value] = Some(parts);
        let elements = match value {
            0 => self.network.input_shape().elements(),
            _ => self.network.output_shape(value - 1).elements(),
        };
        self.sum_if_complete(value, elements);
    }

    /// Adds the parts of a value's gradient up where all its readers have left theirs.
    fn sum_if_complete(&mut self, value: usize, elements: usize) {
        let layers = self.network.layers().iter().zip(self.network.inputs());
        let readers: usize = layers
            .map(|(layer, inputs)| {
                let reads = if let Layer::Add = layer { 2 } else { 1 };
                let inputs = &inputs[..reads];
                inputs.iter().filter(|read| read.number() == value).count()
            })
            .sum();
        let parts = self.gradients[value].as_mut().unwrap();
        for parts in parts
            .iter_mut()
            .filter(|parts| parts.len() == readers * elements)
        {
            let (sum, others) = parts.split_at_mut(elements);
            for other in others.chunks(elements) {
                add::reference::accumulate(sum, other);
            }
            parts.truncate(elements);
        }
    }

    /// Adds a sample's gradient of the node's parameters to its group's.
    fn add_parameters(
        &self,
        index: usize,
        sample: usize,
        d_output: &[f32],
        [d_weights, d_bias]: [&mut [f32]; 2],
    ) {
        let (read, shape, output_shape) = self.shapes(index);
        let input = &self.values[read][sample];
        let mut own = [vec![0.0; d_weights.len()], vec![0.0; d_bias.len()]];
        let [weights, bias] = &mut own;
        match self.network.layers()[index] {
            Layer::Conv2d(conv) => {
                let geometry = conv2d::Geometry::new(&conv, shape, output_shape);
                conv2d::reference::parameter_gradient(&geometry, input, d_output, weights, bias);
            }
            Layer::Linear(_) => {
                linear::reference::parameter_gradient(input, d_output, weights, bias);
            }
            Layer::ScaleShift => {
                let (map, tensors) = (shape.map_elements(), [d_weights, d_bias]);
                return scale_shift::reference::parameter_gradient(map, input, d_output, tensors);
            }
            Layer::BatchNorm(_) => {
                let (by, tensors) = (self.normalised_by(index), [d_weights, d_bias]);
                return batch_norm::parameter_gradient(&by, input, d_output, tensors);
            }
            _ => return,
        }
        add::reference::accumulate(d_weights, weights);
        add::reference::accumulate(d_bias, bias);
    }

    /// A sample's gradient of what the node reads.
    fn input_gradient(&self, index: usize, sample: usize, d_output: &[f32]) -> Vec<f32> {
        let (read, shape, output_shape) = self.shapes(index);
        let input = &self.values[read][sample];
        let output = &self.values[index + 1][sample];
        let [weights, _] = self.tensors(index);
        let mut d_input = vec![0.0; shape.elements()];
        match self.network.layers()[index] {
            Layer::Conv2d(conv) => {
                let geometry = conv2d::Geometry::new(&conv, shape, output_shape);
                conv2d::reference::input_gradient(&geometry, weights, d_output, &mut d_input);
            }
            Layer::Linear(_) => {
                linear::reference::input_gradient(weights, d_output, &mut d_input);
            }
            Layer::Relu => {
                activation::gradient(Activation::Relu, output, d_output, &mut d_input);
            }
            Layer::Relu6 => {
                activation::gradient(Activation::Relu6, output, d_output, &mut d_input);
            }
            Layer::MaxPool2d(options) => {
                let geometry = pool::Geometry::new(&options, shape, output_shape);
                let winners = &self.winners[index][sample];
                pool::reference::max_gradient(&geometry, d_output, winners, &mut d_input);
            }
            Layer::AvgPool2d(_) | Layer::GlobalAvgPool2d => {
                pool::reference::average_gradient(&self.average(index), d_output, &mut d_input);
            }
            Layer::ScaleShift => {
                let map = shape.map_elements();
                scale_shift::reference::input_gradient(map, d_output, weights, &mut d_input);
            }
            Layer::BatchNorm(_) => {
                let [start, channels, _] = self.places(index);
                let sums = &self.gradient[start..][..2 * channels];
                let (by, sums) = (self.normalised_by(index), sums.split_at(channels));
                let count = self.norms[index].as_ref().unwrap().count;
                let sums = [sums.0, sums.1];
                batch_norm::input_gradient(
                    &by,
                    count,
                    weights,
                    sums,
                    input,
                    d_output,
                    &mut d_input,
                );
            }
            _ => d_input.copy_from_slice(d_output),
        }
        d_input
    }
}

/// Gradient descent as it is written: `g += decay * w`; `v = momentum * v + g`; `w -= rate * v`.
pub fn descend(sgd: &Sgd, parameters: &mut [f32], gradient: &[f32], velocity: &mut [f32]) {
    for (index, weight) in parameters.iter_mut().enumerate() {
        let slope = gradient[index] + sgd.weight_decay * *weight;
        velocity[index] = sgd.momentum * velocity[index] + slope;
        *weight -= sgd.rate * velocity[index];
    }
}
