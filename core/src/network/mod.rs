//! A network: an input shape and a graph of layers, as plain data.
//!
//! A node is a layer with the values it reads. Nodes are numbered from 1, in the order in which they
//! run; a value has the number of the node that gives it, and the network's input is value 0.

mod check;
mod error;
mod facts;
mod wire;

pub(crate) use check::output_shape;
pub use error::{LayerFault, NetworkError};
pub(crate) use wire::FirstNetwork;

use crate::{BatchNorm, Conv2d, Layer, Linear, Pool2d, Shape};
use core::fmt;

/// Most nodes a network can have.
pub const MAX_NODES: usize = 192;

/// Most values one tensor, or all parameters together, may have: 2^28.
///
/// Every offset then fits 32 bits, on a microcontroller as on a desktop.
pub const MAX_ELEMENTS: u32 = 1 << 28;

/// A value of a network: the input, or what a node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(u8);

impl Value {
    /// The network's input.
    pub const INPUT: Self = Self(0);

    /// The value of node `number`, counted from 1.
    pub const fn of_node(number: usize) -> Self {
        Self(if number < u8::MAX as usize {
            number as u8
        } else {
            u8::MAX
        })
    }

    /// Number of the node that gives it, counted from 1; 0 for the network's input.
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

/// An input shape and a graph of layers.
///
/// The builder is `const`, so a firmware can keep its network in flash. The builder itself never
/// fails: [`Network::check`] tells, as a value at run time, which node does not fit, and the
/// methods that need a sound network ([`Network::cost`], [`Program::of`](crate::Program::of)) fail
/// the build with the same words when they are evaluated in a `const`.
///
/// ```
/// use kiln_core::Network;
/// const NET: Network = Network::input(1, 28, 28)
///     .conv2d(8, 3).relu().max_pool2d(2)
///     .conv2d(16, 3).relu().max_pool2d(2)
///     .linear(128).relu()
///     .linear(10);
/// const PARAMETERS: u64 = NET.cost().parameters;
/// assert_eq!(PARAMETERS, 53_866);
/// assert_eq!(NET.cost().macs, 240_544);
/// ```
///
/// A layer reads the value of the node before it. [`Network::last`] names that value, so that a
/// later layer can read it, or add it to its own:
///
/// ```
/// use kiln_core::{Conv2d, Layer, Network};
/// const SAME: Layer = Layer::Conv2d(Conv2d::new(8, 3).padding(1).without_bias());
/// const NET: Network = {
///     let stem = Network::input(3, 16, 16).layer(SAME).batch_norm().relu();
///     let skip = stem.last();
///     stem.layer(SAME).batch_norm().relu().layer(SAME).batch_norm()
///         .add(skip).relu()
///         .global_avg_pool2d().linear(10)
/// };
/// assert!(NET.check().is_ok());
/// ```
#[derive(Clone)]
pub struct Network {
    input: Shape,
    layers: [Layer; MAX_NODES],
    /// What each node reads; all but additions read the first alone.
    inputs: [[Value; 2]; MAX_NODES],
    /// May exceed `MAX_NODES` by one, which `check` reports.
    len: usize,
    /// What the next layer reads.
    last: Value,
}

impl Network {
    /// A network without layers for inputs of `channels` x `height` x `width`.
    pub const fn input(channels: u32, height: u32, width: u32) -> Self {
        Self {
            input: Shape::new(channels, height, width),
            layers: [Layer::Relu; MAX_NODES],
            inputs: [[Value::INPUT; 2]; MAX_NODES],
            len: 0,
            last: Value::INPUT,
        }
    }

    /// Adds any layer; the way to options the short forms below do not have.
    pub const fn layer(self, layer: Layer) -> Self {
        let last = self.last;
        self.node(layer, [last, last])
    }

    /// Adds a layer that reads the values given: an addition both, any other the first.
    pub const fn node(mut self, layer: Layer, inputs: [Value; 2]) -> Self {
        if self.len < MAX_NODES {
            let second = match layer {
                Layer::Add => inputs[1],
                _ => inputs[0],
            };
            self.layers[self.len] = layer;
            self.inputs[self.len] = [inputs[0], second];
        }
        if self.len <= MAX_NODES {
            self.len += 1;
        }
        self.last = Value::of_node(self.len);
        self
    }

