//! One step of a program.

use super::Buffer;
use crate::ops::activation::Activation;
use crate::{BatchNorm, Conv2d, Dropout, Linear, Pool2d, Shape};
use core::ops::Range;

/// What a step computes.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// Convolution, with the activation and the 2 x 2 max pool behind it where they follow.
    Conv2d {
        /// The convolution.
        conv: Conv2d,
        /// The activation that follows.
        activation: Activation,
        /// Whether a 2 x 2 max pool with stride 2 follows.
        pool: bool,
    },
    /// An activation on its own.
    Activation(Activation),
    /// Max pool on its own.
    MaxPool2d(Pool2d),
    /// Average pool; the global one has a window as large as its input.
    AvgPool2d(Pool2d),
    /// Linear layer, with the activation behind it.
    Linear {
        /// The layer.
        linear: Linear,
        /// The activation that follows.
        activation: Activation,
    },
    /// Sum of two values, with the activation behind it.
    Add {
        /// The activation that follows.
        activation: Activation,
    },
    /// A scale and a shift for each channel, with the activation behind them.
    ScaleShift {
        /// The activation that follows.
        activation: Activation,
    },
    /// Batch normalisation over the whole batch, with the activation behind it; in training alone.
    BatchNorm {
        /// Its options.
        norm: BatchNorm,
        /// The activation that follows.
        activation: Activation,
    },
    /// Dropout; in training alone.
    Dropout(Dropout),
}

impl Operation {
    /// The activation applied to what it gives.
    pub const fn activation(&self) -> Activation {
        match *self {
            Self::Conv2d { activation, .. }
            | Self::Activation(activation)
            | Self::Linear { activation, .. }
            | Self::Add { activation }
            | Self::ScaleShift { activation }
            | Self::BatchNorm { activation, .. } => activation,
            Self::MaxPool2d(_) | Self::AvgPool2d(_) | Self::Dropout(_) => Activation::Identity,
        }
    }

    /// Whether it may write over an input that nothing else needs any more.
    pub(crate) const fn works_in_place(&self) -> bool {
        matches!(
            self,
            Self::Activation(_) | Self::Add { .. } | Self::ScaleShift { .. } | Self::Dropout(_)
        )
    }

    /// Whether its input's gradient is made over its output's.
    pub(crate) const fn differentiates_in_place(&self) -> bool {
        self.works_in_place() || matches!(self, Self::BatchNorm { .. })
    }

    /// Whether the gradient of its weights is made of its input.
    pub(crate) const fn differentiates_by_input(&self) -> bool {
        matches!(
            self,
            Self::Conv2d { .. }
                | Self::Linear { .. }
                | Self::ScaleShift { .. }
                | Self::BatchNorm { .. }
        )
    }
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

/// A value that a step reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// Number of the value: 0 is the input, `i + 1` the output of step `i`.
    pub value: usize,
    /// What this reading adds to the value's gradient; empty where that is not wanted. For the
    /// first step that reads a value it becomes the value's whole gradient.
    pub gradient: Buffer,
}

/// Nodes that run as one, and where their tensors lie.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// What is computed.
    pub operation: Operation,
    /// Index of its first node in the network, counted from 0.
    pub node: usize,
    /// Number of nodes it covers.
    pub nodes: usize,
    /// Shape of its input.
    pub input: Shape,
    /// Shape of its output, behind the last of its nodes.
    pub output: Shape,
    /// Shape behind its first node: the convolution's own output.
    pub(crate) inner: Shape,
    /// The values it reads: one, or an addition's two.
    pub(crate) reads: [Read; 2],
    /// Of a convolution of codes that takes the addition behind it along: which input of that is the
    /// value that it reads second; the other is its own sum's code.
    pub(crate) adds: Option<u8>,
    /// Whether it writes over the value it reads first or second.
    pub(crate) in_place: Option<u8>,
    /// Whether anything of it or before it is trained, so that it runs backward.
    pub(crate) is_backward: bool,
    /// Its weights and biases among all parameters.
    pub(crate) parameters: Region,
    /// Its weights and its biases among the values that compact training trains.
    pub(crate) trained: [Region; 2],
    /// Its output.
    pub(crate) value: Buffer,
    /// What its backward pass uses for itself.
    pub(crate) scratch: Buffer,
    /// The bytes of its windows' winners, per lane; or the bits that [`Mask::Bits`] tells of.
    ///
    /// [`Mask::Bits`]: super::Mask::Bits
    pub(crate) winners: Region,
    /// In the group's values: sums of gradients; a linear layer's inputs, then gradients; a batch
    /// normalisation's means and squares, then its sums of gradients.
    pub(crate) group: Region,
    /// A batch normalisation's part of the batch's moments, [`MOMENTS`] values a channel.
    pub(crate) moments: Region,
    /// Of a program in integers: its constants among all.
    pub(crate) constants: Region,
}

