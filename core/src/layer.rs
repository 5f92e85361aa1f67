//! The layers a network is made of: their options, output shapes and costs.

mod options;

pub use options::{BatchNorm, Conv2d, Dropout, Linear, Padding, Pool2d};

use crate::Shape;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One layer of a [`Network`](crate::Network).
///
/// Pairs such as `kernel` are `[rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Layer {
    /// Two-dimensional convolution (cross-correlation, as PyTorch's `Conv2d`).
    Conv2d(Conv2d),
    /// `max(x, 0)`, element by element.
    Relu,
    /// Maximum over windows.
    MaxPool2d(Pool2d),
    /// Mean over windows.
    AvgPool2d(Pool2d),
    /// Mean over each whole map: C x H x W becomes C x 1 x 1.
    GlobalAvgPool2d,
    /// Fully connected layer; flattens what comes in.
    Linear(Linear),
    /// `min(max(x, 0), 6)`, element by element.
    Relu6,
    /// Sum of two values of the same shape, element by element.
    Add,
    /// Batch normalisation: trained on a desktop, folded into its neighbours for devices.
    BatchNorm(BatchNorm),
    /// `x * scale + shift` with a scale and a shift for each channel: what is left of a batch
    /// normalisation that cannot be folded.
    ScaleShift,
    /// Sets values to zero at random and scales the others up, in training; nothing afterwards.
    Dropout(Dropout),
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
            Layer::Relu6 => "relu6",
            Layer::Add => "add",
            Layer::BatchNorm(_) => "batch_norm",
            Layer::ScaleShift => "scale_shift",
            Layer::Dropout(_) => "dropout",
        }
    }

    /// Weights and biases of this layer behind an input of shape `input`, as two lengths.
    ///
    /// Exact for the layers of a checked network.
    pub const fn parameters(&self, input: Shape) -> (u64, u64) {
        match self {
            Layer::Conv2d(conv) => (
                conv.filters as u64 * taps(conv, input),
                conv.filters as u64 * conv.bias as u64,
            ),
            Layer::Linear(linear) => (
                linear.outputs as u64 * input.elements() as u64,
                linear.outputs as u64 * linear.bias as u64,
            ),
            Layer::BatchNorm(_) | Layer::ScaleShift => {
                (input.channels as u64, input.channels as u64)
            }
            _ => (0, 0),
        }
    }

    /// What this layer costs between tensors of shape `input` and `output`.
    pub const fn cost(&self, input: Shape, output: Shape) -> Cost {
        let (weights, biases) = self.parameters(input);
        let macs = match self {
            Layer::Conv2d(_) => weights * output.map_elements() as u64,
            Layer::Linear(_) => weights,
            _ => 0,
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
                padding(f, conv.padding)?;
                option(f, "dilation", conv.dilation, [1, 1])?;
                if conv.groups != 1 {
                    write!(f, ", groups {}", conv.groups)?;
                }
                f.write_str(if conv.bias { "" } else { ", no bias" })
            }
            Layer::MaxPool2d(pool) | Layer::AvgPool2d(pool) => {
                let [rows, columns] = pool.window;
                write!(f, " {rows}x{columns}")?;
                option(f, "stride", pool.stride, pool.window)?;
                padding(f, pool.padding)?;
                if pool.ceil_mode {
                    f.write_str(", ceil_mode")?;
                }
                f.write_str(match pool.count_include_pad {
                    true => "",
                    false => ", padding not counted",
                })
            }
            Layer::Linear(linear) => {
                write!(f, " {}", linear.outputs)?;
                f.write_str(if linear.bias { "" } else { ", no bias" })
            }
            Layer::Dropout(dropout) => write!(f, " {}", dropout.probability),
            _ => Ok(()),
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

fn padding(f: &mut fmt::Formatter<'_>, padding: Padding) -> fmt::Result {
    let Padding {
        top,
        left,
        bottom,
        right,
    } = padding;
    match (top == bottom && left == right, padding == Padding::NONE) {
        (_, true) => Ok(()),
        (true, _) => write!(f, ", padding {top}x{left}"),
        _ => write!(f, ", padding {top} {left} {bottom} {right}"),
    }
}

/// Multiply-accumulates behind one output value of a convolution.
const fn taps(conv: &Conv2d, input: Shape) -> u64 {
    input.channels as u64 / conv.groups as u64 * conv.kernel[0] as u64 * conv.kernel[1] as u64
}
