//! What is wrong with a network of integers.

use core::fmt;

/// Numbers of a network of integers that do not fit it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Int8Error {
    /// A table has another length than the network asks for.
    Length {
        /// Which table.
        table: &'static str,
        /// Entries that the network asks for.
        expected: usize,
        /// Entries there are.
        found: usize,
    },
    /// A value's quantisation is none: a scale that is not finite or not above 0, or a zero or
    /// limits out of order.
    Quantization {
        /// Number of the value: 0 is the input, others have the number of the node that gives them.
        value: usize,
    },
    /// A node that cannot be computed.
    Node {
        /// Number of the node, counted from 1.
        node: usize,
        /// The layer's name.
        layer: &'static str,
        /// Why.
        fault: Int8Fault,
    },
}

/// Why a node of a network of integers cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Int8Fault {
    /// There are no integers for this layer: it has to be folded or rewritten first.
    Layer,
    /// It passes codes on, so that its output has to have the scale and the zero of its input.
    Scale,
    /// A multiplier or a shift is out of range.
    Requantization {
        /// The output channel, counted from 0.
        channel: usize,
    },
    /// The sum of a channel's products may not fit 32 bits.
    Overflow {
        /// The output channel, counted from 0.
        channel: usize,
    },
}

impl fmt::Display for Int8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length {
                table,
                expected,
                found,
            } => write!(f, "{found} {table} for a network that has {expected}"),
            Self::Quantization { value: 0 } => {
                f.write_str("the scale, zero or limits of the input's codes are out of range")
            }
            Self::Quantization { value } => write!(
                f,
                "layer {value}: the scale, zero or limits of its codes are out of range"
            ),
            Self::Node { node, layer, fault } => write!(f, "layer {node} ({layer}): {fault}"),
        }
    }
}

impl fmt::Display for Int8Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Layer => f.write_str("is not computed in integers; it has to be folded first"),
            Self::Scale => f.write_str("its codes have another scale or zero than its input's"),
            Self::Requantization { channel } => {
                write!(f, "the scale of channel {channel} is out of range")
            }
            Self::Overflow { channel } => write!(
                f,
                "the sum of channel {channel} may exceed 32 bits; smaller weights, or fewer inputs"
            ),
        }
    }
}

impl core::error::Error for Int8Error {}
