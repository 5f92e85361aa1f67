//! Networks that branch: what is wrong with them, and how they are read.

use super::*;

pub(super) const BRANCHED: Network = {
    let stem = Network::input(1, 8, 8).conv2d(4, 3).relu();
    let skip = stem.last();
    stem.conv2d(4, 1).add(skip).batch_norm().relu6().linear(2)
};

#[test]
fn faults_of_graphs_name_the_node_and_the_value() {
    let stem = Network::input(1, 8, 8).conv2d(4, 3);
    let value = Value::of_node;
    let shape = Shape::new(4, 6, 6);
    let dropout = |probability| {
        stem.clone()
            .layer(Layer::Dropout(crate::Dropout { probability }))
    };
    let norm = |momentum, epsilon| {
        let options = BatchNorm { momentum, epsilon };
        stem.clone().layer(Layer::BatchNorm(options))
    };
    let fraction = |option| LayerFault::Fraction { option };
    for (network, layer, fault) in [
        (
            stem.clone().add(value(2)),
            2,
            LayerFault::NotEarlier { input: 2 },
        ),
        (
            stem.clone().add(value(200)),
            2,
            LayerFault::NotEarlier { input: 200 },
        ),
        (
            stem.clone().from(value(9)).relu(),
            2,
            LayerFault::NotEarlier { input: 9 },
        ),
        (
            stem.clone().add(Value::INPUT),
            2,
            LayerFault::Addends {
                left: shape,
                right: Shape::new(1, 8, 8),
            },
        ),
        (
            stem.clone().relu().from(value(1)).relu6().linear(2),
            2,
            LayerFault::Unread,
        ),
        (
            stem.clone().from(Value::INPUT).conv2d(2, 1),
            1,
            LayerFault::Unread,
        ),
        (dropout(1.0), 2, fraction("probability")),
        (dropout(-0.1), 2, fraction("probability")),
        (dropout(f32::NAN), 2, fraction("probability")),
        (norm(0.0, 1e-5), 2, fraction("momentum")),
        (norm(1.5, 1e-5), 2, fraction("momentum")),
        (norm(f32::NAN, 1e-5), 2, fraction("momentum")),
        (norm(0.1, 0.0), 2, fraction("epsilon")),
        (norm(0.1, f32::NAN), 2, fraction("epsilon")),
    ] {
        let found = network.check().unwrap_err();
        assert_eq!((found.layer, found.fault), (layer, fault), "{network}");
        assert_eq!(found.name, network.layers()[layer - 1].name());
    }
    assert_eq!(dropout(0.0).check(), Ok(()));
    assert_eq!(norm(1.0, 1.0).check(), Ok(()));
    let text =
        |network: &Network| heapless::format!(256; "{}", network.check().unwrap_err()).unwrap();
    let found = text(&stem.clone().add(value(7)));
    assert!(
        found.starts_with("layer 2 (add): it reads the value of layer 7, "),
        "{found}"
    );
    let found = text(&stem.clone().add(Value::INPUT));
    assert!(
        found.starts_with("layer 2 (add): 4x6x6 and 1x8x8 "),
        "{found}"
    );
    let found = text(&stem.clone().from(Value::INPUT).linear(1));
    assert!(
        found.starts_with("layer 1 (conv2d): no layer reads its value; "),
        "{found}"
    );
}

#[test]
fn there_is_room_for_all_nodes_and_no_more() {
    let mut network = Network::input(1, 2, 2).relu();
    while network.layers().len() < MAX_NODES {
        let before = Value::of_node(network.layers().len() - 1);
        network = network.add(before);
    }
    assert_eq!(network.check(), Ok(()));
    assert_eq!(network.last().number(), MAX_NODES);
    let mut bytes = [0; 2048];
    let written = postcard::to_slice(&network, &mut bytes).unwrap();
    assert!(postcard::from_bytes::<Network>(written).unwrap() == network);
    let program = crate::Program::<MAX_NODES>::of(&network, crate::Purpose::Inference);
    assert_eq!(program.steps().len(), MAX_NODES);
    let more = network.add(Value::of_node(MAX_NODES - 1));
    let found = more.check().unwrap_err();
    assert_eq!(found.fault, LayerFault::TooManyLayers);
}

#[test]
#[should_panic(expected = "layer 2: its window does not fit into its input")]
fn a_constant_network_fails_with_the_layer_number() {
    Network::input(1, 8, 8).relu().conv2d(4, 9).cost();
}

#[test]
#[should_panic(expected = "layer 2: its two inputs have different shapes")]
fn a_constant_network_fails_with_the_addition() {
    Network::input(1, 8, 8)
        .conv2d(4, 3)
        .add(Value::INPUT)
        .cost();
}

#[test]
#[should_panic(expected = "layer 1: no node reads its value")]
fn a_constant_network_fails_with_the_unread_node() {
    Network::input(1, 8, 8)
        .relu()
        .from(Value::INPUT)
        .linear(2)
        .cost();
}

#[test]
#[should_panic(expected = "layer 123: it reads a value that is not earlier")]
fn a_constant_network_fails_with_a_number_of_three_digits() {
    let mut network = Network::input(1, 2, 2);
    while network.layers().len() < 122 {
        network = network.relu();
    }
    crate::Program::<MAX_NODES>::of(&network.add(Value::of_node(124)), crate::Purpose::Inference);
}

#[test]
fn a_graph_is_read_by_its_numbers() {
    assert!(MNIST.is_chain() && !BRANCHED.is_chain());
    assert!(!MNIST.has_batch_norm() && BRANCHED.has_batch_norm());
    assert_eq!(BRANCHED.statistics(), 8);
    assert_eq!(BRANCHED.parameters(), 40 + 20 + 8 + 2 * 144 + 2);
    let inputs = BRANCHED
        .inputs()
        .iter()
        .map(|inputs| inputs.map(Value::number));
    let expected = [[0, 0], [1, 1], [2, 2], [3, 2], [4, 4], [5, 5], [6, 6]];
    assert!(inputs.eq(expected));
    assert_eq!(BRANCHED.input_shape_of(3), Shape::new(4, 6, 6));
}

#[test]
fn a_values_shape_is_the_same_found_alone_or_among_all() {
    let network = BRANCHED;
    let shapes = network.shapes();
    for (number, shape) in shapes[..=network.layers().len()].iter().enumerate() {
        assert_eq!(network.shape_of_value(number), *shape);
    }
}
