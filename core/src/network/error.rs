//! What can be wrong with a network.

use super::MAX_NODES;
use crate::Shape;
use core::fmt;

/// A layer that does not fit, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkError {
    /// Number of the layer, counted from 1 as people do; 0 is the input.
    pub layer: usize,
    /// Name of the layer, as a TOML file spells it.
    pub name: &'static str,
    /// What is wrong with it.
    pub fault: LayerFault,
}

/// What is wrong with a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerFault {
    /// A size that must be at least 1 is 0.
    Zero {
        /// The option's name.
        option: &'static str,
    },
    /// The kernel or window is larger than the (padded) input.
    WindowTooLarge {
        /// Rows and columns of the window.
        window: [u16; 2],
        /// Shape of the layer's input, without padding.
        input: Shape,
    },
    /// Padding as large as the kernel: some outputs would see no input at all.
    PaddingTooLarge {
        /// Rows and columns of padding.
        padding: [u16; 2],
        /// Rows and columns of the kernel.
        kernel: [u16; 2],
    },
    /// The groups do not divide the input channels and the filters evenly.
    Groups {
        /// Number of groups.
        groups: u16,
        /// Channels of the layer's input.
        channels: u32,
        /// Number of output channels.
        filters: u16,
    },
    /// A max pool window of more than 256 values; a winner is kept in a byte.
    WindowArea {
        /// Rows and columns of the window.
        window: [u16; 2],
    },
    /// A tensor, or the parameters, exceed [`MAX_ELEMENTS`](crate::MAX_ELEMENTS), or a tensor has
    /// more than 65,535 rows or columns.
    TooLarge,
    /// It reads a value that is not of an earlier node.
    NotEarlier {
        /// Number of the value.
        input: usize,
    },
    /// The two values of an addition have different shapes.
    Addends {
        /// Shape of the first.
        left: Shape,
        /// Shape of the second.
        right: Shape,
    },
    /// No node reads its value, and it is not the last.
    Unread,
    /// A momentum or epsilon not above 0 and at most 1, or a probability not from 0 to below 1.
    Fraction {
        /// The option's name.
        option: &'static str,
    },
    /// The network has no layer.
    NoLayers,
    /// The network has more than [`MAX_NODES`] nodes.
    TooManyLayers,
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            LayerFault::NoLayers => {
                return f.write_str("the network has no layers; add at least one");
            }
            LayerFault::TooManyLayers => {
                return write!(f, "the network has more than {MAX_NODES} layers");
            }
            _ => {}
        }
        match self.layer {
            0 => write!(f, "the input: {}", self.fault),
            number => write!(f, "layer {number} ({}): {}", self.name, self.fault),
        }
    }
}

impl fmt::Display for LayerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Zero { option } => write!(f, "{option} is 0; it must be at least 1"),
            Self::WindowTooLarge {
                window: [rows, columns],
                input,
            } => write!(
                f,
                "a window of {rows}x{columns} does not fit into its input of {input} \
                 (channels x height x width); make it smaller or drop a layer before it"
            ),
            Self::PaddingTooLarge { padding, kernel } => write!(
                f,
                "padding {}x{} must be smaller than the kernel {}x{}",
                padding[0], padding[1], kernel[0], kernel[1]
            ),
            Self::Groups {
                groups,
                channels,
                filters,
            } => write!(
                f,
                "{groups} groups do not divide {channels} input channels and {filters} filters \
                 evenly"
            ),
            Self::WindowArea {
                window: [rows, columns],
            } => write!(
                f,
                "a max pool window of {rows}x{columns} has more than 256 values"
            ),
            Self::TooLarge => write!(
                f,
                "a tensor or the parameters have more than {} values, or more than 65535 rows or \
                 columns",
                crate::MAX_ELEMENTS
            ),
            Self::NotEarlier { input } => write!(
                f,
                "it reads the value of layer {input}, which is not earlier; order the layers so that \
                 each reads only what is before it"
            ),
            Self::Addends { left, right } => write!(
                f,
                "{left} and {right} (channels x height x width) cannot be added; bring them to one \
                 shape, for example by a convolution"
            ),
            Self::Unread => f.write_str(
                "no layer reads its value; name it among another layer's inputs, or remove it",
            ),
            Self::Fraction {
                option: "probability",
            } => f.write_str("probability must be at least 0 and below 1"),
            Self::Fraction { option } => write!(f, "{option} must be above 0 and at most 1"),
            Self::NoLayers => f.write_str("no layers"),
            Self::TooManyLayers => f.write_str("too many layers"),
        }
    }
}

impl core::error::Error for NetworkError {}
