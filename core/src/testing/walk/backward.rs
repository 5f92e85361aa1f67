//! The way back: the loss, the gradients of values, and those of parameters, group by group.

extern crate std;

use super::{Values, Walk};
use crate::ops::activation::{Activation, reference as activation};
use crate::ops::batch_norm::reference as batch_norm;
use crate::ops::{add, conv2d, linear, loss, pool, scale_shift};
use crate::{GROUP, Layer, Outcome};
use std::vec;
use std::vec::Vec;

impl Walk<'_> {
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

    /// The gradient of the node's parameters, group by group, then of what it reads.
    fn node_backward(&mut self, index: usize) {
        // Of a value that is read, every reader has left its part by now.
        let mut d_outputs = self.gradients[index + 1].take().unwrap();
        for (d_output, passes) in d_outputs.iter_mut().zip(&self.passes[index + 1]) {
            for (d, passes) in d_output.iter_mut().zip(passes) {
                *d = if *passes { *d } else { 0.0 };
            }
        }
        let [start, weights, biases] = self.places(index);
        let mut total = vec![0.0; weights + biases];
        for (number, d_outputs) in d_outputs.chunks(GROUP).enumerate() {
            let mut group = vec![0.0; weights + biases];
            for (sample, d_output) in d_outputs.iter().enumerate() {
                let (sample, parts) = (number * GROUP + sample, group.split_at_mut(weights));
                self.add_parameters(index, sample, d_output, [parts.0, parts.1]);
            }
            add::reference::accumulate(&mut total, &group);
        }
        self.gradient[start..][..total.len()].copy_from_slice(&total);
        let samples = d_outputs.iter().enumerate();
        let d_inputs = samples.map(|(sample, d)| self.input_gradient(index, sample, d));
        let d_inputs: Values = d_inputs.collect();
        let [first, second] = self.network.inputs()[index].map(|value| value.number());
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
                let geometry = conv2d::ConvGeometry::new(&conv, shape, output_shape);
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
                let geometry = conv2d::ConvGeometry::new(&conv, shape, output_shape);
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
                let geometry = pool::PoolGeometry::new(&options, shape, output_shape);
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
