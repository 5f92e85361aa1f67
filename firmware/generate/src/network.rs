//! Networks and numbers as Rust.

use kiln_core::{Layer, Network};

/// A list of numbers, to the bit: an expression of type `&[f32]`.
pub fn values(values: &[f32]) -> String {
    let bits: Vec<String> = values
        .iter()
        .map(|value| format!("f32::from_bits({})", value.to_bits()))
        .collect();
    format!("&[{}]", bits.join(", "))
}

/// A network: an expression of type `kiln_core::Network`.
pub fn network(network: &Network) -> String {
    let input = network.input_shape();
    let start = format!(
        "kiln_core::Network::input({}, {}, {})",
        input.channels, input.height, input.width
    );
    let nodes = network.layers().iter().zip(network.inputs());
    nodes.fold(start, |code, (each, inputs)| {
        let [first, second] = inputs.map(|value| value.number());
        let value = |number| format!("kiln_core::Value::of_node({number})");
        let inputs = format!("[{}, {}]", value(first), value(second));
        format!("{code}.node({}, {inputs})", layer(each))
    })
}

/// A network in one line for people.
pub fn description(network: &Network) -> String {
    let cost = network.cost();
    format!(
        "{network}; {} parameters, {} MACs",
        cost.parameters, cost.macs
    )
}

fn layer(layer: &Layer) -> String {
    let code = match layer {
        // A layer's debug text is its literal, but for the paths.
        Layer::Conv2d(conv) => format!("kiln_core::Layer::Conv2d(kiln_core::{conv:?})"),
        Layer::MaxPool2d(pool) => format!("kiln_core::Layer::MaxPool2d(kiln_core::{pool:?})"),
        Layer::AvgPool2d(pool) => format!("kiln_core::Layer::AvgPool2d(kiln_core::{pool:?})"),
        Layer::Linear(linear) => format!("kiln_core::Layer::Linear(kiln_core::{linear:?})"),
        other => format!("kiln_core::Layer::{other:?}"),
    };
    code.replace("padding: Padding", "padding: kiln_core::Padding")
}
