//! A network's loss in double precision, written apart from core's kernels: differences of it are
//! exact enough to hold core's gradients against.

mod window;

use kiln_core::{Layer, Loss, Network, Pool2d, Shape};

/// What the outputs of a batch are held against.
#[derive(Clone, Copy)]
pub struct Aim<'a> {
    /// What is made small.
    pub loss: Loss,
    /// One for each sample; their number counts where the loss needs none.
    pub labels: &'a [u16],
    /// samples x outputs: for mean squared error, held fixed whatever becomes of the images
    pub targets: &'a [f64],
}

/// Mean loss of a batch; batch normalisations go by its statistics.
///
/// `masks` has, by the index of a node, what a dropout multiplies the values of all samples by.
pub fn loss(
    network: &Network,
    aim: &Aim<'_>,
    parameters: &[f64],
    images: &[f64],
    masks: &[Vec<f64>],
) -> f64 {
    let outputs = Walk {
        network,
        parameters,
        samples: aim.labels.len(),
        masks,
        running: None,
    }
    .outputs(images);
    let count = outputs.len() / aim.labels.len();
    let samples = outputs.chunks_exact(count).zip(aim.labels).enumerate();
    let losses = samples.map(|(sample, (outputs, label))| match aim.loss {
        Loss::CrossEntropy { smoothing } => {
            cross_entropy(outputs, usize::from(*label), smoothing.into())
        }
        Loss::MeanSquaredError => {
            let pairs = outputs.iter().zip(&aim.targets[sample * count..]);
            pairs.map(|(y, t)| (y - t) * (y - t)).sum::<f64>() / count as f64
        }
    });
    losses.sum::<f64>() / aim.labels.len() as f64
}

/// What a network gives for each image outside of training: batch normalisations go by the running
/// statistics, as [`Network::statistics`] orders them, and nothing is dropped.
pub fn evaluate(
    network: &Network,
    parameters: &[f64],
    statistics: &[f64],
    images: &[f64],
) -> Vec<f64> {
    let samples = images.len() / network.input_shape().elements();
    Walk {
        network,
        parameters,
        samples,
        masks: &[],
        running: Some(statistics),
    }
    .outputs(images)
}

fn cross_entropy(logits: &[f64], label: usize, smoothing: f64) -> f64 {
    let total = logits.iter().map(|logit| logit.exp()).sum::<f64>().ln();
    let mean = logits.iter().map(|logit| total - logit).sum::<f64>() / logits.len() as f64;
    (1.0 - smoothing) * (total - logits[label]) + smoothing * mean
}

struct Walk<'a> {
    network: &'a Network,
    parameters: &'a [f64],
    samples: usize,
    masks: &'a [Vec<f64>],
    /// What is left of the running statistics; those of the batch where there are none.
    running: Option<&'a [f64]>,
}

impl<'a> Walk<'a> {
    fn outputs(mut self, images: &[f64]) -> Vec<f64> {
        let mut values = vec![images.to_vec()];
        for (index, layer) in self.network.layers().iter().enumerate() {
            let [first, second] = self.network.inputs()[index].map(|value| &values[value.number()]);
            let input = self.network.input_shape_of(index);
            let (weights, biases) = layer.parameters(input);
            let (own, behind) = self.parameters.split_at((weights + biases) as usize);
            self.parameters = behind;
            let own = own.split_at(weights as usize).into();
            let value = match layer {
                Layer::Add => first.iter().zip(second).map(|(a, b)| a + b).collect(),
                Layer::BatchNorm(norm) => self.normalize(norm.epsilon.into(), own, input, first),
                Layer::Dropout(_) if self.running.is_some() => first.clone(),
                Layer::Dropout(_) => {
                    let pairs = first.iter().zip(&self.masks[index]);
                    pairs.map(|(value, factor)| value * factor).collect()
                }
                _ => {
                    let output = self.network.output_shape(index);
                    let samples = first.chunks_exact(input.elements());
                    samples
                        .flat_map(|sample| apply(layer, own, sample, input, output))
                        .collect()
                }
            };
            values.push(value);
        }
        values.pop().unwrap()
    }

    fn normalize(
        &mut self,
        epsilon: f64,
        [weight, bias]: [&[f64]; 2],
        shape: Shape,
        input: &[f64],
    ) -> Vec<f64> {
        let (channels, map) = (shape.channels as usize, shape.map_elements());
        let (means, variances) = match self.running {
            Some(running) => {
                let (own, behind) = running.split_at(2 * channels);
                self.running = Some(behind);
                let (means, variances) = own.split_at(channels);
                (means.to_vec(), variances.to_vec())
            }
            None => self.moments(shape, input),
        };
        let values = input.iter().enumerate().map(|(at, value)| {
            let channel = at / map % channels;
            let deviation = (variances[channel] + epsilon).sqrt();
            (value - means[channel]) / deviation * weight[channel] + bias[channel]
        });
        values.collect()
    }

    /// Mean and biased variance of each channel of the batch.
    fn moments(&self, shape: Shape, input: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (channels, map) = (shape.channels as usize, shape.map_elements());
        let count = (self.samples * map) as f64;
        let own = |channel: usize| {
            let maps = input.chunks_exact(map).skip(channel).step_by(channels);
            maps.flatten()
        };
        let moments = (0..channels).map(|channel| {
            let mean = own(channel).sum::<f64>() / count;
            let distances = own(channel).map(|value| (value - mean) * (value - mean));
            (mean, distances.sum::<f64>() / count)
        });
        moments.unzip()
    }
}

/// A layer that takes each sample by itself.
fn apply(
    layer: &Layer,
    [weights, bias]: [&[f64]; 2],
    input: &[f64],
    from: Shape,
    to: Shape,
) -> Vec<f64> {
    match layer {
        Layer::Conv2d(conv) => window::each_output(to, |place| {
            let bias = bias.get(place[0]).unwrap_or(&0.0);
            bias + window::correlate(conv, weights, input, from, place)
        }),
        Layer::Relu => input.iter().map(|value| value.max(0.0)).collect(),
        Layer::Relu6 => input.iter().map(|value| value.clamp(0.0, 6.0)).collect(),
        Layer::MaxPool2d(pool) => window::each_output(to, |place| {
            let inside = window::inside(pool, from, place);
            let values = inside.map(|at| input[at]);
            values.fold(f64::NEG_INFINITY, f64::max)
        }),
        Layer::AvgPool2d(pool) => window::average(pool, input, from, to),
        Layer::GlobalAvgPool2d => window::average(&Pool2d::whole(from), input, from, to),
        Layer::Linear(_) => window::each_output(to, |[output, ..]| {
            let row = &weights[output * input.len()..][..input.len()];
            let sum: f64 = row.iter().zip(input).map(|(w, x)| w * x).sum();
            sum + bias.get(output).unwrap_or(&0.0)
        }),
        Layer::ScaleShift => {
            let channel = |at: usize| at / from.map_elements();
            let values = input.iter().enumerate();
            values
                .map(|(at, x)| x * weights[channel(at)] + bias[channel(at)])
                .collect()
        }
        other => panic!("the model in double precision does not know {other}"),
    }
}
