//! The weights of a training step as their codes will have them.

use kiln_core::{Layer, Network, weight_code, weight_scale};
use std::ops::Range;

/// A network's parameters, each weight the number of its code; biases stay as they are.
pub(super) struct FakeWeights {
    /// Where the weights of each filter lie, or those of each output of a linear layer.
    filters: Vec<Range<usize>>,
    parameters: Vec<f32>,
}

impl FakeWeights {
    pub fn new(network: &Network) -> Self {
        let mut filters = Vec::new();
        let mut at = 0;
        for (index, layer) in network.layers().iter().enumerate() {
            let input = network.input_shape_of(index);
            let (weights, biases) = layer.parameters(input);
            let (weights, end) = (weights as usize, (weights + biases) as usize);
            let taps = match layer {
                Layer::Conv2d(conv) => weights / usize::from(conv.filters),
                Layer::Linear(_) => input.elements(),
                _ => 0,
            };
            if taps > 0 {
                let starts = (at..at + weights).step_by(taps);
                filters.extend(starts.map(|start| start..start + taps));
            }
            at += end;
        }
        Self {
            filters,
            parameters: vec![0.0; at],
        }
    }

    /// Rounds the parameters as they are now.
    pub fn round(&mut self, parameters: &[f32]) {
        self.parameters.copy_from_slice(parameters);
        for filter in &self.filters {
            let weights = &mut self.parameters[filter.clone()];
            let scale = weight_scale(weights, 0.0);
            for weight in weights {
                *weight = (f64::from(weight_code(*weight, scale)) * scale) as f32;
            }
        }
    }

    /// As they were rounded.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }
}
