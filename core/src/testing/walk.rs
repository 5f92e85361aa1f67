//! A network walked naively: node by node, sample by sample, by the reference kernels, with nothing
//! fused, planned or written over. It knows the numeric contract and no program.

extern crate std;

mod backward;

use crate::int8::reference::rounded;
use crate::ops::activation::{Activation, reference as activation};
use crate::ops::batch_norm::reference::{self as batch_norm, Moments, RunningStatistics};
use crate::ops::{add, conv2d, linear, pool, scale_shift};
use crate::{BatchNorm, GROUP, Layer, Network, Pool2d, Quantization, Sgd, Shape};
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
    /// Of each value, from the input on: whether the gradient passes each of its numbers; empty where
    /// they are not rounded.
    passes: Vec<Vec<Vec<bool>>>,
    pub gradient: Vec<f32>,
}

/// Of each value, from the input on: what it is rounded to, if it is, and from where on the activation
/// before that is flat.
pub type Rounding = [Option<(Quantization, f32)>];

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
        Self::visit(network, parameters, images, &[], Self::statistics)
    }

    /// All values of a batch, some rounded to the numbers of their codes.
    pub fn quantized(
        network: &'a Network,
        parameters: &'a [f32],
        images: Values,
        rounding: &Rounding,
    ) -> Self {
        Self::visit(network, parameters, images, rounding, Self::statistics)
    }

    /// All values of samples, normalised by running statistics, and nothing dropped.
    pub fn evaluate(
        network: &'a Network,
        parameters: &'a [f32],
        statistics: &[f32],
        images: Values,
    ) -> Self {
        let mut rest = statistics;
        Self::visit(network, parameters, images, &[], |walk, index, options| {
            let channels = walk.shapes(index).1.channels as usize;
            let (own, behind) = rest.split_at(2 * channels);
            rest = behind;
            let (mean, variance) = own.split_at(channels);
            let deviation = |variance: &f32| libm::sqrtf(variance + options.epsilon);
            Norm {
                count: 0,
                mean: mean.to_vec(),
                inverse: variance.iter().map(|own| 1.0 / deviation(own)).collect(),
                squares: vec![],
            }
        })
    }

    fn visit(
        network: &'a Network,
        parameters: &'a [f32],
        images: Values,
        rounding: &Rounding,
        mut norm: impl FnMut(&Self, usize, BatchNorm) -> Norm,
    ) -> Self {
        let nodes = network.layers().len();
        let mut walk = Self {
            network,
            parameters,
            values: vec![images],
            winners: vec![vec![]; nodes],
            norms: vec![None; nodes],
            gradients: vec![None; nodes + 1],
            passes: vec![vec![]; nodes + 1],
            gradient: vec![0.0; network.parameters()],
        };
        walk.round(0, rounding);
        for index in 0..nodes {
            if let Layer::BatchNorm(options) = network.layers()[index] {
                walk.norms[index] = Some(norm(&walk, index, options));
            }
            let samples = 0..walk.values[0].len();
            let outputs = samples.map(|sample| walk.node_forward(index, sample));
            let outputs: Vec<(Vec<f32>, Vec<u8>)> = outputs.collect();
            let (values, winners) = outputs.into_iter().unzip();
            walk.values.push(values);
            walk.winners[index] = winners;
            walk.round(index + 1, rounding);
        }
        walk
    }

    fn round(&mut self, value: usize, rounding: &Rounding) {
        let Some((own, ceiling)) = rounding.get(value).copied().flatten() else {
            return;
        };
        for numbers in &mut self.values[value] {
            let rounded = numbers.iter().map(|number| rounded(&own, ceiling, *number));
            let (rounded, passes) = rounded.unzip();
            *numbers = rounded;
            self.passes[value].push(passes);
        }
    }

    /// What the network gives for each sample.
    pub fn outputs(&self) -> &[Vec<f32>] {
        &self.values[self.network.layers().len()]
    }

    /// The largest magnitude of all values.
    pub fn largest(&self) -> f32 {
        let all = self.values.iter().flatten().flatten();
        all.fold(0.0, |most, value| most.max(value.abs()))
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
                let geometry = conv2d::ConvGeometry::new(&conv, shape, output_shape);
                conv2d::reference::forward(&geometry, input, weights, bias, &mut output);
            }
            Layer::Linear(_) => linear::reference::forward(input, weights, bias, &mut output),
            Layer::Relu => activation::forward(Activation::Relu, input, &mut output),
            Layer::Relu6 => activation::forward(Activation::Relu6, input, &mut output),
            Layer::MaxPool2d(options) => {
                winners = vec![0; output.len()];
                let geometry = pool::PoolGeometry::new(&options, shape, output_shape);
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
            Layer::Dropout(_) => output.copy_from_slice(input),
        }
        (output, winners)
    }

    fn average(&self, index: usize) -> pool::PoolGeometry {
        let (_, input, output) = self.shapes(index);
        let options = match self.network.layers()[index] {
            Layer::AvgPool2d(options) => options,
            _ => Pool2d::whole(input),
        };
        pool::PoolGeometry::new(&options, input, output)
    }

    fn normalised_by(&self, index: usize) -> batch_norm::Statistics<'_> {
        let norm = self.norms[index].as_ref().unwrap();
        batch_norm::Statistics {
            map: self.shapes(index).1.map_elements(),
            mean: &norm.mean,
            inverse: &norm.inverse,
        }
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
