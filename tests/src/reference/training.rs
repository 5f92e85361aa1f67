//! Steps of gradient descent.

use super::{Batch, Problem, batch, norm};
use kiln_core::{Loss, Network, Sgd};

/// A network being trained by the naive kernels.
pub struct Training<'a> {
    /// What is computed.
    pub network: &'a Network,
    /// What is made small.
    pub loss: Loss,
    /// Weights and biases, as long as the network says.
    pub parameters: Vec<f32>,
    /// As many values, zeros at first.
    pub velocity: Vec<f32>,
    /// Running means and variances, as [`Network::statistics`] orders them.
    pub statistics: Vec<f32>,
    /// What dropout draws from, with the number of the step.
    pub seed: u64,
    /// Steps taken so far.
    pub steps: u64,
}

impl<'a> Training<'a> {
    /// A training that has not begun.
    pub fn new(network: &'a Network, loss: Loss, parameters: &[f32], statistics: &[f32]) -> Self {
        Self {
            network,
            loss,
            parameters: parameters.to_vec(),
            velocity: vec![0.0; parameters.len()],
            statistics: statistics.to_vec(),
            seed: 0,
            steps: 0,
        }
    }

    /// One step of gradient descent: rule 7 of the contract.
    pub fn step(&mut self, images: &[f32], labels: &[u16], sgd: &Sgd) -> Batch {
        let batch = batch(&Problem {
            network: self.network,
            loss: self.loss,
            parameters: &self.parameters,
            images,
            labels,
            seed: Some([self.seed, self.steps]),
        });
        let parameters = self.parameters.iter_mut().zip(&mut self.velocity);
        for ((w, v), g) in parameters.zip(&batch.gradient) {
            let g = g + sgd.weight_decay * *w;
            if sgd.momentum == 0.0 {
                *w -= sgd.rate * g;
                continue;
            }
            *v = sgd.momentum * *v + g;
            *w -= sgd.rate
                * if sgd.nesterov {
                    g + sgd.momentum * *v
                } else {
                    *v
                };
        }
        norm::update(&batch.norms, &mut self.statistics);
        self.steps += 1;
        batch
    }
}
