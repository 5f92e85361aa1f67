//! A network of integers cut in two, so that its last layers can learn in floating-point numbers.

use super::quantized::{constants_of, weights_of};
use super::{Int8Rule, QuantizedNetwork};
use crate::{Layer, Network, Value};
use core::fmt;

/// A graph cut in front of a layer: the *trunk*, and the *head*, whose input is what the trunk gives.
///
/// Of a network of integers, [`NetworkCut::trunk_of`] and [`NetworkCut::head_of`] are both with their
/// integers. The trunk goes on computing codes; the head, with the parameters that its integers stand
/// for ([`QuantizedNetwork::dequantize`]), is trained like any network on the numbers that these codes
/// stand for ([`Quantization::numbers`](super::Quantization::numbers)): on a device and a desktop to the same bits.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkCut {
    /// All before the cut.
    pub trunk: Network,
    /// All behind it.
    pub head: Network,
}

/// Why a network cannot be cut there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CutError {
    /// The network has fewer layers.
    NoSuchLayer {
        /// The layer named, counted from 1.
        layer: usize,
        /// Number of layers.
        layers: usize,
    },
    /// From there on no layer has parameters.
    NoParameters {
        /// The layer named, counted from 1.
        layer: usize,
    },
    /// Nothing lies before the first layer that has parameters.
    NoTrunk {
        /// That layer, counted from 1.
        layer: usize,
    },
    /// A layer behind the cut reads a value from before it, other than the last.
    Branch {
        /// The first layer behind the cut, counted from 1.
        layer: usize,
        /// The one that reads.
        reader: usize,
        /// The layer that gives what it reads; 0 for the input.
        read: usize,
    },
}

impl NetworkCut {
    /// Cuts in front of the first layer from `layer` on, counted from 1, that has parameters.
    ///
    /// # Errors
    ///
    /// No such layer, none before it, or a value that more than its neighbour reads across the cut.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault.
    pub fn before(network: &Network, layer: usize) -> Result<Self, CutError> {
        let layers = network.layers();
        if layer == 0 || layer > layers.len() {
            let layers = layers.len();
            return Err(CutError::NoSuchLayer { layer, layers });
        }
        let found = layers[layer - 1..].iter().position(has_parameters);
        let first = match found {
            None => return Err(CutError::NoParameters { layer }),
            Some(0) if layer == 1 => return Err(CutError::NoTrunk { layer }),
            Some(after) => layer - 1 + after,
        };
        if first == 0 {
            return Err(CutError::NoTrunk { layer: 1 });
        }
        let input = network.input_shape();
        let mut trunk = Network::input(input.channels, input.height, input.width);
        let between = network.output_shape(first - 1);
        let mut head = Network::input(between.channels, between.height, between.width);
        for (index, (own, inputs)) in layers.iter().zip(network.inputs()).enumerate() {
            if index < first {
                trunk = trunk.node(*own, *inputs);
                continue;
            }
            let reads = inputs.map(Value::number);
            if let Some(read) = reads.into_iter().find(|read| *read < first) {
                let (layer, reader) = (first + 1, index + 1);
                return Err(CutError::Branch {
                    layer,
                    reader,
                    read,
                });
            }
            head = head.node(*own, reads.map(|read| Value::of_node(read - first)));
        }
        Ok(Self { trunk, head })
    }

    /// The last layer that has parameters, counted from 1; 1 where none has.
    pub fn last_layer(network: &Network) -> usize {
        let last = network.layers().iter().rposition(has_parameters);
        last.map_or(1, |index| index + 1)
    }

    /// The trunk of the network that was cut, with its integers.
    pub fn trunk_of<'a>(&'a self, quantized: &QuantizedNetwork<'a>) -> QuantizedNetwork<'a> {
        let (weights, constants) = self.tables(quantized.rule());
        let nodes = self.trunk.layers().len();
        QuantizedNetwork::of_checked(
            &self.trunk,
            quantized.rule(),
            &quantized.values()[..=nodes],
            &quantized.weights()[..weights],
            &quantized.constants()[..constants],
        )
    }

    /// The head of the network that was cut, with its integers.
    pub fn head_of<'a>(&'a self, quantized: &QuantizedNetwork<'a>) -> QuantizedNetwork<'a> {
        let (weights, constants) = self.tables(quantized.rule());
        let nodes = self.trunk.layers().len();
        QuantizedNetwork::of_checked(
            &self.head,
            quantized.rule(),
            &quantized.values()[nodes..],
            &quantized.weights()[weights..],
            &quantized.constants()[constants..],
        )
    }

    /// Numbers of weights and constants of the trunk.
    fn tables(&self, rule: Int8Rule) -> (usize, usize) {
        let layers = self.trunk.layers().iter().enumerate();
        layers.fold((0, 0), |(weights, constants), (index, layer)| {
            (
                weights + weights_of(layer, self.trunk.input_shape_of(index)),
                constants + constants_of(layer, rule),
            )
        })
    }
}

fn has_parameters(layer: &Layer) -> bool {
    matches!(layer, Layer::Conv2d(_) | Layer::Linear(_))
}

impl fmt::Display for CutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoSuchLayer { layer, layers } => {
                write!(f, "there is no layer {layer}: the network has {layers}")
            }
            Self::NoParameters { layer } => {
                write!(f, "no layer from number {layer} on has parameters to train")
            }
            Self::NoTrunk { layer } => write!(
                f,
                "layer {layer} is the first that has parameters: a network of integers learns in its \
                 last layers, behind others that stay as they are"
            ),
            Self::Branch {
                layer,
                reader,
                read,
            } => {
                write!(f, "layer {reader} reads ")?;
                match read {
                    0 => write!(f, "the input")?,
                    _ => write!(f, "layer {read}")?,
                }
                write!(
                    f,
                    ": what is trained from layer {layer} on may read nothing from before it but \
                     layer {}; train from a later layer",
                    layer - 1
                )
            }
        }
    }
}

impl core::error::Error for CutError {}

#[cfg(test)]
mod tests;
