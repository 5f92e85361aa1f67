//! What follows from a network: shapes, costs, numbers of values.

use super::{MAX_NODES, Network, check};
use crate::{Cost, Layer, Shape};

impl Network {
    /// Parameters and multiply-accumulates of one sample's forward pass.
    ///
    /// # Panics
    ///
    /// Where [`Network::check`] finds a fault; in a `const`, that fails the build.
    pub const fn cost(&self) -> Cost {
        let shapes = self.shapes();
        let mut total = Cost {
            parameters: 0,
            macs: 0,
        };
        let mut index = 0;
        while index < self.len {
            let input = shapes[self.inputs[index][0].number()];
            let cost = self.layers[index].cost(input, shapes[index + 1]);
            total.parameters += cost.parameters;
            total.macs += cost.macs;
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

    /// Number of running statistics of its batch normalisations: a mean and a variance for each
    /// channel, node by node, all means of a node before its variances.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`].
    pub const fn statistics(&self) -> usize {
        let shapes = self.shapes();
        let (mut total, mut index) = (0, 0);
        while index < self.len {
            if let Layer::BatchNorm(_) = self.layers[index] {
                total += 2 * shapes[index + 1].channels as usize;
            }
            index += 1;
        }
        total
    }

    /// Shape of the value of node `index`, counted from 0.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`], and where there is no such node.
    pub const fn output_shape(&self, index: usize) -> Shape {
        assert!(index < self.len, "the network has no node of this index");
        self.shapes()[index + 1]
    }

    /// Shape of what node `index`, counted from 0, reads; both values of an addition have it.
    ///
    /// # Panics
    ///
    /// As [`Network::output_shape`].
    pub const fn input_shape_of(&self, index: usize) -> Shape {
        assert!(index < self.len, "the network has no node of this index");
        self.shapes()[self.inputs[index][0].number()]
    }

    /// Parameters and multiply-accumulates of node `index`, counted from 0.
    ///
    /// # Panics
    ///
    /// As [`Network::output_shape`].
    pub const fn layer_cost(&self, index: usize) -> Cost {
        self.layers[index].cost(self.input_shape_of(index), self.output_shape(index))
    }

    /// Number of values the last node gives: the classes' logits.
    ///
    /// # Panics
    ///
    /// As [`Network::cost`].
    pub const fn classes(&self) -> usize {
        let shapes = self.shapes();
        shapes[self.len].elements()
    }

    /// Shape of every value, by number.
    pub(crate) const fn shapes(&self) -> [Shape; MAX_NODES + 1] {
        match self.checked_shapes() {
            Ok(shapes) => shapes,
            Err(error) => check::panic_with(&error),
        }
    }

    /// Shape of a value, by number, found along the first inputs that lead to it: without the shapes of
    /// all others, for which a device's stack is short.
    ///
    /// # Panics
    ///
    /// Where a layer on the way does not fit its input.
    pub(crate) fn shape_of_value(&self, number: usize) -> Shape {
        let mut path = [0; MAX_NODES];
        let (mut len, mut at) = (0, number);
        while at > 0 {
            path[len] = at as u8;
            len += 1;
            at = self.inputs[at - 1][0].number();
        }
        let nodes = path[..len].iter().rev();
        nodes.fold(self.input, |shape, number| {
            match check::output_shape(&self.layers[usize::from(*number) - 1], shape) {
                Ok(output) => output,
                Err(_) => panic!("a layer of the network does not fit its input"),
            }
        })
    }
}
