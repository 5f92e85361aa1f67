//! One node for one sample.

use kiln_core::reference::{
    Activation, ConvGeometry, PoolGeometry, activation, add, conv2d, dropout, linear, pool,
    scale_shift,
};
use kiln_core::{Layer, Network, Pool2d, Shape, dropout_key};
use std::ops::Range;

/// A layer with what it reads and where its tensors lie.
pub(super) struct Node {
    /// Counted from 0.
    index: usize,
    pub layer: Layer,
    /// Numbers of the values.
    pub inputs: [usize; 2],
    pub input: Shape,
    pub output: Shape,
    weights: Range<usize>,
    biases: Range<usize>,
}

/// The nodes of a network, in order.
pub(super) fn nodes(network: &Network) -> Vec<Node> {
    let mut at = 0;
    let layers = network.layers().iter().zip(network.inputs()).enumerate();
    let nodes = layers.map(|(index, (layer, inputs))| {
        let input = network.input_shape_of(index);
        let (weights, biases) = layer.parameters(input);
        let weights = at..at + weights as usize;
        let biases = weights.end..weights.end + biases as usize;
        at = biases.end;
        Node {
            index,
            layer: *layer,
            inputs: inputs.map(|value| value.number()),
            input,
            output: network.output_shape(index),
            weights,
            biases,
        }
    });
    nodes.collect()
}

/// By the index of a node: what a dropout multiplies the values of all samples by in a step of
/// training; nothing for other nodes.
pub(super) fn masks(network: &Network, samples: usize, seed: [u64; 2]) -> Vec<Vec<f32>> {
    let masks = nodes(network).into_iter().map(|node| match node.layer {
        Layer::Dropout(options) => {
            let mut mask = vec![1.0; samples * node.output.elements()];
            let parts = mask.chunks_exact_mut(node.output.elements());
            for (sample, part) in parts.enumerate() {
                let key = dropout_key(seed[0], seed[1], sample as u64);
                node.drop_values(options.probability, Some(key), part);
            }
            mask
        }
        _ => vec![],
    });
    masks.collect()
}

impl Node {
    /// Where its parameters lie.
    pub fn own(&self) -> Range<usize> {
        self.weights.start..self.biases.end
    }

    /// Its weights and biases.
    pub fn tensors<'p>(&self, parameters: &'p [f32]) -> [&'p [f32]; 2] {
        [
            &parameters[self.weights.clone()],
            &parameters[self.biases.clone()],
        ]
    }

    fn conv(&self, conv: &kiln_core::Conv2d) -> ConvGeometry {
        ConvGeometry::new(conv, self.input, self.output)
    }

    fn pool(&self, pool: &Pool2d) -> PoolGeometry {
        PoolGeometry::new(pool, self.input, self.output)
    }

    /// Drops values of one sample, or gradients of them; none where there is no key.
    fn drop_values(&self, probability: f32, key: Option<u64>, values: &mut [f32]) {
        if let Some(key) = key {
            dropout::dropout(probability, dropout::mix(key, self.index as u64), values);
        }
    }

    /// The output of one sample; a max pool adds its winners to those of the samples before. The
    /// sample's key is what dropout draws from, in training.
    pub fn forward(
        &self,
        [weights, bias]: [&[f32]; 2],
        inputs: [&[f32]; 2],
        winners: &mut Vec<u8>,
        key: Option<u64>,
    ) -> Vec<f32> {
        let mut output = vec![0.0; self.output.elements()];
        let (input, out) = (inputs[0], &mut output[..]);
        match &self.layer {
            Layer::Conv2d(conv) => conv2d::forward(&self.conv(conv), input, weights, bias, out),
            Layer::Linear(_) => linear::forward(input, weights, bias, out),
            Layer::Relu => activation::forward(Activation::Relu, input, out),
            Layer::Relu6 => activation::forward(Activation::Relu6, input, out),
            Layer::Add => add::forward(Activation::Identity, inputs, out),
            Layer::Dropout(options) => {
                out.copy_from_slice(input);
                self.drop_values(options.probability, key, out);
            }
            Layer::ScaleShift => {
                let map = self.input.map_elements();
                scale_shift::forward(Activation::Identity, map, input, [weights, bias], out);
            }
            Layer::MaxPool2d(options) => {
                let first = winners.len();
                winners.resize(first + out.len(), 0);
                pool::max_forward(&self.pool(options), input, out, &mut winners[first..]);
            }
            Layer::AvgPool2d(options) => pool::average_forward(&self.pool(options), input, out),
            Layer::GlobalAvgPool2d => {
                let geometry = self.pool(&Pool2d::whole(self.input));
                pool::average_forward(&geometry, input, out);
            }
            other => panic!("the naive walk does not know {other}"),
        }
        output
    }

    /// One sample's gradient of weights, then biases.
    pub fn parameter_gradient(&self, input: &[f32], d_output: &[f32]) -> Vec<f32> {
        let mut own = vec![0.0; self.own().len()];
        let (d_weights, d_bias) = own.split_at_mut(self.weights.len());
        match &self.layer {
            Layer::Conv2d(conv) => {
                let geometry = self.conv(conv);
                conv2d::parameter_gradient(&geometry, input, d_output, d_weights, d_bias);
            }
            Layer::Linear(_) => linear::parameter_gradient(input, d_output, d_weights, d_bias),
            Layer::ScaleShift => {
                let map = self.input.map_elements();
                scale_shift::parameter_gradient(map, input, d_output, [d_weights, d_bias]);
            }
            _ => assert!(
                own.is_empty(),
                "the naive walk does not know {}",
                self.layer
            ),
        }
        own
    }

    /// One sample's gradient of what it reads; of both inputs, if it is an addition.
    pub fn input_gradient(
        &self,
        weights: &[f32],
        winners: &[u8],
        output: &[f32],
        d_output: &[f32],
        key: Option<u64>,
    ) -> Vec<f32> {
        let mut d_input = vec![0.0; self.input.elements()];
        let d = &mut d_input[..];
        match &self.layer {
            Layer::Conv2d(conv) => conv2d::input_gradient(&self.conv(conv), weights, d_output, d),
            Layer::Linear(_) => linear::input_gradient(weights, d_output, d),
            Layer::Relu => activation::gradient(Activation::Relu, output, d_output, d),
            Layer::Relu6 => activation::gradient(Activation::Relu6, output, d_output, d),
            Layer::Add => d.copy_from_slice(d_output),
            Layer::Dropout(options) => {
                d.copy_from_slice(d_output);
                self.drop_values(options.probability, key, d);
            }
            Layer::ScaleShift => {
                scale_shift::input_gradient(self.input.map_elements(), d_output, weights, d);
            }
            Layer::MaxPool2d(options) => {
                pool::max_gradient(&self.pool(options), d_output, winners, d);
            }
            Layer::AvgPool2d(options) => pool::average_gradient(&self.pool(options), d_output, d),
            Layer::GlobalAvgPool2d => {
                let geometry = self.pool(&Pool2d::whole(self.input));
                pool::average_gradient(&geometry, d_output, d);
            }
            other => panic!("the naive walk does not know {other}"),
        }
        d_input
    }
}
