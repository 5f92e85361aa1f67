//! The backward pass of one step.

use crate::lanes::Lanes;
use crate::ops::{conv2d, linear, pool};
use crate::{GROUP, Operation, Step};
use core::ops::Range;

/// One step's backward pass, its buffers in hand.
pub struct StepBackward<'a, L> {
    pub step: &'a Step,
    pub weights: &'a [f32],
    pub input: &'a [L],
    pub d_output: &'a [L],
    pub d_input: Option<&'a mut [L]>,
    pub winners: &'a [u8],
    pub scratch: &'a mut [L],
    pub values: &'a mut [f32],
    pub samples: Range<usize>,
}

impl<L: Lanes> StepBackward<'_, L> {
    pub fn run(self) {
        match self.step.operation {
            Operation::Conv2d { conv, pool, .. } => {
                let mut geometry = conv2d::Geometry::new(&conv, self.step.input, self.step.inner);
                geometry.output = self.step.pooled_extent();
                if pool {
                    self.pooled_convolution(geometry, conv2d::splits_windows(&conv));
                } else {
                    self.plain_convolution(geometry);
                }
            }
            Operation::Linear { .. } => self.linear(),
            Operation::Relu => {
                if let Some(d_input) = self.d_input {
                    d_input.copy_from_slice(self.d_output);
                }
            }
            Operation::MaxPool2d(options) => self.max_pool(&options),
            Operation::AvgPool2d(options) => self.average_pool(&options),
        }
    }

    /// The parameters' gradient takes the pooled gradient as it is; for the input's, it is spread
    /// over the convolution's output.
    fn pooled_convolution(self, geometry: conv2d::Geometry, splits_windows: bool) {
        let (gradient, winners) = (self.d_output, self.winners);
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
            proof.vectorize(conv2d::ParameterGradient {
                geometry,
                input: self.input,
                d_output: conv2d::Gradient::Pooled(gradient, winners),
                scratch: self.scratch,
                sums: self.values,
                samples: self.samples.len(),
            });
        }
        let Some(d_input) = self.d_input else {
            return;
        };
        let maps = &mut self.scratch[..geometry.filters * geometry.output_area()];
        proof.vectorize(conv2d::Spread {
            geometry,
            gradient,
            winners,
            maps,
        });
        proof.vectorize(conv2d::InputGradient {
            geometry,
            weights: self.weights,
            d_output: maps,
            d_input,
        });
    }

    fn plain_convolution(self, geometry: conv2d::Geometry) {
        let d_output = self.d_output;
        d_output[0].vectorize(conv2d::ParameterGradient {
            geometry,
            input: self.input,
            d_output: conv2d::Gradient::Whole(d_output),
            scratch: self.scratch,
            sums: self.values,
            samples: self.samples.len(),
        });
        if let Some(d_input) = self.d_input {
            d_output[0].vectorize(conv2d::InputGradient {
                geometry,
                weights: self.weights,
                d_output,
                d_input,
            });
        }
    }

    /// Keeps inputs and output gradients, sample by sample, for the sum over the group, which
    /// runs over whole rows of weights later.
    fn linear(self) {
        let (inputs, d_outputs) = self.values.split_at_mut(GROUP * self.input.len());
        keep_samples(self.input, self.samples.clone(), inputs);
        keep_samples(self.d_output, self.samples, d_outputs);
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(linear::InputGradient {
                weights: self.weights,
                d_output: self.d_output,
                d_input,
            });
        }
    }

    fn max_pool(self, options: &crate::Pool2d) {
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(pool::MaxPoolGradient {
                geometry: pool::Geometry::new(options, self.step.input, self.step.output),
                d_output: self.d_output,
                winners: self.winners,
                d_input,
            });
        }
    }

    fn average_pool(self, options: &crate::Pool2d) {
        if let Some(d_input) = self.d_input {
            self.d_output[0].vectorize(pool::AveragePoolGradient {
                geometry: pool::Geometry::new(options, self.step.input, self.step.output),
                d_output: self.d_output,
                d_input,
            });
        }
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
