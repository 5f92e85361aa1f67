//! One output for two classes, as binary classifiers have it, as the two outputs of Kiln's.

use super::{Ending, Imported};
use kiln_core::{Layer, Linear, MAX_NODES, Network, Value};

/// Makes two outputs of one, z: 0 and z. Their softmax is the sigmoid of z, the probability of the
/// second class.
///
/// A network with another number of outputs, or with no place for one more layer, is left as it is.
pub fn divide(imported: &mut Imported) {
    let network = &imported.network;
    let last = network.layers().len() - 1;
    if network.classes() != 1 || imported.ends.ending == Ending::Softmax {
        return;
    }
    match network.layers()[last] {
        Layer::Linear(linear) => {
            let mut divided = copied(network, last);
            let two = Linear {
                outputs: 2,
                ..linear
            };
            divided = divided.node(Layer::Linear(two), network.inputs()[last]);
            let bias = usize::from(linear.bias);
            let weights = network.layer_cost(last).parameters as usize - bias;
            let start = imported.parameters.len() - weights - bias;
            let own = imported.parameters.split_off(start);
            let (row, bias) = own.split_at(weights);
            imported.parameters.extend(vec![0.0; weights]);
            imported.parameters.extend(row);
            imported.parameters.extend(bias.iter().map(|_| 0.0));
            imported.parameters.extend(bias);
            imported.network = divided;
        }
        _ if last + 1 < MAX_NODES => {
            let two = Linear {
                bias: false,
                ..Linear::new(2)
            };
            let divided = copied(network, last + 1);
            imported.network = divided.node(Layer::Linear(two), [Value::of_node(last + 1); 2]);
            imported.parameters.extend([0.0, 1.0]);
        }
        _ => return,
    }
    imported.remarks.push(
        "its one output is the logit of the second of two classes: the model has two outputs, 0 and it"
            .into(),
    );
}

/// The first nodes of a network.
fn copied(network: &Network, count: usize) -> Network {
    let shape = network.input_shape();
    let start = Network::input(shape.channels, shape.height, shape.width);
    let nodes = network.layers().iter().zip(network.inputs()).take(count);
    nodes.fold(start, |copy, (&layer, &inputs)| copy.node(layer, inputs))
}
