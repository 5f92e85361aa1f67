//! A network of integers while a file is read.

use crate::exchange::output_shape;
use crate::quantization::QuantizedTables;
use kiln_core::{
    Int8Error, Int8Rule, Layer, LayerFault, MAX_ELEMENTS, MAX_NODES, Network, NetworkError,
    Quantization, Shape, Value,
};

/// What a layer adds beside its node.
#[derive(Clone, Debug)]
pub struct Int8Node {
    /// In the order of a network of integers.
    pub weights: Vec<i8>,
    /// As [`kiln_core::QuantizedNetwork::new`] takes them.
    pub constants: Vec<i32>,
    /// What its codes stand for.
    pub quantization: Quantization,
}

impl Int8Node {
    /// A node that has no integers of its own.
    pub fn plain(quantization: Quantization) -> Self {
        Self {
            weights: Vec::new(),
            constants: Vec::new(),
            quantization,
        }
    }
}

/// Why a node cannot be added.
#[derive(Debug)]
pub enum AddedFault {
    /// The layer does not fit what comes in.
    Layer(LayerFault),
    /// There are as many as there may be.
    TooManyLayers,
}

/// Why what was read is no network.
#[derive(Debug)]
pub enum DraftFault {
    /// Its layers do not make one.
    Network(NetworkError),
    /// Its integers do not.
    Integers(Int8Error),
}

/// A network and its tables, node by node.
#[derive(Debug)]
pub struct IntegerDraft {
    pub network: Network,
    pub values: Vec<Quantization>,
    weights: Vec<i8>,
    constants: Vec<i32>,
}

impl IntegerDraft {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            network: Network::input(1, 1, 1),
            values: Vec::new(),
            weights: Vec::new(),
            constants: Vec::new(),
        }
    }

    /// Makes this the input, whatever was that before; no node may have been added.
    pub fn begin(&mut self, shape: Shape, quantization: Quantization) -> Result<(), LayerFault> {
        // Layers are added to a shape that is sound.
        output_shape(Layer::Relu, [shape; 2])?;
        self.network = Network::input(shape.channels, shape.height, shape.width);
        self.values = vec![quantization];
        Ok(())
    }

    /// Whether there is no node yet.
    pub fn is_beginning(&self) -> bool {
        self.network.layers().is_empty()
    }

    /// Adds a layer that reads these values of these shapes; its own value and shape.
    pub fn push(
        &mut self,
        layer: Layer,
        values: [Value; 2],
        shapes: [Shape; 2],
        node: Int8Node,
    ) -> Result<(Value, Shape), AddedFault> {
        let shape = output_shape(layer, shapes).map_err(AddedFault::Layer)?;
        if self.network.layers().len() == MAX_NODES {
            return Err(AddedFault::TooManyLayers);
        }
        if self.weights.len() + node.weights.len() > MAX_ELEMENTS as usize {
            return Err(AddedFault::Layer(LayerFault::TooLarge));
        }
        let network = std::mem::replace(&mut self.network, Network::input(1, 1, 1));
        self.network = network.node(layer, values);
        self.weights.extend(node.weights);
        self.constants.extend(node.constants);
        self.values.push(node.quantization);
        Ok((self.network.last(), shape))
    }

    /// The network, if it is one.
    pub fn finish(self, rule: Int8Rule) -> Result<QuantizedTables, DraftFault> {
        let tables = QuantizedTables {
            network: self.network,
            rule,
            values: self.values,
            weights: self.weights,
            constants: self.constants,
        };
        tables.network.check().map_err(DraftFault::Network)?;
        tables.quantized().map_err(DraftFault::Integers)?;
        Ok(tables)
    }
}
