//! The layers a network is made of: their options, output shapes and costs.

use crate::Shape;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One layer of a [`Network`](crate::Network).
///
/// Pairs such as `kernel` are `[rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Layer {
    /// Two-dimensional convolution with bias (cross-correlation, as PyTorch's `Conv2d`).
    Conv2d(Conv2d),
    /// `max(x, 0)`, element by element.
    Relu,
    /// Maximum over windows.
    MaxPool2d(Pool2d),
    /// Mean over windows.
    AvgPool2d(Pool2d),
    /// Mean over each whole map: C x H x W becomes C x 1 x 1.
    GlobalAvgPool2d,
    /// Fully connected layer with bias; flattens what comes in.
    Linear(Linear),
}

/// Options of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conv2d {
    /// Number of output channels.
    pub filters: u16,
    /// Extent of the kernel, `[rows, columns]`.
    pub kernel: [u16; 2],
    /// Distance between neighbouring outputs, in input pixels.
    pub stride: [u16; 2],
    /// Rows and columns of zeros imagined around the input, on each side.
    pub padding: [u16; 2],
    /// Number of independent groups the channels are split into; as many as channels is depthwise.
    pub groups: u16,
}

impl Conv2d {
    /// A square kernel with stride 1, no padding and one group.
    pub const fn new(filters: u16, kernel: u16) -> Self {
        Self {
            filters,
            kernel: [kernel, kernel],
            stride: [1, 1],
            padding: [0, 0],
            groups: 1,
        }
    }

    /// The same convolution with a kernel of `rows` x `columns`.
    pub const fn kernel(mut self, rows: u16, columns: u16) -> Self {
        self.kernel = [rows, columns];
        self
    }

    /// The same convolution with another stride, both ways.
    pub const fn stride(mut self, stride: u16) -> Self {
        self.stride = [stride, stride];
        self
    }

    /// The same convolution with padding on every side.
    pub const fn padding(mut self, padding: u16) -> Self {
        self.padding = [padding, padding];
        self
    }

    /// The same convolution in `groups` independent groups.
    pub const fn groups(mut self, groups: u16) -> Self {
        self.groups = groups;
        self
    }
}

/// Options of a pooling layer. Windows that would reach over the edge are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool2d {
    /// Extent of the window, `[rows, columns]`.
    pub window: [u16; 2],
    /// Distance between neighbouring windows, in input pixels.
    pub stride: [u16; 2],
}

impl Pool2d {
    /// A square window that moves by its own size.
    pub const fn new(window: u16) -> Self {
        Self {
            window: [window, window],
            stride: [window, window],
        }
    }

    /// The same window with another stride, both ways.
    pub const fn stride(mut self, stride: u16) -> Self {
        self.stride = [stride, stride];
        self
    }
}

/// Options of a fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linear {
    /// Number of output values.
    pub outputs: u16,
}

/// What a layer, or a whole network, holds and does for one sample, forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Trained values, weights and biases.
    pub parameters: u64,
    /// Multiply-accumulates; padding taps count, biases, activations and pooling do not.
    pub macs: u64,
}

impl Cost {
    /// Floating-point operations: two for each multiply-accumulate.
    pub const fn flops(self) -> u64 {
        2 * self.macs
    }
}

impl Layer {
    /// The layer's name, as a TOML file spells it.
    pub const fn name(&self) -> &'static str {
        match self {
            Layer::Conv2d(_) => "conv2d",
            Layer::Relu => "relu",
            Layer::MaxPool2d(_) => "max_pool2d",
            Layer::AvgPool2d(_) => "avg_pool2d",
            Layer::GlobalAvgPool2d => "global_avg_pool2d",
            Layer::Linear(_) => "linear",
        }
    }

    /// Weights and biases of this layer behind an input of shape `input`, as two lengths.
    ///
    /// Exact for the layers of a checked network.
    pub const fn parameters(&self, input: Shape) -> (u64, u64) {
        match self {
            Layer::Conv2d(conv) => (conv.filters as u64 * taps(conv, input), conv.filters as u64),
            Layer::Linear(linear) => (
                linear.outputs as u64 * input.elements() as u64,
                linear.outputs as u64,
            ),
            _ => (0, 0),
        }
    }

    /// What this layer costs between tensors of shape `input` and `output`.
    pub const fn cost(&self, input: Shape, output: Shape) -> Cost {
        let (weights, biases) = self.parameters(input);
        let macs = match self {
            Layer::Conv2d(_) => weights * output.map_elements() as u64,
            _ => weights,
        };
        Cost {
            parameters: weights + biases,
            macs,
        }
    }
}

/// The name and the options that are not as they are where nothing is said:
/// `conv2d 3x3 to 8, stride 2x2`.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Layer::Conv2d(conv) => {
                let [rows, columns] = conv.kernel;
                write!(f, " {rows}x{columns} to {}", conv.filters)?;
                option(f, "stride", conv.stride, [1, 1])?;
                option(f, "padding", conv.padding, [0, 0])?;
                if conv.groups != 1 {
                    write!(f, ", groups {}", conv.groups)?;
                }
                Ok(())
            }
            Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool) => {
                let [rows, columns] = pool.window;
                write!(f, " {rows}x{columns}")?;
                option(f, "stride", pool.stride, pool.window)
            }
            Layer::Linear(linear) => write!(f, " {}", linear.outputs),
            Layer::Relu | Layer::GlobalAvgPool2d => Ok(()),
        }
    }
}

fn option(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    value: [u16; 2],
    default: [u16; 2],
) -> fmt::Result {
    let [rows, columns] = value;
    match value == default {
        true => Ok(()),
        false => write!(f, ", {name} {rows}x{columns}"),
    }
}

/// Multiply-accumulates behind one output value of a convolution.
const fn taps(conv: &Conv2d, input: Shape) -> u64 {
    input.channels as u64 / conv.groups as u64 * conv.kernel[0] as u64 * conv.kernel[1] as u64
}