    /// The value that the next layer reads.
    pub const fn last(&self) -> Value {
        self.last
    }

    /// Lets the next layer read an earlier value.
    pub const fn from(mut self, value: Value) -> Self {
        self.last = value;
        self
    }

    /// Adds the sum of the last value and an earlier one.
    pub const fn add(self, value: Value) -> Self {
        let last = self.last;
        self.node(Layer::Add, [last, value])
    }

    /// Adds a batch normalisation with PyTorch's defaults.
    pub const fn batch_norm(self) -> Self {
        self.layer(Layer::BatchNorm(BatchNorm::DEFAULT))
    }

    /// Adds a ReLU6.
    pub const fn relu6(self) -> Self {
        self.layer(Layer::Relu6)
    }

    /// Adds a convolution with a square kernel, stride 1, no padding.
    pub const fn conv2d(self, filters: u16, kernel: u16) -> Self {
        self.layer(Layer::Conv2d(Conv2d::new(filters, kernel)))
    }

    /// Adds a ReLU.
    pub const fn relu(self) -> Self {
        self.layer(Layer::Relu)
    }

    /// Adds a max pool with a square window that moves by its own size.
    pub const fn max_pool2d(self, window: u16) -> Self {
        self.layer(Layer::MaxPool2d(Pool2d::new(window)))
    }

    /// Adds an average pool with a square window that moves by its own size.
    pub const fn avg_pool2d(self, window: u16) -> Self {
        self.layer(Layer::AvgPool2d(Pool2d::new(window)))
    }

    /// Adds a mean over each whole map.
    pub const fn global_avg_pool2d(self) -> Self {
        self.layer(Layer::GlobalAvgPool2d)
    }

    /// Adds a fully connected layer.
    pub const fn linear(self, outputs: u16) -> Self {
        self.layer(Layer::Linear(Linear::new(outputs)))
    }

    /// Shape of one input sample.
    pub const fn input_shape(&self) -> Shape {
        self.input
    }

    /// The nodes' layers in order.
    pub const fn layers(&self) -> &[Layer] {
        self.layers.split_at(self.kept()).0
    }

    /// The values that each node reads: an addition two, all others the first, which then stands
    /// in both places.
    pub const fn inputs(&self) -> &[[Value; 2]] {
        self.inputs.split_at(self.kept()).0
    }

    /// Whether each node reads the value of the one before it, and nothing else.
    pub const fn is_chain(&self) -> bool {
        let mut index = 0;
        while index < self.kept() {
            let [first, second] = self.inputs[index];
            if first.number() != index || second.number() != index {
                return false;
            }
            index += 1;
        }
        true
    }

    /// Whether it has a batch normalisation that is not folded.
    pub const fn has_batch_norm(&self) -> bool {
        let mut index = 0;
        while index < self.kept() {
            if let Layer::BatchNorm(_) = self.layers[index] {
                return true;
            }
            index += 1;
        }
        false
    }

    const fn kept(&self) -> usize {
        if self.len < MAX_NODES {
            self.len
        } else {
            MAX_NODES
        }
    }
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.layers() == other.layers()
            && self.inputs() == other.inputs()
    }
}

impl core::fmt::Debug for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Network")
            .field("input", &self.input)
            .field("layers", &self.layers())
            .field("inputs", &self.inputs())
            .finish()
    }
}

/// The input's shape and every node, with the numbers of what it reads where that is not the node
/// before it alone: `1x28x28 > conv2d 3x3 to 8 > relu > add (3, 1) > linear 10`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt(f)?;
        for (index, (layer, inputs)) in self.layers().iter().zip(self.inputs()).enumerate() {
            write!(f, " > {layer}")?;
            let [first, second] = inputs.map(Value::number);
            match layer {
                Layer::Add => write!(f, " ({first}, {second})")?,
                _ if first != index => write!(f, " ({first})")?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
