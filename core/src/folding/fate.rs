//! What becomes of each node of a network that is folded.

use crate::{Layer, MAX_NODES, Network, Value};

/// What becomes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Kept,
    /// It does nothing outside of training.
    Removed,
    /// A batch normalisation that becomes part of the layer, by index, whose value it reads.
    IntoProducer(u8),
    /// A batch normalisation that becomes part of the layer, by index, that reads its value.
    IntoReader(u8),
    /// A batch normalisation that becomes a scale and a shift.
    Scale,
}

/// What becomes of the batch normalisation at `index`.
pub(super) const fn fate(network: &Network, index: usize) -> Fate {
    let producer = through_dropouts(network, network.inputs()[index][0]);
    if producer.number() > 0 && reads_alone(network, producer, index) {
        let layer = &network.layers()[producer.number() - 1];
        if matches!(layer, Layer::Conv2d(_) | Layer::Linear(_)) {
            return Fate::IntoProducer((producer.number() - 1) as u8);
        }
    }
    let mut reader = index + 1;
    while reader < network.layers().len() {
        let takes = match network.layers()[reader] {
            Layer::Conv2d(conv) => {
                let [rows, columns] = conv.padding.total();
                rows == 0 && columns == 0
            }
            Layer::Linear(_) => true,
            _ => false,
        };
        let reads = through_dropouts(network, network.inputs()[reader][0]).number() == index + 1;
        if takes && reads && reads_alone(network, Value::of_node(index + 1), reader) {
            return Fate::IntoReader(reader as u8);
        }
        reader += 1;
    }
    Fate::Scale
}

/// The value that a value is outside of training.
const fn through_dropouts(network: &Network, value: Value) -> Value {
    let mut value = value;
    while value.number() > 0 {
        match network.layers()[value.number() - 1] {
            Layer::Dropout(_) => value = network.inputs()[value.number() - 1][0],
            _ => break,
        }
    }
    value
}

/// Whether, outside of training, node `reader` is the only one that reads a value, which is not the
/// network's output.
const fn reads_alone(network: &Network, value: Value, reader: usize) -> bool {
    let last = Value::of_node(network.layers().len());
    if through_dropouts(network, last).number() == value.number() {
        return false;
    }
    let mut index = 0;
    while index < network.layers().len() {
        let [first, second] = network.inputs()[index];
        let reads = through_dropouts(network, first).number() == value.number()
            || through_dropouts(network, second).number() == value.number();
        let is_dropout = matches!(network.layers()[index], Layer::Dropout(_));
        if reads && !is_dropout && index != reader {
            return false;
        }
        index += 1;
    }
    true
}

/// The network of what is kept.
pub(super) const fn rebuild(network: &Network, fates: &[Fate; MAX_NODES]) -> Network {
    let shape = network.input_shape();
    let mut folded = Network::input(shape.channels, shape.height, shape.width);
    // By the number of a value: the value that it becomes.
    let mut values = [Value::INPUT; MAX_NODES + 1];
    let mut index = 0;
    while index < network.layers().len() {
        let [first, second] = network.inputs()[index];
        let inputs = [values[first.number()], values[second.number()]];
        values[index + 1] = inputs[0];
        let layer = match (fates[index], network.layers()[index]) {
            (Fate::Scale, _) => Some(Layer::ScaleShift),
            (Fate::Kept, Layer::Conv2d(mut conv)) => {
                conv.bias |= takes_norm(fates, index);
                Some(Layer::Conv2d(conv))
            }
            (Fate::Kept, Layer::Linear(mut linear)) => {
                linear.bias |= takes_norm(fates, index);
                Some(Layer::Linear(linear))
            }
            (Fate::Kept, layer) => Some(layer),
            _ => None,
        };
        if let Some(layer) = layer {
            folded = folded.node(layer, inputs);
            values[index + 1] = folded.last();
        }
        index += 1;
    }
    folded
}

/// Whether a batch normalisation becomes part of node `index`.
const fn takes_norm(fates: &[Fate; MAX_NODES], index: usize) -> bool {
    let mut node = 0;
    while node < MAX_NODES {
        match fates[node] {
            Fate::IntoProducer(into) | Fate::IntoReader(into) if into as usize == index => {
                return true;
            }
            _ => {}
        }
        node += 1;
    }
    false
}
