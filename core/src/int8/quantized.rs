//! A network with all its integers.

use super::{Int8Error, Int8Rule, Quantization, check};
use crate::{Layer, Network, Shape};

/// A network with the integers that it computes with, checked against one another.
///
/// Tensors lie node by node, one behind another. A convolution's weights are filters x kernel rows x
/// kernel columns x channels of the group; a linear layer's outputs x rows x columns x channels of
/// what it reads.
#[derive(Clone, Copy, Debug)]
pub struct QuantizedNetwork<'a> {
    network: &'a Network,
    rule: Int8Rule,
    values: &'a [Quantization],
    weights: &'a [i8],
    constants: &'a [i32],
}

impl<'a> QuantizedNetwork<'a> {
    /// Puts the parts together.
    ///
    /// `values` has an entry for the input, then one for each node. `constants` has, for each node:
    ///
    /// - of a convolution or linear layer, its outputs' biases, then their multipliers, then their
    ///   shifts. A bias holds what the input's zero adds, `-zero * sum of weights`.
    /// - of an addition, rounding once: both multipliers, the constant and the shift; as TensorFlow
    ///   Lite's: multiplier and shift of the first input, of the second, and of the sum.
    /// - of an average pool, rounding once: multiplier and shift for the sum of a whole window. As
    ///   TensorFlow Lite's, a mean over whole maps has those too, and any other average pool none.
    ///
    /// # Errors
    ///
    /// The first table, value or node that does not fit; a sum that could exceed 32 bits among them.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault.
    pub fn new(
        network: &'a Network,
        rule: Int8Rule,
        values: &'a [Quantization],
        weights: &'a [i8],
        constants: &'a [i32],
    ) -> Result<Self, Int8Error> {
        let quantized = Self::of_checked(network, rule, values, weights, constants);
        check::check(&quantized)?;
        Ok(quantized)
    }

    /// Parts that have been checked together before.
    pub(crate) const fn of_checked(
        network: &'a Network,
        rule: Int8Rule,
        values: &'a [Quantization],
        weights: &'a [i8],
        constants: &'a [i32],
    ) -> Self {
        Self {
            network,
            rule,
            values,
            weights,
            constants,
        }
    }

    /// Its graph.
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// How it rounds.
    pub fn rule(&self) -> Int8Rule {
        self.rule
    }

    /// What the codes of each value stand for: the input's, then each node's.
    pub fn values(&self) -> &'a [Quantization] {
        self.values
    }

    /// All weights.
    pub fn weights(&self) -> &'a [i8] {
        self.weights
    }

    /// All constants.
    pub fn constants(&self) -> &'a [i32] {
        self.constants
    }

    /// Weights and constants of each node, in order.
    pub fn nodes(&self) -> impl Iterator<Item = (&'a [i8], &'a [i32])> + use<'a> {
        let (network, rule) = (self.network, self.rule);
        let (mut weights, mut constants) = (self.weights, self.constants);
        network
            .layers()
            .iter()
            .enumerate()
            .map(move |(index, layer)| {
                let input = network.shape_of_value(network.inputs()[index][0].number());
                let (own_weights, own_constants);
                (own_weights, weights) = weights.split_at(weights_of(layer, input));
                (own_constants, constants) = constants.split_at(constants_of(layer, rule));
                (own_weights, own_constants)
            })
    }
}

/// Number of weights of a layer behind an input of this shape.
pub(crate) const fn weights_of(layer: &Layer, input: Shape) -> usize {
    match layer {
        Layer::Conv2d(_) | Layer::Linear(_) => layer.parameters(input).0 as usize,
        _ => 0,
    }
}

/// Number of constants of a layer.
pub const fn constants_of(layer: &Layer, rule: Int8Rule) -> usize {
    match (layer, rule) {
        (Layer::Conv2d(conv), _) => 3 * conv.filters as usize,
        (Layer::Linear(linear), _) => 3 * linear.outputs as usize,
        (Layer::Add, Int8Rule::Once) => 4,
        (Layer::Add, Int8Rule::TensorFlowLite) => 6,
        (Layer::AvgPool2d(_), Int8Rule::Once) | (Layer::GlobalAvgPool2d, _) => 2,
        _ => 0,
    }
}
