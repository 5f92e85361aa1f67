//! A network: an input shape and a list of layers, as plain data.

mod check;
mod error;
mod wire;

pub use error::{LayerFault, NetworkError};

use crate::{Conv2d, Cost, Layer, Linear, Pool2d, Shape};
use core::fmt;

/// Most layers a network can have.
pub const MAX_LAYERS: usize = 64;

/// Most values one tensor, or all parameters together, may have: 2^28.
///
/// Every offset then fits 32 bits, on a microcontroller as on a desktop.
pub const MAX_ELEMENTS: u32 = 1 << 28;

/// An input shape and a list of layers.
///
/// The builder is `const`, so a firmware can keep its network in flash. The builder itself never
/// fails: [`Network::check`] tells, as a value at run time, which layer does not fit, and the
/// methods that need a sound network ([`Network::cost`], [`Plan::of`](crate::Plan::of)) fail the
/// build with the same words when they are evaluated in a `const`.
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
#[derive(Clone)]
pub struct Network {
    input: Shape,
    layers: [Layer; MAX_LAYERS],
    /// May exceed `MAX_LAYERS` by one, which `check` reports.
    len: usize,
}

impl Network {
    /// A network without layers for inputs of `channels` x `height` x `width`.
    pub const fn input(channels: u32, height: u32, width: u32) -> Self {
        Self {
            input: Shape::new(channels, height, width),
            layers: [Layer::Relu; MAX_LAYERS],
            len: 0,
        }
    }

    /// Adds any layer; the way to options the short forms below do not have.
    pub const fn layer(mut self, layer: Layer) -> Self {
        if self.len < MAX_LAYERS {
            self.layers[self.len] = layer;
        }
        if self.len <= MAX_LAYERS {
            self.len += 1;
        }
        self
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

    /// The layers in order.
    pub const fn layers(&self) -> &[Layer] {
        let kept = if self.len < MAX_LAYERS {
            self.len
        } else {
            MAX_LAYERS
        };
        self.layers.split_at(kept).0
    }

    /// Parameters and multiply-accumulates of one sample's forward pass.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault; in a `const`, that fails the build.
    pub const fn cost(&self) -> Cost {
        let mut shape = self.input;
        let mut total = Cost {
            parameters: 0,
            macs: 0,
        };
        let mut index = 0;
        self.assert_sound();
        while index < self.len {
            let output = self.shape_after(index, shape);
            let cost = self.layers[index].cost(shape, output);
            total.parameters += cost.parameters;
            total.macs += cost.macs;
            shape = output;
            index += 1;
        }
        total
    }

    /// Number of trained values, as a length for arrays.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`].
    pub const fn parameters(&self) -> usize {
        self.cost().parameters as usize
    }

    /// Shape of the tensor behind layer `index`, counted from 0.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`], and where there is no such layer.
    pub const fn output_shape(&self, index: usize) -> Shape {
        self.assert_sound();
        assert!(index < self.len, "the network has no layer of this index");
        let mut shape = self.input;
        let mut at = 0;
        while at <= index {
            shape = self.shape_after(at, shape);
            at += 1;
        }
        shape
    }

    /// Parameters and multiply-accumulates of layer `index`, counted from 0.
    ///
    /// # Panics
    ///
    /// As [`Network::output_shape`].
    pub const fn layer_cost(&self, index: usize) -> Cost {
        let output = self.output_shape(index);
        let input = if index == 0 {
            self.input
        } else {
            self.output_shape(index - 1)
        };
        self.layers[index].cost(input, output)
    }

    /// Number of values the last layer gives: the classes' logits.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`].
    pub const fn classes(&self) -> usize {
        self.assert_sound();
        self.output_shape(self.len - 1).elements()
    }

    const fn shape_after(&self, index: usize, input: Shape) -> Shape {
        match check::output_shape(&self.layers[index], input) {
            Ok(shape) => shape,
            Err(_) => panic!("the network was checked"),
        }
    }
}

impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input && self.layers() == other.layers()
    }
}

impl core::fmt::Debug for Network {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Network")
            .field("input", &self.input)
            .field("layers", &self.layers())
            .finish()
    }
}

/// The input's shape and every layer: `1x28x28 > conv2d 3x3 to 8 > relu > linear 10`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.input.fmt(f)?;
        let mut layers = self.layers().iter();
        layers.try_for_each(|layer| write!(f, " > {layer}"))
    }
}

#[cfg(test)]
mod tests;
