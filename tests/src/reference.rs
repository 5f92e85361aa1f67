//! A whole network out of core's naive kernels, node by node and one sample at a time: no fusion,
//! no program, no lanes. It defines what the fast passes must give, to the bit.
//!
//! What several nodes read gets its gradients in the order of those nodes, of one node in the order
//! of its inputs: the first as it is, the others added to it.

mod node;
mod norm;
mod training;

pub use norm::Norm;
pub use training::Training;

use kiln_core::reference::{add, loss};
use kiln_core::{GROUP, Layer, Loss, Network, dropout_key};
use node::Node;

/// A network, and the batch it is trained on.
#[derive(Clone, Copy)]
pub struct Problem<'a> {
    /// What is computed.
    pub network: &'a Network,
    /// What is made small.
    pub loss: Loss,
    /// Weights and biases, as long as the network says.
    pub parameters: &'a [f32],
    /// samples x channels x height x width
    pub images: &'a [f32],
    /// One for each sample; their number counts where the loss needs none.
    pub labels: &'a [u16],
    /// What dropout draws from, and how many steps were taken; none outside of training.
    pub seed: Option<[u64; 2]>,
}

/// What a batch gives.
pub struct Batch {
    /// samples x classes, by the statistics of the batch
    pub logits: Vec<f32>,
    /// One loss per sample.
    pub losses: Vec<f32>,
    /// Gradient of the mean loss, in parameter order.
    pub gradient: Vec<f32>,
    /// Gradient of the mean loss by the images' values, as far as the network reads them.
    pub image_gradient: Vec<f32>,
    /// What the batch normalisations normalised by, in order.
    pub norms: Vec<Norm>,
}

impl Batch {
    /// The sum of the losses as the passes report it: sample by sample within a group, then group
    /// by group.
    pub fn loss_sum(&self) -> f64 {
        let groups = self.losses.chunks(GROUP);
        let sums = groups.map(|group| group.iter().fold(0.0, |sum, loss| sum + f64::from(*loss)));
        sums.fold(0.0, |total, sum| total + sum)
    }
}

/// Logits, losses and gradient of a batch, by the numeric contract.
pub fn batch(problem: &Problem<'_>) -> Batch {
    let mut walk = Walk::new(problem);
    walk.forward();
    let (losses, logits_gradient) = walk.loss();
    let (gradient, image_gradient) = walk.backward(logits_gradient);
    Batch {
        logits: walk.values.pop().unwrap(),
        losses,
        gradient,
        image_gradient,
        norms: walk.norms.into_iter().flatten().collect(),
    }
}

/// By the index of a node: what a dropout multiplies the values of all samples by in the step of
/// this seed and number; nothing for other nodes.
pub fn dropout_masks(network: &Network, samples: usize, seed: [u64; 2]) -> Vec<Vec<f32>> {
    node::masks(network, samples, seed)
}

/// The logits of every sample outside of training, by a network without batch normalisations.
pub fn logits(network: &Network, parameters: &[f32], images: &[f32]) -> Vec<f32> {
    assert!(!network.has_batch_norm(), "its statistics are of a batch");
    let samples = images.len() / network.input_shape().elements();
    let problem = Problem {
        network,
        loss: Loss::CROSS_ENTROPY,
        parameters,
        images,
        labels: &vec![0; samples],
        seed: None,
    };
    let mut walk = Walk::new(&problem);
    walk.forward();
    walk.values.pop().unwrap()
}

struct Walk<'a> {
    problem: &'a Problem<'a>,
    nodes: Vec<Node>,
    /// By the number of a value: that of all samples, one behind another.
    values: Vec<Vec<f32>>,
    /// By the index of a node: the places of a max pool's maxima.
    winners: Vec<Vec<u8>>,
    /// By the index of a node.
    norms: Vec<Option<Norm>>,
}

impl<'a> Walk<'a> {
    fn new(problem: &'a Problem<'a>) -> Self {
        let nodes = node::nodes(problem.network);
        Self {
            problem,
            values: vec![problem.images.to_vec()],
            winners: vec![vec![]; nodes.len()],
            norms: nodes.iter().map(|_| None).collect(),
            nodes,
        }
    }

    fn samples(&self) -> usize {
        self.problem.labels.len()
    }

    fn key(&self, sample: usize) -> Option<u64> {
        let [seed, steps] = self.problem.seed?;
        Some(dropout_key(seed, steps, sample as u64))
    }

