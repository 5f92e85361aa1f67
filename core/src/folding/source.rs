//! The values of a trained network, node by node.

use crate::{BatchNorm, Layer, MAX_NODES, Network, Shape};

/// A trained network with its values.
pub(super) struct Source<'a> {
    pub network: &'a Network,
    pub shapes: [Shape; MAX_NODES + 1],
    pub parameters: &'a [f32],
    pub statistics: &'a [f32],
}

impl<'a> Source<'a> {
    pub fn input_shape(&self, index: usize) -> Shape {
        self.shapes[self.network.inputs()[index][0].number()]
    }

    /// Number of weights and biases of a node.
    pub fn lengths(&self, index: usize) -> (usize, usize) {
        let layer = self.network.layers()[index];
        let (weights, biases) = layer.parameters(self.input_shape(index));
        (weights as usize, biases as usize)
    }

    /// Weights and biases of a node.
    pub fn tensors(&self, index: usize) -> (&'a [f32], &'a [f32]) {
        let before = (0..index).map(|node| self.lengths(node));
        let start = before.map(|(weights, biases)| weights + biases).sum();
        let (weights, biases) = self.lengths(index);
        self.parameters[start..][..weights + biases].split_at(weights)
    }

    /// The scale and the shift that a batch normalisation comes to for a channel.
    pub fn line(&self, index: usize, norm: BatchNorm, channel: usize) -> [f64; 2] {
        let norms =
            (0..index).filter(|node| matches!(self.network.layers()[*node], Layer::BatchNorm(_)));
        let start: usize = norms
            .map(|node| 2 * self.shapes[node + 1].channels as usize)
            .sum();
        let channels = self.shapes[index + 1].channels as usize;
        let own = &self.statistics[start..][..2 * channels];
        let [mean, variance] = [own[channel], own[channels + channel]].map(f64::from);
        let (weights, biases) = self.tensors(index);
        let [weight, bias] = [weights[channel], biases[channel]].map(f64::from);
        let scale = weight / libm::sqrt(variance + f64::from(norm.epsilon));
        [scale, bias - mean * scale]
    }

    /// The channel of its input that a weight of a convolution or linear layer is multiplied with.
    pub fn input_channel(&self, index: usize, tap: usize) -> usize {
        let input = self.input_shape(index);
        match self.network.layers()[index] {
            Layer::Conv2d(conv) => {
                let kernel = usize::from(conv.kernel[0]) * usize::from(conv.kernel[1]);
                let groups = usize::from(conv.groups);
                let channels = input.channels as usize / groups;
                let filters = usize::from(conv.filters) / groups;
                let (filter, tap) = (tap / (channels * kernel), tap % (channels * kernel));
                filter / filters * channels + tap / kernel
            }
            _ => tap % input.elements() / input.map_elements(),
        }
    }
}
