//! One step of a plan.

use crate::{Conv2d, Pool2d, Shape};
use core::ops::Range;

/// What a step computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Convolution, with the ReLU and the 2 x 2 max pool behind it where they follow.
    Conv2d {
        /// The convolution.
        conv: Conv2d,
        /// Whether a ReLU follows.
        relu: bool,
        /// Whether a 2 x 2 max pool with stride 2 follows.
        pool: bool,
    },
    /// ReLU on its own.
    Relu,
    /// Max pool on its own.
    MaxPool2d(Pool2d),
    /// Average pool; the global one has a window as large as its input.
    AvgPool2d(Pool2d),
    /// Linear layer, with the ReLU behind it where one follows.
    Linear {
        /// Whether a ReLU follows.
        relu: bool,
    },
}

/// A run of values in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Region {
    pub at: usize,
    pub len: usize,
}

impl Region {
    pub const EMPTY: Self = Self { at: 0, len: 0 };

    pub const fn range(self) -> Range<usize> {
        self.at..self.at + self.len
    }
}

/// Layers that run as one, and where their tensors lie.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is computed.
    pub operation: Operation,
    /// Index of its first layer in the network, counted from 0.
    pub layer: usize,
    /// Number of layers it covers.
    pub layers: usize,
    /// Shape of its input.
    pub input: Shape,
    /// Shape of its output, behind the last of its layers.
    pub output: Shape,
    /// Shape behind its first layer: the convolution's own output.
    pub(crate) inner: Shape,
    pub(crate) parameters: Region,
    /// Its output in the inference arena; its input is the output of the step before.
    pub(crate) inference: Region,
    /// Its output among the activations of training.
    pub(crate) activation: Region,
    /// Its output's gradient among the gradients.
    pub(crate) gradient: Region,
    /// Packets of scratch its backward pass uses.
    pub(crate) scratch: usize,
    /// The bytes of its windows' winners, per lane.
    pub(crate) winners: Region,
    /// In the group's values: a convolution's sums; a linear layer's inputs, then gradients.
    pub(crate) group: Region,
}

impl Step {
    /// Number of weights, which lie before the biases.
    pub(crate) const fn weights(&self) -> usize {
        match self.operation {
            Operation::Conv2d { .. } | Operation::Linear { .. } => {
                self.parameters.len - self.inner.channels as usize
            }
            _ => 0,
        }
    }

    /// Whether its output, not its winners, tells where its ReLU lets the gradient through.
    pub(crate) const fn masks_by_output(&self) -> bool {
        match self.operation {
            Operation::Conv2d { relu, pool, .. } => relu && !pool,
            Operation::Linear { relu } => relu,
            Operation::Relu => true,
            _ => false,
        }
    }

    /// Whether it keeps which value of each window won.
    pub(crate) const fn has_winners(&self) -> bool {
        matches!(
            self.operation,
            Operation::Conv2d { pool: true, .. } | Operation::MaxPool2d(_)
        )
    }

    /// Its weights and its biases, of all parameters of the network.
    pub(crate) fn tensors<'p>(&self, parameters: &'p [f32]) -> [&'p [f32]; 2] {
        let (weights, biases) = parameters[self.parameters.range()].split_at(self.weights());
        [weights, biases]
    }

    /// Rows and columns of the convolution's output that the pool looks at, or all of it.
    pub(crate) const fn pooled_extent(&self) -> [usize; 2] {
        match self.operation {
            Operation::Conv2d { pool: true, .. } => [
                2 * self.output.height as usize,
                2 * self.output.width as usize,
            ],
            _ => [self.inner.height as usize, self.inner.width as usize],
        }
    }
}