/// Values a channel that a batch normalisation keeps of a batch: mean, inverse deviation, unbiased
/// variance, and the gradients of weight and bias.
pub(crate) const MOMENTS: usize = 5;

impl Step {
    pub(crate) const NOTHING: Self = Self {
        operation: Operation::Activation(Activation::Identity),
        node: 0,
        nodes: 0,
        input: Shape::new(0, 0, 0),
        output: Shape::new(0, 0, 0),
        inner: Shape::new(0, 0, 0),
        reads: [Read {
            value: 0,
            gradient: Buffer::NONE,
        }; 2],
        adds: None,
        in_place: None,
        is_backward: false,
        parameters: Region::EMPTY,
        trained: [Region::EMPTY; 2],
        value: Buffer::NONE,
        scratch: Buffer::NONE,
        winners: Region::EMPTY,
        group: Region::EMPTY,
        moments: Region::EMPTY,
        constants: Region::EMPTY,
    };

    /// Number of weights, which lie before the biases.
    pub(crate) const fn weights(&self) -> usize {
        let biases = match self.operation {
            Operation::Conv2d { conv, .. } if conv.bias => self.inner.channels as usize,
            Operation::Linear { linear, .. } if linear.bias => self.inner.channels as usize,
            Operation::ScaleShift { .. } | Operation::BatchNorm { .. } => {
                self.inner.channels as usize
            }
            _ => 0,
        };
        self.parameters.len - biases
    }

    /// Its weights and its biases among all parameters.
    pub(crate) const fn tensor_regions(&self) -> [Region; 2] {
        let Region { at, len } = self.parameters;
        let weights = self.weights();
        [
            Region { at, len: weights },
            Region {
                at: at + weights,
                len: len - weights,
            },
        ]
    }

    /// Its weights and its biases, of all parameters of the network.
    pub(crate) const fn tensors<'p>(&self, parameters: &'p [f32]) -> [&'p [f32]; 2] {
        let (_, own) = parameters.split_at(self.parameters.at);
        let (own, _) = own.split_at(self.parameters.len);
        let (weights, biases) = own.split_at(self.weights());
        [weights, biases]
    }

    /// Numbers of the values it reads: 0 is the input, others one more than the index of the step that
    /// gives them.
    pub fn value_numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.reads().iter().map(|read| read.value)
    }

    /// The values it reads, each with what it adds to their gradients.
    pub(crate) fn reads(&self) -> &[Read] {
        &self.reads[..self.read_count()]
    }

    pub(crate) const fn read_count(&self) -> usize {
        match self.operation {
            Operation::Add { .. } => 2,
            _ if self.adds.is_some() => 2,
            _ => 1,
        }
    }

    /// Whether its output tells where its activation lets the gradient through, not its winners, nor
    /// what it read, of which a batch normalisation makes its output once more.
    pub(crate) const fn masks_by_output(&self) -> bool {
        match self.operation {
            Operation::Conv2d { pool: true, .. } | Operation::BatchNorm { .. } => false,
            _ => !matches!(self.operation.activation(), Activation::Identity),
        }
    }

    /// Whether it keeps which value of each window won.
    pub(crate) const fn has_winners(&self) -> bool {
        matches!(
            self.operation,
            Operation::Conv2d { pool: true, .. } | Operation::MaxPool2d(_)
        )
    }

    /// Whether it averages each map of its input as a whole, so that the gradient of a map is one
    /// value.
    pub(crate) const fn averages_whole_maps(&self) -> bool {
        match self.operation {
            Operation::AvgPool2d(pool) => {
                let [rows, columns] = pool.padding.total();
                self.output.map_elements() == 1
                    && rows == 0
                    && columns == 0
                    && pool.window[0] as u32 == self.input.height
                    && pool.window[1] as u32 == self.input.width
            }
            _ => false,
        }
    }

    /// Whether it is a convolution with its pool.
    pub(crate) const fn pools(&self) -> bool {
        matches!(self.operation, Operation::Conv2d { pool: true, .. })
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
