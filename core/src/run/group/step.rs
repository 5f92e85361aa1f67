//! The backward pass of one step of a group, and what it leaves for the sum over groups.

use crate::lanes::Lanes;
use crate::ops::activation::{Activation, GradientMask};
use crate::ops::{batch_norm, conv2d, dropout, linear, pool, scale_shift};
use crate::run::meeting::NormMoments;
use crate::{Conv2d, Dropout, GROUP, Operation, Pool2d, Step};
use core::ops::Range;

/// One step's backward pass, its buffers in hand.
pub struct GroupBackward<'a, L> {
    pub step: &'a Step,
    /// The activation that made what it read, where the gradient of that is to be masked.
    pub masked: Activation,
    /// Its weights and biases.
    pub tensors: [&'a [f32]; 2],
    pub input: &'a [L],
    /// The gradient of the output; becomes the input's where the step works in place.
    pub d_output: &'a mut [L],
    /// The gradient of the input; empty where it is not wanted, or made in place.
    pub d_input: &'a mut [L],
    pub winners: &'a [u8],
    pub scratch: &'a mut [L],
    pub values: &'a mut [f32],
    pub samples: Range<usize>,
    /// Samples of the whole batch.
    pub batch: usize,
    /// A batch normalisation's moments of the batch.
    pub moments: &'a [f32],
    /// What dropout draws from.
    pub keys: &'a [u64],
}