    fn forward(&mut self) {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            let parameters = node.tensors(self.problem.parameters);
            let inputs = node.inputs.map(|value| &self.values[value]);
            let value = if let Layer::BatchNorm(options) = node.layer {
                let norm = Norm::of(options, node.input, inputs[0]);
                let value = norm.forward(inputs[0], parameters);
                self.norms[index] = Some(norm);
                value
            } else {
                let mut value = vec![];
                for sample in 0..self.samples() {
                    let own = inputs.map(|input| part(input, sample, node.input.elements()));
                    let (key, winners) = (self.key(sample), &mut self.winners[index]);
                    value.extend(node.forward(parameters, own, winners, key));
                }
                value
            };
            self.values.push(value);
        }
    }

    /// The samples' losses, and the gradient of the mean loss by the logits.
    fn loss(&self) -> (Vec<f32>, Vec<f32>) {
        let mean = 1.0 / self.samples() as f32;
        let mut gradient = self.values.last().unwrap().clone();
        let classes = gradient.len() / self.samples();
        let elements = self.problem.network.input_shape().elements();
        let targets = self.problem.images.chunks_exact(elements);
        let samples = gradient.chunks_exact_mut(classes).zip(targets);
        let losses = samples.zip(self.problem.labels);
        let losses = losses.map(|((values, target), label)| match self.problem.loss {
            Loss::CrossEntropy { smoothing } => {
                loss::smoothed_cross_entropy(values, usize::from(*label), mean, smoothing)
            }
            Loss::MeanSquaredError => {
                let output = values.to_vec();
                loss::mean_squared_error(&output, target, mean, values)
            }
        });
        (losses.collect(), gradient)
    }

    /// Gradients of the parameters and of the images.
    fn backward(&self, logits_gradient: Vec<f32>) -> (Vec<f32>, Vec<f32>) {
        let mut parameters = vec![0.0; self.problem.parameters.len()];
        // By the number of a value: what its readers give it, the last one first.
        let mut gradients: Vec<Vec<Vec<f32>>> = vec![vec![]; self.values.len()];
        gradients[self.nodes.len()].push(logits_gradient);
        for (index, node) in self.nodes.iter().enumerate().rev() {
            let d_output = total(std::mem::take(&mut gradients[index + 1]));
            let own = self.parameter_gradient(index, &d_output);
            parameters[node.own()].copy_from_slice(&own);
            let d_input = self.input_gradient(index, &d_output, &own);
            if let Layer::Add = node.layer {
                gradients[node.inputs[1]].push(d_input.clone());
            }
            gradients[node.inputs[0]].push(d_input);
        }
        (parameters, total(gradients.swap_remove(0)))
    }

    /// Each sample's from zero; samples in order within a group, from zero; groups in order.
    fn parameter_gradient(&self, index: usize, d_output: &[f32]) -> Vec<f32> {
        let node = &self.nodes[index];
        let input = &self.values[node.inputs[0]];
        let mut sum = vec![0.0; node.own().len()];
        for first in (0..self.samples()).step_by(GROUP) {
            let mut group = vec![0.0; sum.len()];
            for sample in first..self.samples().min(first + GROUP) {
                let input = part(input, sample, node.input.elements());
                let d_output = part(d_output, sample, node.output.elements());
                let own = match &self.norms[index] {
                    Some(norm) => norm.parameter_gradient(input, d_output),
                    None => node.parameter_gradient(input, d_output),
                };
                add::accumulate(&mut group, &own);
            }
            add::accumulate(&mut sum, &group);
        }
        sum
    }

    /// `own` is the whole batch's gradient of the node's parameters.
    fn input_gradient(&self, index: usize, d_output: &[f32], own: &[f32]) -> Vec<f32> {
        let node = &self.nodes[index];
        let parameters = node.tensors(self.problem.parameters);
        let mut d_input = vec![];
        for sample in 0..self.samples() {
            let input = part(&self.values[node.inputs[0]], sample, node.input.elements());
            let len = node.output.elements();
            let output = part(&self.values[index + 1], sample, len);
            let d_output = part(d_output, sample, len);
            d_input.extend(match &self.norms[index] {
                Some(norm) => norm.input_gradient(parameters[0], own, input, d_output),
                None => {
                    let winners = &self.winners[index];
                    let at = winners.len() / self.samples() * sample;
                    let winners = &winners[at..][..winners.len() / self.samples()];
                    node.input_gradient(parameters[0], winners, output, d_output, self.key(sample))
                }
            });
        }
        d_input
    }
}

/// The sum of what the readers of a value give it, the last of which comes first.
fn total(mut gradients: Vec<Vec<f32>>) -> Vec<f32> {
    let mut sum = gradients.pop().expect("a value that nothing reads");
    while let Some(gradient) = gradients.pop() {
        add::accumulate(&mut sum, &gradient);
    }
    sum
}

/// One sample of a value.
fn part(values: &[f32], sample: usize, len: usize) -> &[f32] {
    &values[sample * len..][..len]
}