impl<L: Lanes> GroupBackward<'_, L> {
    /// Leaves the gradient of the step's parameters, or what it is made of later: the first half.
    pub fn run_parameters(&mut self) {
        match self.step.operation {
            Operation::Conv2d { conv, pool, .. } => {
                let geometry = self.geometry(&conv);
                if pool {
                    self.pooled_parameters(geometry, conv2d::splits_windows(&conv));
                } else {
                    self.plain_parameters(geometry);
                }
            }
            Operation::Linear { .. } => self.keep_linear(),
            Operation::ScaleShift { .. } => self.scale_shift_parameters(),
            // The sums of a batch normalisation are made before the groups meet.
            _ => {}
        }
    }

    /// Takes the gradient of the step's output to what it read: the second half.
    pub fn run_input(self) {
        match self.step.operation {
            Operation::Conv2d { conv, pool, .. } if !self.d_input.is_empty() => {
                let geometry = self.geometry(&conv);
                if pool {
                    self.pooled_input(geometry);
                } else {
                    self.plain_input(geometry);
                }
            }
            Operation::Linear { .. } if !self.d_input.is_empty() => self.linear_input(),
            Operation::MaxPool2d(options) if !self.d_input.is_empty() => self.max_pool(&options),
            Operation::AvgPool2d(options) if !self.d_input.is_empty() => {
                self.average_pool(&options);
            }
            Operation::ScaleShift { .. } => self.scale_shift_input(),
            Operation::BatchNorm { .. } => self.batch_norm(),
            Operation::Dropout(options) => self.dropout(options),
            // The mask of an activation, and the copies of an addition, are made on the way.
            _ => {}
        }
    }

    fn geometry(&self, conv: &Conv2d) -> conv2d::ConvGeometry {
        let mut geometry = conv2d::ConvGeometry::new(conv, self.step.input, self.step.inner);
        geometry.output = self.step.pooled_extent();
        geometry
    }

    /// Takes the pooled gradient as it is.
    fn pooled_parameters(&mut self, geometry: conv2d::ConvGeometry, splits_windows: bool) {
        let (gradient, winners) = (&*self.d_output, self.winners);
        let proof = gradient[0];
        if splits_windows {
            proof.vectorize(conv2d::PooledParameterGradient {
                geometry,
                input: self.input,
                gradient,
                winners,
                scratch: self.scratch,
                sums: self.values,
                samples: self.samples.len(),
            });
        } else {
            proof.vectorize(conv2d::ConvParameterGradient {
                geometry,
                input: self.input,
                d_output: conv2d::Gradient::Pooled(gradient, winners),
                scratch: self.scratch,
                sums: self.values,
                samples: self.samples.len(),
            });
        }
    }

    /// Spreads the pooled gradient over the convolution's output first.
    fn pooled_input(self, geometry: conv2d::ConvGeometry) {
        let (gradient, winners) = (&*self.d_output, self.winners);
        let proof = gradient[0];
        let maps = &mut self.scratch[..geometry.filters * geometry.output_area()];
        proof.vectorize(conv2d::Spread {
            geometry,
            gradient,
            winners,
            maps,
        });
        proof.vectorize(conv2d::ConvInputGradient {
            geometry,
            weights: self.tensors[0],
            d_output: maps,
            d_input: self.d_input,
            mask: GradientMask {
                activation: self.masked,
                outputs: self.input,
            },
        });
    }

    fn plain_parameters(&mut self, geometry: conv2d::ConvGeometry) {
        let d_output = &*self.d_output;
        d_output[0].vectorize(conv2d::ConvParameterGradient {
            geometry,
            input: self.input,
            d_output: conv2d::Gradient::Whole(d_output),
            scratch: self.scratch,
            sums: self.values,
            samples: self.samples.len(),
        });
    }

    fn plain_input(self, geometry: conv2d::ConvGeometry) {
        let d_output = &*self.d_output;
        d_output[0].vectorize(conv2d::ConvInputGradient {
            geometry,
            weights: self.tensors[0],
            d_output,
            d_input: self.d_input,
            mask: GradientMask {
                activation: self.masked,
                outputs: self.input,
            },
        });
    }

    /// Keeps inputs and output gradients, sample by sample, for the sum over the group, which
    /// runs over whole rows of weights later.
    fn keep_linear(&mut self) {
        let (inputs, d_outputs) = self.values.split_at_mut(GROUP * self.input.len());
        keep_samples(self.input, self.samples.clone(), inputs);
        keep_samples(self.d_output, self.samples.clone(), d_outputs);
    }

    fn linear_input(self) {
        self.d_output[0].vectorize(linear::LinearInputGradient {
            weights: self.tensors[0],
            d_output: self.d_output,
            d_input: self.d_input,
        });
    }

    fn max_pool(self, options: &Pool2d) {
        self.d_output[0].vectorize(pool::MaxPoolGradient {
            geometry: pool::PoolGeometry::new(options, self.step.input, self.step.output),
            d_output: self.d_output,
            winners: self.winners,
            d_input: self.d_input,
        });
    }

    fn average_pool(self, options: &Pool2d) {
        self.d_output[0].vectorize(pool::AveragePoolGradient {
            geometry: pool::PoolGeometry::new(options, self.step.input, self.step.output),
            d_output: self.d_output,
            d_input: self.d_input,
            mask: GradientMask {
                activation: self.masked,
                outputs: self.input,
            },
        });
    }

    fn scale_shift_parameters(&mut self) {
        let map = self.step.input.map_elements();
        self.d_output[0].vectorize(scale_shift::ScaleShiftParameterGradient {
            input: self.input,
            d_output: self.d_output,
            map,
            samples: self.samples.len(),
            sums: self.values,
        });
    }

    fn scale_shift_input(self) {
        self.d_output[0].vectorize(scale_shift::ScaleShiftInputGradient {
            gradient: self.d_output,
            map: self.step.input.map_elements(),
            scale: self.tensors[0],
        });
    }

    /// On from the groups' meeting; the sums are made before it.
    fn batch_norm(self) {
        let map = self.step.input.map_elements();
        let batch = NormMoments::of(self.moments);
        self.d_output[0].vectorize(batch_norm::BatchNormInputGradient {
            input: self.input,
            gradient: self.d_output,
            map,
            count: self.batch * map,
            mean: batch.mean,
            inverse: batch.inverse,
            tensors: self.tensors,
            activation: self.step.operation.activation(),
            sums: batch.sums,
        });
    }

    fn dropout(self, options: Dropout) {
        self.d_output[0].vectorize(dropout::DropValues {
            probability: options.probability,
            keys: &dropout::node_keys(self.keys, self.step.node)[..self.keys.len()],
            values: self.d_output,
        });
    }
}

/// Writes packets (value by value, lanes innermost) as rows, one per sample.
///
/// Blocks keep the packets being read in the first cache while all lanes are picked from them.
fn keep_samples<L: Lanes>(packets: &[L], samples: Range<usize>, rows: &mut [f32]) {
    const BLOCK: usize = 64;
    let len = packets.len();
    for start in (0..len).step_by(BLOCK) {
        let end = len.min(start + BLOCK);
        let values = L::values(&packets[start..end]);
        for (lane, sample) in samples.clone().enumerate() {
            let row = &mut rows[sample * len + start..sample * len + end];
            for (value, lanes) in row.iter_mut().zip(values.chunks_exact(L::LANES)) {
                *value = lanes[lane];
            }
        }
    }
}
